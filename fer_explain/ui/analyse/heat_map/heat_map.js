// The heat map: switches between the whole photo and the face alone, and keeps that choice when the map changes; saves
// what is seen as a picture.
let near = null;
const apply = () => {
  const svg = element.querySelector('.fer-heat > svg');
  if (svg && near !== null) svg.setAttribute('viewBox', near ? svg.dataset.near : svg.dataset.whole);
};
const save = async (svg) => {
  const [, , width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
  const size = Math.max(1, 1024 / Math.max(width, height)); // a small face is not saved as a stamp
  const copy = svg.cloneNode(true);
  copy.setAttribute('width', width * size);
  copy.setAttribute('height', height * size);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.querySelectorAll('.fer-map').forEach((map) => map.setAttribute('opacity', getComputedStyle(svg.querySelector('.fer-map')).opacity));
  copy.querySelectorAll('.fer-outline').forEach((line) => line.remove());
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: width * size, height: height * size });
  canvas.getContext('2d').drawImage(picture, 0, 0);
  Object.assign(document.createElement('a'), { href: canvas.toDataURL('image/png'), download: 'heat-map.png' }).click();
};
element.addEventListener('click', (event) => {
  const svg = element.querySelector('.fer-heat > svg');
  if (event.target.closest('.fer-save')) save(svg);
  if (!event.target.closest('.fer-zoom')) return;
  near = svg.getAttribute('viewBox') !== svg.dataset.near;
  apply();
});
watch('value', apply);
