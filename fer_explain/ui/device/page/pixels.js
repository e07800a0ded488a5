// Pictures are { width, height, data }: three bytes a pixel, rows from the top. The same arithmetic as in Python:
// cv2.resize, fer_explain/faces/crop.py and fer_explain/faces/preprocess.py.
export const picture = (width, height, data = new Uint8ClampedArray(width * height * 3)) => ({ width, height, data });

export function fromRgba(width, height, rgba) {
  const made = picture(width, height), { data } = made;
  for (let i = 0, j = 0; j < data.length; i += 4, j += 3) {
    data[j] = rgba[i];
    data[j + 1] = rgba[i + 1];
    data[j + 2] = rgba[i + 2];
  }
  return made;
}

// Halves go to the even neighbour, as in Python.
export function even(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

// Taps: for each output index the first source index, and the weights from there on.
function areaTaps(from, to, shrinks) {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (!shrinks) {
      const first = Math.floor(i * scale);
      const rest = i + 1 - (first + 1) / scale;
      const second = rest <= 0 ? 0 : rest - Math.floor(rest);
      return first + 1 < from ? [first, [1 - second, second]] : [from - 1, [1]];
    }
    const [low, high] = [i * scale, Math.min((i + 1) * scale, from)];
    const first = Math.floor(low + 1e-9), weights = [];
    for (let j = first; j < high - 1e-9; j++) weights.push((Math.min(j + 1, high) - Math.max(j, low)) / (high - low));
    return [first, weights];
  });
}

function linearTaps(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max((i + 0.5) * from / to - 0.5, 0), from - 1), first = Math.min(Math.floor(at), from - 2);
    return from === 1 ? [0, [1]] : [first, [1 - (at - first), at - first]];
  });
}

// PyTorch's resize with anti-aliasing.
function smoothTaps(from, to, cubic) {
  const scale = from / to, wide = Math.max(scale, 1), support = (cubic ? 2 : 1) * wide;
  const kernel = (x) => {
    x = Math.abs(x);
    if (!cubic) return Math.max(0, 1 - x);
    return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  };
  return Array.from({ length: to }, (_, i) => {
    const centre = scale * (i + 0.5);
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), from);
    const weights = Array.from({ length: end - first }, (_, j) => kernel((j + first - centre + 0.5) / wide));
    const sum = weights.reduce((a, b) => a + b, 0);
    return [first, weights.map((weight) => weight / sum)];
  });
}

function separable(data, width, height, channels, across, down) {
  const step = across.length * channels, rows = new Float32Array(height * step);
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < across.length; x++) {
    const first = across[x][0], weights = across[x][1], count = weights.length;
    for (let c = 0; c < channels; c++) {
      let sum = 0, from = (y * width + first) * channels + c;
      for (let k = 0; k < count; k++, from += channels) sum += weights[k] * data[from];
      rows[at++] = sum;
    }
  }
  const result = new Float32Array(down.length * step);
  down.forEach(([first, weights], y) => {
    for (let k = 0; k < weights.length; k++) {
      const from = (first + k) * step, weight = weights[k];
      for (let i = 0; i < step; i++) result[y * step + i] += weight * rows[from + i];
    }
  });
  return result;
}

function resized(image, width, height, taps) {
  if (width === image.width && height === image.height) return image;
  const values = separable(image.data, image.width, image.height, 3, taps(image.width, width), taps(image.height, height));
  return picture(width, height, new Uint8ClampedArray(values));
}

export function resizeArea(image, width, height) {
  const shrinks = width <= image.width && height <= image.height;
  return resized(image, width, height, (from, to) => areaTaps(from, to, shrinks));
}

export const resizeLinear = (image, width, height) => resized(image, width, height, linearTaps);

// The square crop around a box: the map [a, b, x, c, d, y] from the crop (-1..1) to photo pixels. Only quarter turns
// of the eyes are followed, as in CropRule().
export function toPhoto([x0, y0, x1, y1], landmarks) {
  const half = Math.max(x1 - x0, y1 - y0) / 2;
  const angle = landmarks ? Math.atan2(landmarks[1][1] - landmarks[0][1], landmarks[1][0] - landmarks[0][0]) : 0;
  const turns = Math.round(angle / (Math.PI / 2));
  const cos = half * Math.round(Math.cos(turns * Math.PI / 2)), sin = half * Math.round(Math.sin(turns * Math.PI / 2));
  return [cos, -sin, (x0 + x1) / 2, sin, cos, (y0 + y1) / 2];
}

// The photo's pixels under a crop. Bilinear; beyond the border the border is repeated; a crop with more photo pixels
// than its own is sampled more finely and averaged.
export function cropFace(photo, [a, b, x0, c, d, y0]) {
  const native = 2 * Math.hypot(a, c), side = Math.min(Math.max(even(native), 16), 256);
  const finer = Math.max(1, Math.ceil(native / side - 0.01)), fine = side * finer;
  const made = picture(fine, fine), { width, height, data } = photo;
  for (let v = 0, at = 0; v < fine; v++) for (let u = 0; u < fine; u++) {
    const p = (2 * u + 1) / fine - 1, q = (2 * v + 1) / fine - 1;
    const x = a * p + b * q + x0 - 0.5, y = c * p + d * q + y0 - 0.5;
    const left = Math.floor(x), top = Math.floor(y), fx = x - left, fy = y - top;
    const l = Math.min(Math.max(left, 0), width - 1), r = Math.min(Math.max(left + 1, 0), width - 1);
    const t = Math.min(Math.max(top, 0), height - 1) * width, w = Math.min(Math.max(top + 1, 0), height - 1) * width;
    const [i, j, k, m] = [3 * (t + l), 3 * (t + r), 3 * (w + l), 3 * (w + r)];
    for (let e = 0; e < 3; e++) {
      made.data[at++] = (1 - fy) * ((1 - fx) * data[i + e] + fx * data[j + e])
        + fy * ((1 - fx) * data[k + e] + fx * data[m + e]);
    }
  }
  return finer > 1 ? resizeArea(made, side, side) : made;
}

// A network's input (C, S, S) for a face.
export function preprocess(face, spec) {
  const planes = spec.gray || spec.channels === 1 ? 1 : 3, count = face.width * face.height, { data } = face;
  const values = new Float32Array(count * planes);
  if (planes === 3) for (let i = 0; i < data.length; i++) values[i] = data[i] / 255;
  else for (let i = 0, j = 0; i < count; i++, j += 3) {
    values[i] = (0.299 * data[j] + 0.587 * data[j + 1] + 0.114 * data[j + 2]) / 255;
  }
  const size = spec.size, cubic = spec.interpolation === 'bicubic';
  const same = face.width === size && face.height === size;
  const small = same ? values : separable(values, face.width, face.height, planes,
    smoothTaps(face.width, size, cubic), smoothTaps(face.height, size, cubic));
  const result = new Float32Array(spec.channels * size * size);
  for (let c = 0; c < spec.channels; c++) {
    const mean = spec.mean[c], std = spec.std[c], from = planes === 1 ? 0 : c;
    for (let i = 0, at = c * size * size; i < size * size; i++) {
      result[at++] = (Math.min(Math.max(small[i * planes + from], 0), 1) - mean) / std;
    }
  }
  return result;
}
