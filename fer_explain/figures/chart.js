// Charts that can be clicked. A chart is drawn when it comes near the window, one after the other, so that many of them do
// not keep the first one waiting. Each can be kept as PNG or SVG, and the numbers behind it as CSV.
const NEAR = '600px'; // beyond the window's edge
const LONG = 40; // characters of a cell that may break into lines

const make = (tag, text = '', attributes = {}) => {
  const node = Object.assign(document.createElement(tag), { textContent: text });
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
};
const save = (name, href) => make('a', '', { href, download: name }).click();
const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);
const csv = (chart) => [chart.columns, ...chart.rows].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';

async function picture(plot, chart, format) {
  const Plotly = await window.ferPlotly();
  const paper = { paper_bgcolor: '#fff', plot_bgcolor: '#fff', font: { ...chart.figure.layout.font, color: '#171b21' } };
  const title = { title: { text: chart.title }, margin: { l: 16, r: 16, t: 48, b: 16 } };
  const shown = { data: chart.figure.data, layout: { ...chart.figure.layout, ...paper, ...title } };
  const size = { width: plot.clientWidth, height: chart.figure.layout.height + 48, scale: format === 'png' ? 2 : 1 };
  save(`${chart.key}.${format}`, await Plotly.toImage(shown, { format, ...size }));
}

function downloads(chart, plot, words) {
  const row = make('p', `${words.download} `, { class: 'fer-downloads' });
  const offer = (name, action) => {
    const button = make('button', name, { type: 'button', 'aria-label': `${chart.title}: ${name}` });
    button.addEventListener('click', action);
    row.append(button);
  };
  if (plot) ['png', 'svg'].forEach((format) => offer(format.toUpperCase(), () => picture(plot, chart, format)));
  offer('CSV', () => save(`${chart.key}.csv`, `data:text/csv;charset=utf-8,${encodeURIComponent('\ufeff' + csv(chart))}`));
  return row;
}

function table(chart, words) {
  const grid = make('table', '', { class: 'fer-table' });
  const add = (cells, tag) => {
    const row = make('tr');
    cells.forEach((cell) => row.append(make(tag, cell, String(cell).length > LONG ? { class: 'fer-text' } : {})));
    grid.append(row);
  };
  add(chart.columns, 'th');
  chart.rows.forEach((row) => add(row, 'td'));
  const box = make('div', '', { class: 'fer-scroll', tabindex: '0', role: 'region', 'aria-label': chart.title });
  box.append(grid);
  if (chart.listed) return box;
  const more = make('details');
  more.append(make('summary', words.table), box);
  return more;
}

function lay(chart, words) {
  const card = make('figure', '', { class: 'fer-chart', 'data-chart': chart.key });
  card.append(make('h3', chart.title));
  chart.note.forEach((sentence) => card.append(make('p', sentence, { class: 'fer-small' })));
  const plot = chart.figure && make('div', '', { role: 'img', 'aria-label': chart.title });
  if (plot) {
    plot.style.minHeight = `${chart.figure.layout.height}px`;
    const box = make('div', '', { class: 'fer-pan' });
    box.append(plot);
    card.append(box);
  }
  card.append(table(chart, words), downloads(chart, plot, words));
  if (chart.wide) card.classList.add('fer-wide');
  return { card, plot, chart };
}

function listen(plot, chart) {
  plot.classList.add('fer-clickable');
  plot.on('plotly_click', ({ points: [point] }) => {
    const [row, column] = point.pointNumber ?? point.pointIndex;
    trigger('cell', { model: chart.cell[0], against: chart.cell[1], row, column });
  });
}

async function draw(plot, chart) {
  const Plotly = await window.ferPlotly();
  if (!plot.isConnected) return;
  const { data, layout } = structuredClone(chart.figure); // plotly writes into what it is given
  await Plotly.newPlot(plot, data, layout, { displayModeBar: false, responsive: true });
  if (chart.cell) listen(plot, chart);
}

const frame = () => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
let drawing = Promise.resolve();
let watching = null;
let last = null;
function show() {
  const place = element.querySelector('.fer-charts');
  if (!props.value || !place) return;
  if (props.value === last && place.childElementCount) return; // the same answer once more
  last = props.value;
  watching?.disconnect();
  const { charts, words } = JSON.parse(props.value);
  const frames = charts.map((chart) => lay(chart, words));
  const drawn = new Map(frames.filter(({ plot }) => plot).map(({ plot, chart }) => [plot, chart]));
  watching = new IntersectionObserver((entries, observer) => entries.forEach(({ isIntersecting, target }) => {
    if (!isIntersecting) return;
    observer.unobserve(target);
    drawing = drawing.then(() => draw(target, drawn.get(target))).then(frame);
  }), { rootMargin: NEAR });
  place.querySelectorAll('.js-plotly-plot').forEach((old) => window.Plotly.purge(old));
  place.replaceChildren(...frames.map(({ card }) => card));
  drawn.forEach((_, plot) => watching.observe(plot));
}
watch('value', show);
show();
