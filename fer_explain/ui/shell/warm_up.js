// Says how far the libraries are that every answer needs, as long as they are not there.
const look = async () => {
  const answer = await fetch('warm_up');
  const { share } = answer.ok ? await answer.json() : { share: 1 };
  element.classList.toggle('fer-warming', share < 1);
  element.style.setProperty('--share', share);
  if (share < 1) setTimeout(look, 250);
};
look();
