// The worker that computes. One that is lost, or does not answer, is replaced by the next question; it may have waited for
// the graphics processor, so the next one leaves that alone.
const PATIENCE = { load: 300_000, look: 30_000, watch: 30_000 }; // milliseconds; what is loaded comes over slow lines, too
const waiting = new Map();
let worker = null, chosen = null, asked = 0, processor = new URLSearchParams(location.search).get('processor');

// WebAssembly with SIMD, without which the runtime does not start: one function of one SIMD instruction.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
export const able = () => typeof WebAssembly === 'object' && typeof OffscreenCanvas === 'function'
  && WebAssembly.validate(Uint8Array.from(SIMD));

export class Failure extends Error {
  constructor(key, values = {}) {
    super(key);
    Object.assign(this, { key, values });
  }
}

export async function load(name) {
  chosen = null;
  try {
    const told = await post({ kind: 'load', name, processor });
    chosen = name;
    return told;
  } catch (error) {
    if (error.key === 'device.lost') lose(); // a runtime that failed to start does not start again
    throw error;
  }
}

// `kind` is look or watch; the bitmap is given away.
export async function ask(message) {
  if (!worker && chosen) await load(chosen);
  return post(message, message.bitmap ? [message.bitmap] : []);
}

function post(message, given = []) {
  worker ??= start();
  return new Promise((resolve, reject) => {
    const id = ++asked, patience = setTimeout(lose, PATIENCE[message.kind]);
    const settle = (end) => (value) => { clearTimeout(patience); end(value); };
    waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    worker.postMessage({ id, ...message }, given);
  });
}

function start() {
  const made = new Worker('worker.js', { type: 'module' });
  made.onmessage = ({ data: { id, answer, key, values } }) => {
    const question = waiting.get(id);
    waiting.delete(id);
    key ? question?.reject(new Failure(key, values)) : question?.resolve(answer);
  };
  made.onerror = (event) => { event.preventDefault(); lose(); };
  return made;
}

function lose() {
  worker?.terminate();
  worker = null;
  processor = 'wasm';
  const lost = [...waiting.values()];
  waiting.clear();
  lost.forEach(({ reject }) => reject(new Failure('device.lost')));
}
