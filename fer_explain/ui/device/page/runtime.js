// What computes: onnxruntime-web. All browsers get its plain WebAssembly build. Where there is a graphics processor that
// WebGPU reaches, the build that knows both is loaded instead, and the network runs on whichever is faster. MTCNN stays
// in WebAssembly: its nets are tiny and their shapes change from face to face, so handing them over costs more than
// they do.
import { calibrated } from './network.js';
import { picture, preprocess } from './pixels.js';

const PLAIN = ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'];
// This build suspends WebAssembly while the graphics processor works (JSPI); in WebAssembly it is as fast as the plain one.
// Browsers without JSPI could take a third one, of 27 MB instead of 17: they compute in plain WebAssembly.
const BOTH = ['ort.jspi.bundle.min.mjs', 'ort-wasm-simd-threaded.jspi.wasm'];
const LIMITS = { probabilities: 1e-3, theta: 1e-3, heatmap: 1e-2, gates: 1e-2 }; // as in fer_explain/export/parity.py
const TRIAL = 10_000, ROUNDS = 5;          // milliseconds that a graphics processor gets to show itself; runs that are timed
// One core is left to the page and the camera: threads that wait for a core that is taken do more waiting than work.
export const threads = self.crossOriginIsolated ? Math.min(4, Math.max(1, (navigator.hardwareConcurrency || 1) - 1)) : 1;
let ort = null, build = null;

export const files = () => build.map((name) => `vendor/${name}`);
export const tensor = (kind, data, shape) => new ort.Tensor(kind, data, shape);

// Loads the runtime once; `bytes` are any network's, which show that it works. `wish` is wasm, webgpu (also where that is
// slower, or software) or nothing.
export async function start(wish, bytes) {
  if (ort) return;
  for (const one of await hasGraphics(wish) ? [BOTH, PLAIN] : [PLAIN]) {
    try {
      ort = await import(`./vendor/${one[0]}`);
      ort.env.wasm.wasmPaths = { wasm: new URL(`./vendor/${one[1]}`, import.meta.url).href };
      ort.env.wasm.numThreads = threads;
      ort.env.logLevel = 'error';
      build = one;
      await (await open(bytes)).release();
      return;
    } catch (error) {
      ort = null;
      if (one === PLAIN) throw error;
    }
  }
}

// A software adapter computes on the processor, much more slowly than WebAssembly does.
async function hasGraphics(wish) {
  if (wish === 'wasm' || !navigator.gpu || !('Suspending' in WebAssembly)) return false;
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  return Boolean(adapter) && (wish === 'webgpu' || !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter));
}

export const open = (bytes, processor = 'wasm') => ort.InferenceSession.create(bytes,
  { executionProviders: [processor], logSeverityLevel: 3 });

// A network that runs on what is faster here; `processor` says what that is. One that fails on the graphics processor,
// then or later, goes on in WebAssembly with the same face.
export async function openNetwork(bytes, manifest, wish) {
  const plain = await open(bytes);
  let graphics = build === BOTH ? await trial(bytes, manifest, plain, wish === 'webgpu') : null;
  return {
    get processor() { return graphics ? 'webgpu' : 'wasm'; },
    async run(x, target, names) {
      if (graphics) try { return await run(graphics, manifest, x, target, names); } catch { graphics = null; }
      return run(plain, manifest, x, target, names);
    },
    async release() {
      await graphics?.release();
      await plain.release();
    },
  };
}

async function run(session, { input: { size, channels } }, x, target, names) {
  const feeds = { x: tensor('float32', x, [1, channels, size, size]), target: tensor('int64', BigInt64Array.of(BigInt(target)), [1]) };
  const told = await session.run(feeds, names);
  return Object.fromEntries(Object.entries(told).map(([name, { data }]) => [name, data]));
}

// A session on the graphics processor, if its answer to a drawn face is that of WebAssembly and it comes sooner. How long
// a pass takes there depends on device, driver and network; nothing but a try tells, and it takes less than a second.
async function trial(bytes, manifest, plain, forced) {
  const x = preprocess(drawnFace(), manifest.input), shown = ['logits', 'theta', 'heatmap'].filter((name) => manifest.outputs.includes(name));
  let over = false;
  const pace = async (session) => {
    const times = [];
    for (let i = 0; i < ROUNDS && !over; i++) {
      const start = performance.now();
      await run(session, manifest, x, 0, shown);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[ROUNDS >> 1];
  };
  const tried = async () => {
    const graphics = await open(bytes, 'webgpu');
    const [here, there] = [await run(plain, manifest, x, 0, manifest.outputs), await run(graphics, manifest, x, 0, manifest.outputs)];
    if (agrees(here, there, manifest) && (forced || await pace(plain) > await pace(graphics))) return graphics;
    await graphics.release();
    return null;
  };
  const late = new Promise((resolve) => setTimeout(() => {
    over = true;
    resolve(null);
  }, forced ? 10 * TRIAL : TRIAL));
  return Promise.race([tried().catch(() => null), late]);
}

// Whether two answers are the same within the limits that hold for an export beside PyTorch.
export function agrees(here, there, { temperature }) {
  const close = (one, other, limit) => one.length === other.length && one.every((value, i) => Math.abs(value - other[i]) <= limit);
  return Object.keys(here).every((name) => {
    if (name === 'logits') return close(calibrated(here[name], temperature), calibrated(there[name], temperature), LIMITS.probabilities);
    const limit = /^(gate|places)\./.test(name) ? LIMITS.gates : LIMITS[name];
    return limit === undefined || close(here[name], there[name], limit);
  });
}

// A face of ovals: hair, skin, eyes and an open mouth.
export function drawnFace(side = 64) {
  const ovals = [[0, 0.05, 0.62, 0.85, 236, 188, 160], [-0.25, -0.15, 0.12, 0.08, 40, 30, 30], [0.25, -0.15, 0.12, 0.08, 40, 30, 30],
    [0, 0.15, 0.06, 0.12, 205, 150, 125], [0, 0.5, 0.28, 0.14, 120, 30, 40]];
  const face = picture(side, side);
  for (let y = 0, at = 0; y < side; y++) for (let x = 0; x < side; x++) {
    const [u, v] = [(2 * x + 1) / side - 1, (2 * y + 1) / side - 1];
    const within = ovals.findLast(([cx, cy, rx, ry]) => ((u - cx) / rx) ** 2 + ((v - cy) / ry) ** 2 < 1);
    for (const value of within?.slice(4) ?? [90, 80, 75]) face.data[at++] = value;
  }
  return face;
}
