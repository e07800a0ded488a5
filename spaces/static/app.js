// The page: asks the worker about one picture at a time and draws the answer. Nothing is ever sent anywhere.
const part = (id) => document.getElementById(id);
const say = (sentence) => { part('status').textContent = sentence; };
const waiting = new Map();
let worker, manifest, stream, last, asked = 0;

function start() {
  worker = new Worker('worker.js', { type: 'module' });
  worker.onmessage = ({ data: { id, answer, error } }) => {
    const [resolve, reject] = waiting.get(id);
    waiting.delete(id);
    error ? reject(new Error(error)) : resolve(answer);
  };
  worker.onerror = () => {
    waiting.forEach(([, reject]) => reject(new Error('The part that computes has stopped; choose the model again.')));
    waiting.clear();
    worker.terminate();
    worker = null;
  };
}

function ask(message, transfer = []) {
  if (!worker) start();
  return new Promise((resolve, reject) => {
    waiting.set(++asked, [resolve, reject]);
    worker.postMessage({ id: asked, ...message }, transfer);
  });
}

async function choose(name) {
  say('Loading the networks …');
  try {
    manifest = await ask({ kind: 'load', name });
    say(`${manifest.title} is ready${manifest.trained ? '' : ' (untrained)'}.`);
    document.body.dataset.ready = name;
    if (last) await show(last);
  } catch (error) { say(error.message); }
}

async function show(file, whole = false) {
  last = file;
  say('Looking for faces …');
  let bitmap;
  try { bitmap = await createImageBitmap(file); } catch { return say('This file is no image that the browser can open.'); }
  const scale = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height));
  const small = await createImageBitmap(bitmap, { resizeWidth: Math.round(bitmap.width * scale),
    resizeHeight: Math.round(bitmap.height * scale), resizeQuality: 'high' });
  try {
    const seen = await ask({ kind: 'see', bitmap: await createImageBitmap(small), heat: true, whole }, []);
    draw(small, seen, true);
    part('whole').hidden = seen.faces.length > 0;
    say(seen.faces.length ? `Faces found: ${seen.faces.length}` : 'No face was found. You can use the whole image.');
  } catch (error) { say(error.message); }
}

const STOPS = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]]; // inferno

function heatCanvas(values, size) {
  const canvas = new OffscreenCanvas(size, size), context = canvas.getContext('2d'), image = new ImageData(size, size);
  values.forEach((value, i) => {
    const at = Math.min(value, 1) * (STOPS.length - 1), low = Math.min(Math.floor(at), STOPS.length - 2);
    const color = STOPS[low].map((start, c) => start + (at - low) * (STOPS[low + 1][c] - start));
    image.data.set([...color, 220 * Math.min(1, 0.15 + value)], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

// The map lies behind the spatial transformer: theta leads to the crop, the crop's matrix to the photo.
function layHeat(context, { matrix: [a, b, x, c, d, y], outputs }) {
  const size = manifest.input.size, t = outputs.theta ?? [1, 0, 0, 0, 1, 0];
  context.save();
  context.beginPath();
  for (const [p, q] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) context.lineTo(a * p + b * q + x, c * p + d * q + y);
  context.clip();
  context.transform(a, c, b, d, x, y);
  context.transform(t[0], t[3], t[1], t[4], t[2], t[5]);
  context.transform(2 / size, 0, 0, 2 / size, -1, -1);
  context.globalAlpha = 0.6;
  context.drawImage(heatCanvas(outputs.heatmap, size), 0, 0);
  context.restore();
}

function draw(source, seen, still) {
  part('result').hidden = false;
  const canvas = part('stage'), context = canvas.getContext('2d');
  [canvas.width, canvas.height] = [seen.width, seen.height];
  context.drawImage(source, 0, 0, seen.width, seen.height);
  const faces = seen.faces.map((face) => {
    const best = face.probabilities.indexOf(Math.max(...face.probabilities));
    return { ...face, label: `${manifest.labels[best]} ${Math.round(100 * face.probabilities[best])} %`, best };
  });
  faces.forEach((face, number) => {
    if (face.outputs.heatmap) layHeat(context, face);
    const [x0, y0, x1, y1] = face.box, unit = Math.max(12, seen.width / 40);
    context.strokeStyle = context.fillStyle = manifest.colors[face.best];
    context.lineWidth = unit / 6;
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    context.font = `bold ${unit}px system-ui`;
    const text = `${number + 1}  ${face.label}`, wide = context.measureText(text).width + unit / 2;
    context.fillRect(x0, y0 - 1.3 * unit, wide, 1.3 * unit);
    context.fillStyle = '#000';
    context.fillText(text, x0 + unit / 4, y0 - 0.3 * unit);
  });
  part('faces').replaceChildren(...faces.map((face) => entry(face, still)));
  document.body.dataset.faces = faces.length;
}

function entry(face, still) {
  const item = document.createElement('li'), title = document.createElement('strong');
  title.textContent = face.label;
  item.append(title);
  face.probabilities.forEach((share, k) => {
    const row = document.createElement('p'), name = document.createElement('span'), bar = document.createElement('i');
    const number = document.createElement('b');
    [name.textContent, number.textContent] = [manifest.labels[k], `${(100 * share).toFixed(1)} %`];
    row.dataset.share = share;
    row.style.setProperty('--share', share);
    row.style.setProperty('--emotion', manifest.colors[k]);
    row.append(name, bar, number);
    item.append(row);
  });
  if (still && face.outputs.aligned) item.append('The face as the network turned it: ', aligned(face.outputs.aligned));
  return item;
}

function aligned(values) {
  const { size, channels, mean, std } = manifest.input, canvas = document.createElement('canvas');
  const image = new ImageData(size, size), count = size * size;
  canvas.width = canvas.height = size;
  for (let i = 0; i < count; i++) {
    const color = [0, 1, 2].map((c) => Math.min(c, channels - 1)).map((c) => 255 * (values[c * count + i] * std[c] + mean[c]));
    image.data.set([...color, 255], 4 * i);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}

async function camera() {
  if (stream) return stop();
  if (!navigator.mediaDevices) return say('Browsers give the camera only to pages over https or on this very computer.');
  try { stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: 'user' } }); }
  catch (error) {
    const refused = ['NotAllowedError', 'SecurityError'].includes(error.name);
    return say(refused ? 'The browser refused the camera. Allow it for this page and start again.'
      : error.name === 'NotFoundError' ? 'No camera was found on this device.'
      : 'The camera could not be started: another program may be using it.');
  }
  const video = document.querySelector('video'), mine = stream, times = [];
  video.srcObject = stream;
  await video.play();
  part('camera').textContent = 'Stop';
  let frames = 0;
  while (stream === mine) {                // one frame under way at a time: nothing can pile up
    try {
      const bitmap = await createImageBitmap(video, { resizeWidth: 480, resizeHeight: Math.round(480 * video.videoHeight / video.videoWidth) });
      const seen = await ask({ kind: 'see', bitmap, fast: true, heat: part('heat').checked }, [bitmap]);
      if (stream !== mine) return;
      draw(video, seen, false);
      say(seen.faces.length ? `Faces in sight: ${seen.faces.length}` : 'The camera is on; no face in sight.');
    } catch (error) { stop(); return say(error.message); }
    times.push(performance.now());
    while (times[0] < times.at(-1) - 2000) times.shift();
    const rate = (times.length - 1) * 1000 / (times.at(-1) - times[0]) || 0;
    part('rate').textContent = `${rate.toFixed(1)} frames per second`;
    Object.assign(document.body.dataset, { frames: ++frames, rate: rate.toFixed(1) });
  }
}

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  part('camera').textContent = 'Start the camera';
}

document.querySelector('nav').addEventListener('click', ({ target }) => {
  if (!target.dataset.view) return;
  stop();
  for (const tab of document.querySelectorAll('[role=tab]')) tab.setAttribute('aria-selected', tab === target);
  for (const view of document.querySelectorAll('section')) view.hidden = view.id !== target.dataset.view;
  part('result').hidden = true;
});
part('file').addEventListener('change', ({ target }) => target.files[0] && show(target.files[0]));
part('whole').addEventListener('click', () => show(last, true));
part('camera').addEventListener('click', camera);
part('model').addEventListener('change', ({ target }) => choose(target.value));
part('engine').textContent = `onnxruntime-web (WebAssembly, ${self.crossOriginIsolated ? 'two threads' : 'one thread'})`;

if (typeof WebAssembly === 'undefined') say('This browser has no WebAssembly; use a current Firefox, Chrome or Safari.');
else {
  navigator.serviceWorker?.register('service_worker.js').catch(() => {});
  const models = await (await fetch('models.json')).json();
  part('model').append(...models.map(({ name, title }) => new Option(`${title} (${name})`, name)));
  await choose(models[0].name);
}
