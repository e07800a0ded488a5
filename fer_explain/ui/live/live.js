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
      part('.fer-live-map').textContent = reply.map && reply.faces.length ? ` · ${reply.map}` : '';
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
  const maps = faces.map((face) => face.heat).filter(Boolean);
  fill(part('.fer-maps'), maps, () => Object.assign(node('img', ''), { alt: '' }), (image, map) => {
    image.src = map.uri;
    place(image, map.box);
  });
  const label = (face, number) => {
    const [name, , share] = likeliest(face.shares);
    return `${number + 1}  ${name} ${percent(share)}`;
  };
  const box = () => {
    const made = node('div', 'fer-live-box');
    made.append(node('span', ''));
    return made;
  };
  fill(part('.fer-boxes'), faces, box, (made, face, number) => {
    const [left, top, width, height] = face.box;
    place(made, [1 - left - width, top, width, height]);    // the picture is mirrored, its texts are not
    made.style.setProperty('--emotion', likeliest(face.shares)[1]);
    made.firstChild.textContent = label(face, number);
  });
  const item = () => {
    const made = node('li', '');
    made.append(node('h3', ''), node('div', 'fer-bars'));
    return made;
  };
  fill(part('.fer-faces'), faces, item, (made, face, number) => {
    made.style.setProperty('--emotion', likeliest(face.shares)[1]);
    made.firstChild.textContent = label(face, number);
    bars(made.lastChild, face.shares);
  });
}

// One child for each entry: those that are there are changed, not made anew, so that they move instead of flickering.
function fill(parent, entries, make, change) {
  while (parent.children.length > entries.length) parent.lastChild.remove();
  entries.forEach((entry, number) => change(parent.children[number] ?? parent.appendChild(make()), entry, number));
}

function bars(parent, shares) {
  const row = () => {
    const made = node('p', '');
    made.append(node('span', ''), node('i', ''), node('b', ''));
    return made;
  };
  fill(parent, shares, row, (made, [name, color, share]) => {
    made.style.setProperty('--emotion', color);
    made.style.setProperty('--share', share);
    made.firstChild.textContent = name;
    made.lastChild.textContent = percent(share);
  });
}

element.addEventListener('click', (event) => {
  if (event.target.closest('.fer-start')) start();
  if (event.target.closest('.fer-stop')) stop();
});
