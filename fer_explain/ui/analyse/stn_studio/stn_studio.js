// The stage of the STN studio: the window can be moved, stretched at its corners and turned at its handle. The page's
// answer redraws the stage; while a drag goes on, the window stays under the finger.
const PATIENCE = 1500; // milliseconds until the next pose is sent although the last one brought no new stage
let drag = null, next = null, asked = 0;

const svg = () => element.querySelector('.fer-studio svg');
const at = (event, matrix) => new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
const theta = (pose) => {
  const turn = pose.rotation * Math.PI / 180, slant = Math.tan(pose.shear * Math.PI / 180);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [cos * pose.width, (cos * slant - sin) * pose.height, 2 * pose.right,
    sin * pose.width, (sin * slant + cos) * pose.height, 2 * pose.down];
};

function draw(pose) {
  const [a, b, c, d, e, f] = theta(pose);
  const map = (x, y) => [a * x + b * y + c, d * x + e * y + f];
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map((corner) => map(...corner));
  const part = (name) => svg().querySelector(name);
  const set = (node, values) => Object.entries(values).forEach(([key, value]) => node.setAttribute(key, value));
  const [turn, top] = [map(0, -1.22), map(0, -1)];
  set(part('polygon'), { points: corners.map((corner) => corner.join()).join(' ') });
  set(part('.fer-top'), { x1: corners[0][0], y1: corners[0][1], x2: corners[1][0], y2: corners[1][1] });
  set(part('.fer-stem'), { x1: top[0], y1: top[1], x2: turn[0], y2: turn[1] });
  set(part('.fer-turn'), { cx: turn[0], cy: turn[1] });
  svg().querySelectorAll('.fer-corner').forEach((dot, i) => set(dot, { cx: corners[i][0], cy: corners[i][1] }));
}

const kind = (node) => (node.matches('.fer-turn') ? 'turn' : node.matches('.fer-corner') ? 'stretch' :
  node.matches('.fer-window polygon') ? 'move' : null);
const around = (point, pose) => [point.x - 2 * pose.right, point.y - 2 * pose.down];

function moved(point) {
  const { from, pose, what } = drag;
  if (what === 'move') {
    return { ...pose, right: pose.right + (point.x - from.x) / 2, down: pose.down + (point.y - from.y) / 2 };
  }
  const [x0, y0] = around(from, pose), [x1, y1] = around(point, pose);
  if (what === 'turn') {
    const turned = (Math.atan2(y1, x1) - Math.atan2(y0, x0)) * 180 / Math.PI;
    return { ...pose, rotation: ((pose.rotation + turned + 540) % 360) - 180 };
  }
  const factor = Math.max(Math.hypot(x1, y1) / Math.hypot(x0, y0), 0.05);
  return { ...pose, width: pose.width * factor, height: pose.height * factor };
}

// One pose at a time: the newest follows when the stage shows the last one, so that no backlog grows.
function send() {
  if (asked || !next) return;
  asked = setTimeout(answered, PATIENCE);
  trigger('drag', next);
  next = null;
}
function answered() {
  clearTimeout(asked);
  asked = 0;
  send();
}

element.addEventListener('pointerdown', (event) => {
  const what = svg() && kind(event.target);
  if (!what) return;
  event.preventDefault();
  // The stage is drawn anew while it is dragged, so it is its frame that holds on to the pointer; and the scale is that
  // of the start, for the page may move below the finger.
  element.setPointerCapture(event.pointerId);
  const matrix = svg().getScreenCTM().inverse();
  drag = { what, matrix, from: at(event, matrix), pose: JSON.parse(svg().dataset.pose), now: null };
});
element.addEventListener('pointermove', (event) => {
  if (!drag || !svg()) return;
  drag.now = moved(at(event, drag.matrix));
  draw(drag.now);
  next = drag.now;
  send();
});
for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
  element.addEventListener(end, () => { drag = null; });
}
watch('value', () => {
  answered();
  if (drag?.now && svg()) draw(drag.now);
});
// A browser's own dragging of pictures would end ours.
element.addEventListener('dragstart', (event) => event.preventDefault());
