// MTCNN (Zhang et al. 2016), the cascade of fer_explain/faces/mtcnn.py. The networks were trained on transposed
// pictures, so each is given x first. `run(name, data, shape)` runs one of the nets p, r and o.
import { even, picture, resizeArea } from './pixels.js';

// Python computes with boxes in float32, and cells of the pyramid overlap by exactly the half at which one is dropped:
// only the same rounding keeps the same candidates.
const single = Math.fround;
const CELL = 12, STRIDE = 2, PYRAMID = 0.709, THRESHOLDS = [0.6, 0.7, 0.8], MOST = 400;

// Finds the faces of a picture that are at least about `smallest` pixels large: box, landmarks and score of each.
export async function detect(run, image, smallest) {
  let candidates = [];
  for (let scale = CELL / smallest; Math.min(image.width, image.height) * scale >= CELL; scale *= PYRAMID) {
    candidates.push(...await propose(run, image, scale));
  }
  candidates = squares(suppress(candidates, 0.7).slice(0, MOST).map(moved));
  if (!candidates.length) return [];
  const refined = await run('r', patches(image, candidates, 24), [candidates.length, 24, 24, 3]);
  candidates = believed(candidates, refined.dense_2, refined.softmax_1, THRESHOLDS[1]);
  return confirm(run, image, squares(suppress(candidates, 0.7).map(moved)));
}

// The last of the three networks alone. Given the boxes of the frame before, it finds the same faces in the next one.
export async function confirm(run, image, candidates) {
  if (!candidates.length) return [];
  const told = await run('o', patches(image, candidates, 48), [candidates.length, 48, 48, 3]);
  candidates.forEach((one, i) => {
    const [x0, y0, x1, y1] = one.box, points = told.dense_6.subarray(10 * i, 10 * i + 10);
    one.landmarks = [0, 1, 2, 3, 4].map((k) => [x0 + points[k] * (x1 - x0), y0 + points[k + 5] * (y1 - y0)]);
  });
  return suppress(believed(candidates, told.dense_5, told.softmax_2, THRESHOLDS[2]).map(moved), 0.7, true)
    .map(({ box, landmarks, score }) => ({ box, landmarks, score }));
}

async function propose(run, image, scale) {
  const width = Math.ceil(image.width * scale), height = Math.ceil(image.height * scale);
  const level = resizeArea(image, width, height);
  const told = await run('p', transposed(level), [1, width, height, 3]);
  const down = told.shape[2], found = [];
  for (let i = 0; i < told.softmax.length / 2; i++) {
    const score = told.softmax[2 * i + 1];
    if (score < THRESHOLDS[0]) continue;
    const x = Math.floor(i / down) * STRIDE, y = (i % down) * STRIDE;
    const box = [x, y, x + CELL, y + CELL].map((value) => single(value / single(scale)));
    found.push({ box, score, offset: told.conv2d_4.subarray(4 * i, 4 * i + 4) });
  }
  return suppress(found, 0.5);
}

const believed = (candidates, offsets, scores, threshold) => candidates
  .map((one, i) => ({ ...one, score: scores[2 * i + 1], offset: offsets.subarray(4 * i, 4 * i + 4) }))
  .filter((one) => one.score > threshold);

function moved(one) {
  const [x0, y0, x1, y1] = one.box, sides = [single(x1 - x0), single(y1 - y0), single(x1 - x0), single(y1 - y0)];
  return { ...one, box: one.box.map((value, k) => single(value + single(one.offset[k] * sides[k]))) };
}

export const squares = (found) => found.map((one) => {
  const [x0, y0, x1, y1] = one.box, x = single(x0 + x1) / 2, y = single(y0 + y1) / 2;
  const half = Math.max(single(x1 - x0), single(y1 - y0)) / 2;
  return { ...one, box: [x - half, y - half, x + half, y + half].map(single) };
});

export function suppress(found, overlap, ofSmaller = false) {
  const area = ([x0, y0, x1, y1]) => single(single(x1 - x0) * single(y1 - y0));
  let rest = [...found].sort((a, b) => b.score - a.score);
  const kept = [];
  while (rest.length) {
    const best = rest.shift(), a = best.box;
    kept.push(best);
    rest = rest.filter(({ box: b }) => {
      const width = single(Math.max(0, single(Math.min(a[2], b[2]) - Math.max(a[0], b[0]))));
      const height = single(Math.max(0, single(Math.min(a[3], b[3]) - Math.max(a[1], b[1]))));
      const shared = single(width * height);
      const whole = ofSmaller ? Math.min(area(a), area(b)) : single(single(area(a) + area(b)) - shared);
      return shared <= single(single(overlap) * whole);
    });
  }
  return kept;
}

function transposed({ width, height, data }, result = new Float32Array(width * height * 3), at = 0) {
  for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) for (let c = 0; c < 3; c++) {
    result[at++] = (data[(y * width + x) * 3 + c] - 127.5) / 128;
  }
  return result;
}

function patches(image, candidates, size) {
  const step = size * size * 3, result = new Float32Array(candidates.length * step);
  candidates.forEach(({ box }, i) => {
    const [x0, y0, x1, y1] = box.map(even), cut = picture(Math.max(1, x1 - x0), Math.max(1, y1 - y0));
    for (let y = Math.max(y0, 0); y < Math.min(y1, image.height); y++) {
      const from = Math.max(x0, 0), to = Math.min(x1, image.width);
      if (from < to) cut.data.set(image.data.subarray((y * image.width + from) * 3, (y * image.width + to) * 3),
        ((y - y0) * cut.width + from - x0) * 3);
    }
    transposed(resizeArea(cut, size, size), result, i * step);
  });
  return result;
}
