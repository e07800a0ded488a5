// Probabilities of the faces in a stream, averaged over time face by face: fer_explain/ui/live/tracks.py.
const HALF_LIFE = 0.35, FORGOTTEN = 2, SAME = 0.3; // seconds, seconds, intersection over union

export function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0), shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

// The tracks { box, probabilities, seen } after another frame, in the order of its faces { box, probabilities }; then
// those that are out of sight for a moment. `now` in seconds.
export function update(tracks, faces, now) {
  const left = tracks.filter(({ seen }) => now - seen >= 0 && now - seen <= FORGOTTEN);
  const current = faces.map(({ box, probabilities }) => {
    const before = left.reduce((best, one) => (!best || overlap(one.box, box) > overlap(best.box, box) ? one : best), null);
    if (!before || overlap(before.box, box) < SAME || before.probabilities.length !== probabilities.length) {
      return { box, probabilities, seen: now };
    }
    left.splice(left.indexOf(before), 1);
    const weight = 1 - 0.5 ** ((now - before.seen) / HALF_LIFE);
    const mixed = before.probabilities.map((old, k) => old + weight * (probabilities[k] - old));
    return { box, probabilities: mixed, seen: now };
  });
  return [...current, ...left];
}
