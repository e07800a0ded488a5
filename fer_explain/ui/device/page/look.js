// How faces are looked for: fer_explain/faces/detect.py and look.py. `run` runs one of MTCNN's three networks.
import { confirm, detect, squares } from './mtcnn.js';
import { even, picture, resizeArea, resizeLinear } from './pixels.js';

const SMALLEST = 12, SURE = 0.99, ROOM = 0.25, FACE_CROP_SIDE = 112, FACE_CROP_CONTRAST = 8;
const THOROUGH = { side: 640, smallest: 0.04 }, FAST = { side: 320, smallest: 0.12 };
const length = ({ box: [x0, y0, x1, y1] }) => Math.max(x1 - x0, y1 - y0);
const largestFirst = (found) => found.sort((a, b) => length(b) - length(a));

// The faces of a photo, largest first. Where none is found for sure, faces that lie on their side are looked for, too.
export async function search(run, photo) {
  const crop = await faceCrop(run, photo);
  if (crop) return [crop];
  const side = Math.min(THOROUGH.side, Math.max(photo.width, photo.height));
  const looks = [await find(run, photo, { ...THOROUGH, side })];
  if (!looks[0].some(({ score }) => score >= SURE)) for (let turns = 0; turns < 4; turns++) {
    looks.push(await find(run, photo, { side, smallest: 0.1, border: ROOM, turns }));
  }
  const belief = (found) => found.reduce((sum, { score }) => sum + score, 0);
  return largestFirst(looks.reduce((best, found) => (belief(found) > belief(best) ? found : best)));
}

// Large faces only, looked for once: for a stream.
export async function glance(run, photo) {
  return largestFirst(await find(run, photo, { ...FAST, side: Math.min(FAST.side, Math.max(photo.width, photo.height)) }));
}

// The faces of the frame before, where they are now: a tenth of the work of looking for them anew.
export const follow = (run, photo, faces) => confirm(run, photo, squares(faces.map(({ box }) => ({ box }))));

export const wholeImage = ({ width, height }) => ({ box: [0, 0, width, height], landmarks: null, score: 1 });

// A small square picture that a face fills is that face; a gray one without a face found, too, unless it is flat.
async function faceCrop(run, photo) {
  if (photo.width !== photo.height || photo.width > FACE_CROP_SIDE) return null;
  const found = await find(run, photo, { side: 144, smallest: 0.3, border: ROOM });
  const fills = found.length ? Math.max(...found.map(length)) >= photo.width / 2 : isGray(photo) && contrast(photo) > FACE_CROP_CONTRAST;
  return fills ? wholeImage(photo) : null;
}

const isGray = ({ data }) => data.every((value, i) => value === data[i - i % 3]);

function contrast({ data }) {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
}

async function find(run, photo, { side, smallest, border = 0, turns = 0 }) {
  const scale = side / Math.max(photo.width, photo.height), room = even(border * side);
  const [width, height] = [photo.width, photo.height].map((length) => Math.max(1, even(length * scale)));
  const small = (scale < 1 ? resizeArea : resizeLinear)(photo, width, height);
  const roomy = room ? padded(small, room) : small;
  const found = await detect(run, turned(roomy, turns), Math.max(smallest * side, SMALLEST));
  const back = (point) => {
    const [x, y] = unturned(point, turns, roomy);
    return [(x - room) * photo.width / width, (y - room) * photo.height / height];
  };
  return found.map(({ box, landmarks, score }) => {
    const [[a, b], [c, d]] = [back(box), back(box.slice(2))];
    return { box: [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)], landmarks: landmarks.map(back), score };
  });
}

function padded(image, room) {
  const made = picture(image.width + 2 * room, image.height + 2 * room);
  const limit = (value, most) => Math.min(Math.max(value - room, 0), most - 1);
  return filled(made, (x, y) => limit(y, image.height) * image.width + limit(x, image.width), image);
}

// Quarter turns, counter-clockwise.
function turned(image, turns) {
  if (!turns) return image;
  const { width, height } = image, made = picture(height, width);
  return turned(filled(made, (x, y) => x * width + width - 1 - y, image), turns - 1);
}

function filled(made, from, { data }) {
  for (let y = 0, at = 0; y < made.height; y++) for (let x = 0; x < made.width; x++) {
    const i = 3 * from(x, y);
    for (let c = 0; c < 3; c++) made.data[at++] = data[i + c];
  }
  return made;
}

const unturned = ([x, y], turns, { width, height }) => [[x, y], [width - y, x], [width - x, height - y], [y, height - x]][turns];
