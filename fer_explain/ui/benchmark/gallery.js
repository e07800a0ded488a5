// A click on a face, or on the button under it, asks for it on another tab.
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-open]');
  if (!button) return;
  const face = { row: Number(button.closest('[data-row]').dataset.row) };
  if (button.dataset.open === 'analyse') trigger('analyse', face);
  else trigger('compare', face);
});
