// Detector and network, off the page's thread. It is told to load a model; after that nothing is fetched.
import * as ort from './vendor/ort.wasm.bundle.min.mjs';
import { follow, glance, search, wholeImage } from './look.js';
import { read } from './network.js';
import { fromRgba } from './pixels.js';
import { update } from './tracks.js';

const MOST_FACES = 5, ANEW = 8; // faces are looked for anew in every so many frames, and followed in between
ort.env.wasm.wasmPaths = { wasm: new URL('./vendor/ort-wasm-simd-threaded.wasm', import.meta.url).href };
// One core is left to the page and the camera: threads that wait for a core that is taken do more waiting than work.
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, Math.max(1, (navigator.hardwareConcurrency || 1) - 1)) : 1;
ort.env.logLevel = 'error';
const nets = {}, canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d', { willReadFrequently: true });
let session, manifest, stream = { faces: [], tracks: [], age: 0 };

// What is thrown is the key of a sentence and what stands in it.
const failure = (key, values = {}) => Object.assign(new Error(key), { key, values });

async function fetched(path) {
  const answer = await fetch(path).catch(() => ({ ok: false, status: 0 }));
  if (!answer.ok) throw failure('device.absent', { path, status: answer.status });
  return new Uint8Array(await answer.arrayBuffer());
}

async function load({ name }) {
  const files = await told('detector');
  for (const net of 'pro') nets[net] ??= await opened('detector', files[net], 'MTCNN');
  const next = await told(`models/${name}`), network = await opened(`models/${name}`, next.file, name);
  await session?.release();
  [session, manifest, stream] = [network, next, { faces: [], tracks: [], age: 0 }];
  return { manifest, threads: ort.env.wasm.numThreads };
}

const told = async (folder) => JSON.parse(new TextDecoder().decode(await fetched(`${folder}/manifest.json`)));

async function opened(folder, file, name) {
  const bytes = await fetched(`${folder}/${file.name}`);
  if (bytes.length !== file.bytes || !await isWhole(bytes, file.sha256)) throw failure('device.damaged', { name });
  return ort.InferenceSession.create(bytes);
}

async function isWhole(bytes, sha256) {
  if (!crypto.subtle) return true;         // on pages without https; a file cut short is seen by its length
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') === sha256;
}

async function runNet(net, data, shape) {
  const told = await nets[net].run({ [nets[net].inputNames[0]]: new ort.Tensor('float32', data, shape) });
  const values = Object.fromEntries(Object.entries(told).map(([name, tensor]) => [name, tensor.data]));
  return { ...values, shape: told[nets[net].outputNames[0]].dims };
}

async function runNetwork(x, target, names) {
  const { size, channels } = manifest.input;
  const feeds = { x: new ort.Tensor('float32', x, [1, channels, size, size]),
    target: new ort.Tensor('int64', BigInt64Array.of(BigInt(target)), [1]) };
  const told = await session.run(feeds, names);
  return Object.fromEntries(Object.entries(told).map(([name, tensor]) => [name, tensor.data]));
}

function pixels(bitmap) {
  const { width, height } = bitmap;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  context.fillStyle = '#fff';              // as in Python, transparent photos lie on white
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return fromRgba(width, height, context.getImageData(0, 0, width, height).data);
}

// A photo: looked at thoroughly.
async function look({ bitmap, whole, target = -1 }) {
  const photo = pixels(bitmap), found = whole ? [wholeImage(photo)] : await search(runNet, photo), faces = [];
  for (const one of found.slice(0, MOST_FACES)) faces.push(await read(runNetwork, manifest, photo, one, { all: true, target }));
  return { width: photo.width, height: photo.height, faces, count: found.length };
}

// A frame of a stream; `time` in seconds.
async function watch({ bitmap, heat, time }) {
  const photo = pixels(bitmap);
  let found = stream.faces.length && stream.age < ANEW ? await follow(runNet, photo, stream.faces) : [];
  if (!found.length || found.length < stream.faces.length) {
    found = (await glance(runNet, photo)).slice(0, MOST_FACES);
    stream.age = 0;
  }
  const faces = [];
  for (const one of found) faces.push(await read(runNetwork, manifest, photo, one, { heat }));
  const tracks = update(stream.tracks, faces, time);
  stream = { faces: found, tracks, age: stream.age + 1 };
  faces.forEach((face, i) => { face.probabilities = tracks[i].probabilities; });
  return { width: photo.width, height: photo.height, faces, count: faces.length };
}

const KINDS = { load, look, watch };
self.onmessage = async ({ data: { id, kind, ...rest } }) => {
  try {
    const answer = await KINDS[kind](rest);
    self.postMessage({ id, answer }, (answer.faces ?? []).map(({ heat }) => heat?.buffer).filter(Boolean));
  } catch (error) {
    self.postMessage({ id, key: error.key ?? 'device.lost', values: error.values ?? {}, detail: String(error.message) });
  }
};
