// An exported network: one face in, all that its pass tells out.
import { paint } from './colormap.js';
import { cropFace, preprocess, toPhoto } from './pixels.js';

const LABELS = ['logits'], MAP = ['logits', 'theta', 'heatmap'];

// `run(x, target, names)` runs the file; `names` are the outputs that are wanted.
export async function read(run, manifest, photo, face, { heat = true, all = false, target = -1 } = {}) {
  const matrix = toPhoto(face.box, face.landmarks), x = preprocess(cropFace(photo, matrix), manifest.input);
  const wanted = all ? manifest.outputs.filter((name) => name !== 'features') : heat ? MAP : LABELS;
  const told = await run(x, target, wanted.filter((name) => manifest.outputs.includes(name)));
  const probabilities = calibrated(told.logits, manifest.temperature);
  return {
    ...face, matrix, probabilities,
    set: manifest.sets ? likely(probabilities, manifest.sets) : null,
    theta: told.theta && [...told.theta],
    heat: told.heatmap && paint(told.heatmap),
    map: all ? told.heatmap?.slice() : undefined,
    aligned: told.aligned?.slice(),
    gates: all ? manifest.gates.filter((name) => name.startsWith('gate.')).map((name) => [...told[name]]) : [],
  };
}

export function calibrated(logits, temperature) {
  const scaled = [...logits].map((value) => value / temperature), most = Math.max(...scaled);
  const powers = scaled.map((value) => Math.exp(value - most)), sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}

// The classes of a prediction set, most probable first: fer_explain/benchmark/conformal.py.
export function likely(probabilities, { score, threshold }) {
  const order = probabilities.map((_, k) => k).sort((a, b) => probabilities[b] - probabilities[a]);
  let mass = 0;
  return order.filter((k, place) => {
    mass += probabilities[k];
    return place === 0 || (score === 'lac' ? 1 - probabilities[k] : mass) <= threshold;
  });
}
