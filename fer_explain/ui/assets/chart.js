// Charts that can be clicked. plotly.js comes from this server, once, when the first chart is wanted; each chart can be
// kept as PNG or SVG, and the numbers behind it as CSV.
const library = () => {
  window.ferPlotly ??= new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = new URL(props.library, document.baseURI);
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = reject;
    document.head.append(tag);
  });
  return window.ferPlotly;
};

const make = (tag, text = '', attributes = {}) => {
  const node = Object.assign(document.createElement(tag), { textContent: text });
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
};
const save = (name, href) => make('a', '', { href, download: name }).click();
const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);
const csv = (chart) => [chart.columns, ...chart.rows].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';

async function picture(plot, chart, format) {
  const Plotly = await library();
  const paper = { paper_bgcolor: '#fff', plot_bgcolor: '#fff', font: { ...plot.layout.font, color: '#171b21' } };
  const title = { title: { text: chart.title }, margin: { l: 16, r: 16, t: 48, b: 16 } };
  const shown = { data: plot.data, layout: { ...plot.layout, ...paper, ...title } };
  const size = { width: plot.clientWidth, height: plot.clientHeight + 48, scale: format === 'png' ? 2 : 1 };
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
  const add = (cells, tag) => { const row = make('tr'); cells.forEach((cell) => row.append(make(tag, cell))); grid.append(row); };
  add(chart.columns, 'th');
  chart.rows.forEach((row) => add(row, 'td'));
  const box = make('div', '', { class: 'fer-scroll', tabindex: '0', role: 'region', 'aria-label': chart.title });
  box.append(grid);
  if (chart.listed) return box;
  const more = make('details');
  more.append(make('summary', words.table), box);
  return more;
}

function draw(Plotly, chart, words) {
  const card = make('figure', '', { class: 'fer-chart', 'data-chart': chart.key });
  card.append(make('h3', chart.title));
  chart.note.forEach((sentence) => card.append(make('p', sentence, { class: 'fer-small' })));
  const plot = chart.figure && make('div', '', { role: 'img', 'aria-label': chart.title });
  if (plot) card.append(plot);
  card.append(table(chart, words), downloads(chart, plot, words));
  if (chart.listed) card.classList.add('fer-wide');
  return { card, plot };
}

function listen(plot, chart) {
  plot.classList.add('fer-clickable');
  plot.on('plotly_click', ({ points: [point] }) => {
    const [row, column] = point.pointNumber ?? point.pointIndex;
    trigger('cell', { model: chart.cell[0], against: chart.cell[1], row, column });
  });
}

let turn = 0;
async function show() {
  const mine = ++turn;
  if (!props.value) return;
  const { charts, words } = JSON.parse(props.value);
  const Plotly = await library();
  const place = element.querySelector('.fer-charts');
  if (mine !== turn || !place) return;
  place.querySelectorAll('.js-plotly-plot').forEach((old) => Plotly.purge(old));
  const drawn = charts.map((chart) => draw(Plotly, chart, words));
  place.replaceChildren(...drawn.map(({ card }) => card));
  drawn.forEach(({ plot }, i) => {
    if (!plot) return;
    Plotly.newPlot(plot, charts[i].figure.data, charts[i].figure.layout, { displayModeBar: false, responsive: true });
    if (charts[i].cell) listen(plot, charts[i]);
  });
}
watch('value', show);
show();
