// Inferno as fer_explain/figures/colormap.py has it: 256 colours between ten.
const STOPS = [0x000004, 0x1b0c41, 0x4a0c6b, 0x781c6d, 0xa52c60, 0xcf4446, 0xed6925, 0xfb9b06, 0xf7d13d, 0xfcffa4];

export const INFERNO = Array.from({ length: 256 }, (_, i) => {
  const at = i * (STOPS.length - 1) / 255, low = Math.min(Math.floor(at), STOPS.length - 2);
  return [16, 8, 0].map((shift) => {
    const [from, to] = [STOPS[low] >> shift & 255, STOPS[low + 1] >> shift & 255];
    return Math.round(from + (at - low) * (to - from));
  });
});

// A map in 0..1 as RGBA bytes.
export function paint(values) {
  const rgba = new Uint8ClampedArray(4 * values.length);
  for (let i = 0, at = 0; i < values.length; i++, at += 4) {
    const color = INFERNO[Math.min(Math.max(Math.round(255 * values[i]), 0), 255)];
    rgba[at] = color[0];
    rgba[at + 1] = color[1];
    rgba[at + 2] = color[2];
    rgba[at + 3] = 255;
  }
  return rgba;
}
