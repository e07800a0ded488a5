// A plotly figure: drawn once it can be seen, and fitted when the width of its place changes.
let shown = null; // what is drawn
let width = 0;

async function draw() {
  const place = element.querySelector('.fer-figure');
  if (!place || (props.value === shown && place.childElementCount)) return;
  if (!props.value) {
    shown = null;
    if (place.data) window.Plotly.purge(place);
    place.style.minHeight = '';
    return;
  }
  const { data, layout } = JSON.parse(props.value);
  place.style.minHeight = `${layout.height ?? 0}px`;
  const Plotly = await window.ferPlotly();
  if (!place.isConnected || !place.clientWidth) return; // it is drawn when it comes into sight
  shown = props.value;
  width = place.clientWidth;
  await Plotly.react(place, data, layout, { displayModeBar: false });
}

let drawing = Promise.resolve();
const next = () => (drawing = drawing.then(draw));

function fit() {
  const place = element.querySelector('.fer-figure');
  if (!place?.clientWidth || place.clientWidth === width) return;
  if (place.data && props.value === shown) drawing = drawing.then(() => window.Plotly.Plots.resize(place));
  else next();
  width = place.clientWidth;
}

new ResizeObserver(fit).observe(element);
watch('value', next);
next();
