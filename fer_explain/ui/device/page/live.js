// The live view. One frame is under way at a time: the newest frame wins and nothing can pile up. The next one is
// asked about before the last answer is drawn, so that drawing costs no time.
import { list, overlay } from './draw.js';
import { ask } from './engine.js';

const WIDTH = 480, SHORTEST = 30;          // pixels of a frame, milliseconds between two
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
let stream = null;

export async function start(page) {
  if (stream) return;
  if (!navigator.mediaDevices) return page.say('live.insecure', {}, true);
  page.say('live.asking');
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: 'user' } });
  } catch (error) {
    const keys = { NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'missing', OverconstrainedError: 'missing' };
    return page.say(`live.${keys[error.name] ?? 'busy'}`, {}, true);
  }
  stream.getTracks().forEach((track) => track.addEventListener('ended', () => stop(page)));
  page.video.srcObject = stream;
  await page.video.play();
  page.stage.classList.add('on');
  page.start.hidden = !(page.stop.hidden = false);
  try { await watch(page, stream); } catch (error) {
    stop(page);
    page.fail(error);
  }
}

export function stop(page) {
  if (!stream) return;
  stream.getTracks().forEach((track) => track.stop());
  stream = page.video.srcObject = null;
  page.stage.classList.remove('on');
  page.start.hidden = !(page.stop.hidden = true);
  page.people.replaceChildren();
  page.say('live.waiting');
}

async function watch(page, mine) {
  const answered = [];
  let frames = 0, asked = performance.now(), answer = question(page);
  while (stream === mine) {
    const seen = await answer;
    if (stream !== mine) return;
    if (page.hidden()) return stop(page);  // another tab of the page was opened: the camera goes off
    await pause(Math.max(0, SHORTEST - (performance.now() - asked)));
    while (document.hidden && stream === mine) await pause(200);
    if (stream !== mine) return;
    asked = performance.now();
    answer = question(page);
    answer.catch(() => {});                // it is awaited above
    if (seen) draw(page, seen);
    answered.push(performance.now());
    while (answered[0] < answered.at(-1) - 2000) answered.shift();
    const rate = ((answered.length - 1) * 1000 / (answered.at(-1) - answered[0]) || 0).toFixed(1);
    page.rate.textContent = rate;
    Object.assign(document.body.dataset, { frames: ++frames, rate });
  }
}

async function question(page) {
  const { videoWidth, videoHeight } = page.video;
  if (!videoWidth) return null;
  const resizeWidth = Math.min(WIDTH, videoWidth), resizeHeight = Math.round(resizeWidth * videoHeight / videoWidth);
  const bitmap = await createImageBitmap(page.video, { resizeWidth, resizeHeight });
  return ask({ kind: 'watch', bitmap, heat: page.heat.checked, time: performance.now() / 1000 });
}

function draw(page, seen) {
  overlay(page.over, seen, page.manifest, true);
  list(page.people, seen, page.manifest);
  page.computed(seen.processor);
  page.say(seen.count ? 'device.sight' : 'live.nobody', { n: seen.count });
}
