// Pictures are { width, height, data }: three bytes a pixel, rows from the top. The same arithmetic as in Python:
// cv2.resize (INTER_AREA), fer_explain/faces/crop.py and fer_explain/faces/preprocess.py.
export const picture = (width, height, data = new Uint8ClampedArray(width * height * 3)) => ({ width, height, data });

export function fromRgba(width, height, rgba) {
  const made = picture(width, height);
  for (let i = 0, j = 0; j < made.data.length; i += 4, j += 3) made.data.set(rgba.subarray(i, i + 3), j);
  return made;
}

// For each output index: the first source index and the weights from there on.
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
  const rows = new Float32Array(height * across.length * channels);
  for (let y = 0, at = 0; y < height; y++) for (const [first, weights] of across) for (let c = 0; c < channels; c++) {
    let sum = 0, from = (y * width + first) * channels + c;
    for (let k = 0; k < weights.length; k++, from += channels) sum += weights[k] * data[from];
    rows[at++] = sum;
  }
  const step = across.length * channels, result = new Float32Array(down.length * step);
  down.forEach(([first, weights], y) => {
    for (let k = 0; k < weights.length; k++) {
      const from = (first + k) * step, weight = weights[k];
      for (let i = 0; i < step; i++) result[y * step + i] += weight * rows[from + i];
    }
  });
  return result;
}

export function resizeArea(image, width, height) {
  if (width === image.width && height === image.height) return image;
  const shrinks = width <= image.width && height <= image.height;
  const taps = [areaTaps(image.width, width, shrinks), areaTaps(image.height, height, shrinks)];
  return picture(width, height, new Uint8ClampedArray(separable(image.data, image.width, image.height, 3, ...taps)));
}

// The square crop around a box: the map [a, b, x, c, d, y] from the crop (-1..1) to photo pixels. Only quarter turns
// of the eyes are followed, as in CropRule().
export function toPhoto([x0, y0, x1, y1], landmarks) {
  const half = Math.max(x1 - x0, y1 - y0) / 2;
  const angle = landmarks ? Math.atan2(landmarks[1][1] - landmarks[0][1], landmarks[1][0] - landmarks[0][0]) : 0;
  const turns = Math.round(angle / (Math.PI / 2));
  const cos = half * Math.round(Math.cos(turns * Math.PI / 2)), sin = half * Math.round(Math.sin(turns * Math.PI / 2));
  return [cos, -sin, (x0 + x1) / 2, sin, cos, (y0 + y1) / 2];
}

export function cropFace(photo, matrix) {
  const native = 2 * Math.hypot(matrix[0], matrix[3]);
  const side = Math.min(Math.max(Math.round(native), 16), 256);
  const finer = Math.max(1, Math.ceil(native / side - 0.01)), fine = side * finer;
  const made = picture(fine, fine), { width, height, data } = photo;
  const limit = (value, most) => Math.min(Math.max(value, 0), most - 1);
  for (let v = 0, at = 0; v < fine; v++) for (let u = 0; u < fine; u++) {
    const p = (2 * u + 1) / fine - 1, q = (2 * v + 1) / fine - 1;
    const x = matrix[0] * p + matrix[1] * q + matrix[2] - 0.5, y = matrix[3] * p + matrix[4] * q + matrix[5] - 0.5;
    const left = Math.floor(x), top = Math.floor(y), fx = x - left, fy = y - top;
    const xs = [limit(left, width), limit(left + 1, width)], ys = [limit(top, height), limit(top + 1, height)];
    for (let c = 0; c < 3; c++) {
      const value = (i, j) => data[(ys[j] * width + xs[i]) * 3 + c];
      made.data[at++] = (1 - fy) * ((1 - fx) * value(0, 0) + fx * value(1, 0))
        + fy * ((1 - fx) * value(0, 1) + fx * value(1, 1));
    }
  }
  return finer > 1 ? resizeArea(made, side, side) : made;
}

export function preprocess(face, spec) {
  const planes = spec.gray || spec.channels === 1 ? 1 : 3, count = face.width * face.height;
  const values = new Float32Array(count * planes);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = face.data.subarray(3 * i, 3 * i + 3);
    if (planes === 1) values[i] = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    else values.set([r / 255, g / 255, b / 255], 3 * i);
  }
  const size = spec.size, cubic = spec.interpolation === 'bicubic';
  const same = face.width === size && face.height === size;
  const small = same ? values : separable(values, face.width, face.height, planes,
    smoothTaps(face.width, size, cubic), smoothTaps(face.height, size, cubic));
  const result = new Float32Array(spec.channels * size * size);
  for (let c = 0; c < spec.channels; c++) for (let i = 0; i < size * size; i++) {
    const value = Math.min(Math.max(small[i * planes + (planes === 1 ? 0 : c)], 0), 1);
    result[c * size * size + i] = (value - spec.mean[c]) / spec.std[c];
  }
  return result;
}
