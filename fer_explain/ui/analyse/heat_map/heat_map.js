// The heat map: switches between the whole photo and the face alone, and keeps that choice when the map changes.
let near = null;
const apply = () => {
  const svg = element.querySelector('.fer-heat > svg');
  if (svg && near !== null) svg.setAttribute('viewBox', near ? svg.dataset.near : svg.dataset.whole);
};
element.addEventListener('click', (event) => {
  if (!event.target.closest('.fer-zoom')) return;
  const svg = element.querySelector('.fer-heat > svg');
  near = svg.getAttribute('viewBox') !== svg.dataset.near;
  apply();
});
watch('value', apply);
