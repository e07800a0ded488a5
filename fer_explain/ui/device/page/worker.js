// Detector and network, off the page's thread. It is told to load a model; after that nothing is fetched.
import { follow, glance, search, wholeImage } from './look.js';
import { read } from './network.js';
import { fromRgba } from './pixels.js';
import { files, open, openNetwork, start, tensor, threads } from './runtime.js';
import { update } from './tracks.js';

const MOST_FACES = 5, ANEW = 8; // faces are looked for anew in every so many frames, and followed in between
const nets = {}, canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d', { willReadFrequently: true });
let network, manifest, stream = { faces: [], tracks: [], age: 0 }, last = Promise.resolve();

// What is thrown is the key of a sentence and what stands in it.
const failure = (key, values = {}) => Object.assign(new Error(key), { key, values });

async function fetched(path) {
  const answer = await fetch(path).catch(() => ({ ok: false, status: 0 }));
  if (!answer.ok) throw failure('device.absent', { path, status: answer.status });
  return new Uint8Array(await answer.arrayBuffer());
}

// `processor` is a wish, as in runtime.js.
async function load({ name, processor }) {
  const detector = await told('detector');
  for (const net of 'pro') {
    if (nets[net]) continue;
    const bytes = await whole('detector', detector[net], 'MTCNN');
    await start(processor, bytes);
    nets[net] = await open(bytes);
  }
  const next = await told(`models/${name}`);
  const opened = await openNetwork(await whole(`models/${name}`, next.file, name), next, processor);
  await network?.release();
  [network, manifest, stream] = [opened, next, { faces: [], tracks: [], age: 0 }];
  return { manifest, threads, files: files() };
}

const told = async (folder) => JSON.parse(new TextDecoder().decode(await fetched(`${folder}/manifest.json`)));

async function whole(folder, file, name) {
  const bytes = await fetched(`${folder}/${file.name}`);
  if (bytes.length !== file.bytes || !await isWhole(bytes, file.sha256)) throw failure('device.damaged', { name });
  return bytes;
}

async function isWhole(bytes, sha256) {
  if (!crypto.subtle) return true;         // on pages without https; a file cut short is seen by its length
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') === sha256;
}

async function runNet(net, data, shape) {
  const told = await nets[net].run({ [nets[net].inputNames[0]]: tensor('float32', data, shape) });
  const values = Object.fromEntries(Object.entries(told).map(([name, tensor]) => [name, tensor.data]));
  return { ...values, shape: told[nets[net].outputNames[0]].dims };
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
async function look({ bitmap, whole: all, target = -1 }) {
  const photo = pixels(bitmap), found = all ? [wholeImage(photo)] : await search(runNet, photo), faces = [];
  for (const one of found.slice(0, MOST_FACES)) faces.push(await read(network.run, manifest, photo, one, { all: true, target }));
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
  for (const one of found) faces.push(await read(network.run, manifest, photo, one, { heat }));
  const tracks = update(stream.tracks, faces, time);
  stream = { faces: found, tracks, age: stream.age + 1 };
  faces.forEach((face, i) => { face.probabilities = tracks[i].probabilities; });
  return { width: photo.width, height: photo.height, faces, count: faces.length };
}

const KINDS = { load, look, watch };

async function answer({ id, kind, ...rest }) {
  try {
    const told = { ...await KINDS[kind](rest), processor: network.processor };
    self.postMessage({ id, answer: told }, (told.faces ?? []).map(({ heat }) => heat?.buffer).filter(Boolean));
  } catch (error) {
    self.postMessage({ id, key: error.key ?? 'device.lost', values: error.values ?? {}, detail: String(error.message) });
  }
}

// One after the other: a runtime that waits for the graphics processor must not be asked a second time meanwhile.
self.onmessage = ({ data }) => { last = last.then(() => answer(data)); };
