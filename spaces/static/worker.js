// Detector and network, off the page's thread. It is told to load a model once; after that nothing is fetched.
import * as ort from './vendor/ort.wasm.bundle.min.mjs';
import { detect } from './mtcnn.js';
import { cropFace, fromRgba, preprocess, resizeArea, toPhoto } from './pixels.js';

ort.env.wasm.wasmPaths = { wasm: new URL('./vendor/ort-wasm-simd-threaded.wasm', import.meta.url).href };
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(2, navigator.hardwareConcurrency || 1) : 1;
const nets = {};
let network, manifest;

async function fetched(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} could not be loaded (${answer.status}).`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function load(name) {
  for (const net of 'pro') nets[net] ??= await ort.InferenceSession.create(await fetched(`detector/${net}net.onnx`));
  const told = JSON.parse(new TextDecoder().decode(await fetched(`models/${name}/manifest.json`)));
  const bytes = await fetched(`models/${name}/${told.file.name}`);
  if (crypto.subtle) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (hex !== told.file.sha256) throw new Error(`The model file of ${name} is damaged. Reload the page.`);
  }
  [network, manifest] = [await ort.InferenceSession.create(bytes), told];
  return manifest;
}

async function run(net, data, shape) {
  const session = nets[net], told = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, shape) });
  const values = Object.fromEntries(Object.entries(told).map(([name, tensor]) => [name, tensor.data]));
  return { ...values, shape: told[session.outputNames[0]].dims };
}

async function see({ bitmap, rgba, width, height, fast, heat, whole, target = -1 }) {
  if (bitmap) {
    [width, height] = [bitmap.width, bitmap.height];
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    rgba = context.getImageData(0, 0, width, height).data;
  }
  const photo = fromRgba(width, height, rgba);
  const found = whole ? [{ box: [0, 0, width, height], score: 1 }] : await search(photo, fast);
  const outputs = heat ? undefined : ['logits'];
  const faces = [];
  for (const one of found.slice(0, 5)) faces.push(await explain(photo, one, outputs, target));
  return { width, height, faces };
}

async function search(photo, fast) {
  const long = Math.max(photo.width, photo.height), side = Math.min(fast ? 320 : 640, long), scale = side / long;
  const width = Math.max(1, Math.round(photo.width * scale)), height = Math.max(1, Math.round(photo.height * scale));
  const small = resizeArea(photo, width, height);
  const found = await detect(run, small, Math.max((fast ? 0.12 : 0.04) * side, 12));
  const back = ([x, y]) => [x * photo.width / width, y * photo.height / height];
  const size = ({ box: [x0, y0, x1, y1] }) => Math.max(x1 - x0, y1 - y0);
  return found.map(({ box, landmarks, score }) => ({
    box: [...back(box), ...back(box.slice(2))], landmarks: landmarks.map(back), score,
  })).sort((a, b) => size(b) - size(a));
}

async function explain(photo, one, outputs, target) {
  const spec = manifest.input, matrix = toPhoto(one.box, one.landmarks);
  const x = preprocess(cropFace(photo, matrix), spec);
  const feeds = { x: new ort.Tensor('float32', x, [1, spec.channels, spec.size, spec.size]),
    target: new ort.Tensor('int64', BigInt64Array.of(BigInt(target)), [1]) };
  const told = await network.run(feeds, outputs);
  const logits = [...told.logits.data].map((value) => value / manifest.temperature), most = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - most)), sum = powers.reduce((a, b) => a + b);
  const rest = Object.fromEntries(Object.entries(told).filter(([name]) => name !== 'features')
    .map(([name, tensor]) => [name, tensor.data.slice()]));
  return { ...one, matrix, probabilities: powers.map((value) => value / sum), outputs: rest };
}

self.onmessage = async ({ data: { id, kind, ...rest } }) => {
  try {
    self.postMessage({ id, answer: kind === 'load' ? await load(rest.name) : await see(rest) });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
};
