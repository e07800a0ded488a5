// Faces over a picture and beside it.
import { emotion, percent, text } from './texts.js';

export const best = ({ probabilities }) => probabilities.indexOf(Math.max(...probabilities));
const label = (face, labels) => `${emotion(labels[best(face)])} ${percent(face.probabilities[best(face)])}`;
export const make = (name, kind = '', words = '') => Object.assign(document.createElement(name), { className: kind, textContent: words });
let scratch = null;

// One child for each entry: those that are there are changed, not made anew, so that they move instead of flickering.
export function fill(parent, entries, create, change) {
  while (parent.children.length > entries.length) parent.lastChild.remove();
  entries.forEach((entry, number) => change(parent.children[number] ?? parent.appendChild(create()), entry, number));
}

// Maps, boxes and labels over a canvas of the picture's size; `mirrored` as a person sees themself.
export function overlay(canvas, seen, manifest, mirrored = false) {
  const context = canvas.getContext('2d'), { width, height } = seen;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  else if (mirrored) context.clearRect(0, 0, width, height);
  context.save();
  if (mirrored) context.transform(-1, 0, 0, 1, width, 0);
  for (const face of seen.faces) if (face.heat) layHeat(context, face, manifest.input.size);
  context.restore();
  const unit = Math.max(12, width / 32);
  seen.faces.forEach((face, number) => {
    const [x0, y0, x1, y1] = face.box, left = mirrored ? width - x1 : x0, words = `${number + 1}  ${label(face, manifest.labels)}`;
    context.lineWidth = unit / 6;
    context.strokeStyle = manifest.colors[best(face)];
    context.strokeRect(left, y0, x1 - x0, y1 - y0);
    context.font = `600 ${unit}px system-ui, sans-serif`;
    const top = Math.max(0, y0 - 1.45 * unit), wide = context.measureText(words).width + unit;
    context.fillStyle = 'rgb(14 17 21 / 82%)';
    context.fillRect(left - unit / 12, top, wide, 1.4 * unit);
    context.fillStyle = manifest.colors[best(face)];
    context.fillRect(left - unit / 12, top + 1.4 * unit, wide, unit / 8);
    context.fillStyle = '#fff';
    context.fillText(words, left + unit / 3, top + 1.05 * unit);
  });
}

// The map lies behind the spatial transformer: theta leads to the crop, the crop's matrix to the photo.
export function layHeat(context, { matrix: [a, b, x, c, d, y], theta, heat }, size) {
  const [p, q, r, s, t, u] = theta ?? [1, 0, 0, 0, 1, 0];
  scratch ??= new OffscreenCanvas(size, size);
  if (scratch.width !== size) [scratch.width, scratch.height] = [size, size];
  scratch.getContext('2d').putImageData(new ImageData(heat, size, size), 0, 0);
  context.save();
  context.beginPath();
  for (const [i, j] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) context.lineTo(a * i + b * j + x, c * i + d * j + y);
  context.clip();
  context.transform(a, c, b, d, x, y);
  context.transform(p, s, q, t, r, u);
  context.transform(2 / size, 0, 0, 2 / size, -1, -1);
  context.globalAlpha = 0.6;
  context.drawImage(scratch, 0, 0);
  context.restore();
}

// What each face shows: its label, a bar per class, what else could be; for a photo also what the network did with it.
export function list(parent, seen, manifest, still = false) {
  const item = () => {
    const made = make('li');
    made.append(make('h3'), make('p', 'set'), make('div', 'bars'));
    return made;
  };
  fill(parent, seen.faces, item, (made, face, number) => {
    made.style.setProperty('--emotion', manifest.colors[best(face)]);
    made.children[0].textContent = `${number + 1}  ${label(face, manifest.labels)}`;
    made.children[1].textContent = still && face.set ? likely(face, manifest) : '';
    bars(made.children[2], face, manifest);
    while (made.children.length > 3) made.lastChild.remove();
    if (still) made.append(...inside(face, manifest));
  });
}

function likely(face, { labels, sets }) {
  const classes = face.set.map((k) => emotion(labels[k])).join(text('bench.set.or'));
  return text('bench.set.note', { classes, level: Math.round(100 * sets.level) });
}

function bars(parent, face, manifest) {
  const row = () => {
    const made = make('p');
    made.append(make('span'), make('i'), make('b'));
    return made;
  };
  fill(parent, face.probabilities, row, (made, share, k) => {
    made.dataset.share = share;
    made.style.setProperty('--share', share);
    made.style.setProperty('--emotion', manifest.colors[k]);
    made.firstChild.textContent = emotion(manifest.labels[k]);
    made.lastChild.textContent = percent(share);
  });
}

function inside(face, manifest) {
  const shown = [];
  if (face.aligned) shown.push(figure(aligned(face.aligned, manifest.input), 'device.aligned'));
  if (face.gates.length) {
    const gates = make('div', 'gates');
    gates.append(...face.gates.map(gate));
    shown.push(figure(gates, 'device.gates'));
  }
  return shown;
}

function figure(content, key) {
  const made = make('figure');
  made.append(make('figcaption', '', text(key)), content);
  return made;
}

function aligned(values, { size, channels, mean, std }) {
  const canvas = make('canvas'), image = new ImageData(size, size), count = size * size;
  canvas.width = canvas.height = size;
  for (let i = 0; i < count; i++) for (let c = 0; c < 4; c++) {
    const from = Math.min(c, channels - 1);
    image.data[4 * i + c] = c === 3 ? 255 : 255 * (values[from * count + i] * std[from] + mean[from]);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}

// One gate: a stroke per channel, as high as the channel is open.
function gate(weights) {
  const canvas = make('canvas', 'gate'), context = canvas.getContext('2d');
  [canvas.width, canvas.height] = [weights.length, 64];
  context.fillStyle = '#31688e';
  weights.forEach((weight, i) => context.fillRect(i, 64 * (1 - weight), 1, 64 * weight));
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `${weights.length}: ${Math.min(...weights).toFixed(2)}–${Math.max(...weights).toFixed(2)}`);
  return canvas;
}
