// The live view. A frame is sent only when the answer to the one before has come: the newest frame always wins and
// nothing can pile up, however slow the server is. Frames go from the camera to the server and are forgotten there.
const WIDTH = 480;            // pixels of a frame that is sent
const SHORTEST = 40;          // milliseconds between two frames
const canvas = document.createElement('canvas');
let stream = null;

const part = (selector) => element.querySelector(selector);
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const say = (state) => { part('.fer-live').dataset.state = state; };

async function start() {
  if (stream) return;
  if (!navigator.mediaDevices) return say('insecure');
  say('asking');
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: 'user' } });
  } catch (error) {
    const states = { NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'missing',
      OverconstrainedError: 'missing' };
    return say(states[error.name] ?? 'busy');
  }
  stream.getTracks().forEach((track) => track.addEventListener('ended', stop));
  const video = part('video');
  video.srcObject = stream;
  await video.play();
  part('.fer-start').hidden = true;
  part('.fer-stop').hidden = false;
  part('.fer-stage').classList.add('on');
  watchFaces(video, stream);
}

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  part('video').srcObject = null;
  part('.fer-start').hidden = false;
  part('.fer-stop').hidden = true;
  part('.fer-stage').classList.remove('on');
  draw([]);
  say('waiting');
}

async function watchFaces(video, mine) {
  let tracks = [];
  const answered = [];
  while (stream === mine) {
    if (!element.offsetParent) return stop();               // another tab of the page was opened: the camera goes off
    if (document.hidden || !video.videoWidth) { await pause(200); continue; }
    const sent = performance.now();
    try {
      const reply = await server.see({ image: frame(video), tracks, time: sent / 1000,
        heat: part('.fer-live-heat').checked, model: document.body.dataset.model ?? null });
      if (stream !== mine) return;
      if (reply.error) {
        part('[data-when=failed]').textContent = reply.error;
        say('failed');
        await pause(1000);
        continue;
      }
      tracks = reply.tracks;
      draw(reply.faces);
      say(reply.faces.length ? 'seeing' : 'nobody');
      answered.push(performance.now());
      while (answered[0] < answered.at(-1) - 2000) answered.shift();
      part('.fer-rate b').textContent = ((answered.length - 1) * 1000 / (answered.at(-1) - answered[0]) || 0).toFixed(1);
      await pause(Math.max(0, SHORTEST - (performance.now() - sent)));
    } catch {
      if (stream !== mine) return;
      say('lost');
      await pause(1000);
    }
  }
}

function frame(video) {
  canvas.width = Math.min(WIDTH, video.videoWidth);
  canvas.height = Math.round(canvas.width * video.videoHeight / video.videoWidth);
  canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.85);
}

const place = (node, [left, top, width, height]) => Object.assign(node.style,
  { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
const node = (name, kind, text = '') => Object.assign(document.createElement(name), { className: kind, textContent: text });
const percent = (share) => `${Math.round(100 * share)} %`;
const likeliest = (shares) => shares.reduce((best, entry) => (entry[2] > best[2] ? entry : best));

function draw(faces) {
  part('.fer-count').textContent = faces.length;
  part('.fer-maps').replaceChildren(...faces.filter((face) => face.heat).map((face) => {
    const map = node('img', '');
    map.src = face.heat.uri;
    map.alt = '';
    place(map, face.heat.box);
    return map;
  }));
  part('.fer-boxes').replaceChildren(...faces.map((face, number) => {
    const [left, top, width, height] = face.box;
    const [name, color, share] = likeliest(face.shares);
    const box = node('div', 'fer-live-box');
    box.style.setProperty('--emotion', color);
    place(box, [1 - left - width, top, width, height]);     // the picture is mirrored, its texts are not
    box.append(node('span', '', `${number + 1}  ${name} ${percent(share)}`));
    return box;
  }));
  const list = part('.fer-faces');
  while (list.children.length > faces.length) list.lastChild.remove();
  faces.forEach((face, number) => bars(list, number, face.shares));
}

// Bars keep their order, so that they grow and shrink instead of jumping.
function bars(list, number, shares) {
  let item = list.children[number];
  if (!item) {
    item = list.appendChild(node('li', ''));
    item.append(node('h3', ''), node('div', 'fer-bars'));
  }
  const [name, color, share] = likeliest(shares);
  item.firstChild.textContent = `${number + 1}  ${name} ${percent(share)}`;
  item.style.setProperty('--emotion', color);
  const known = new Map([...item.lastChild.children].map((row) => [row.dataset.name, row]));
  for (const [label, hue, part] of shares) {
    let row = known.get(label);
    if (!row) {
      row = item.lastChild.appendChild(node('p', ''));
      row.dataset.name = label;
      row.append(node('span', '', label), node('i', ''), node('b', ''));
      row.style.setProperty('--emotion', hue);
    }
    row.style.setProperty('--share', part);
    row.lastChild.textContent = percent(part);
  }
}

element.addEventListener('click', (event) => {
  if (event.target.closest('.fer-start')) start();
  if (event.target.closest('.fer-stop')) stop();
});
