// The photo view: a file is opened, searched and explained here. Nothing of it is sent anywhere.
import { list, overlay } from './draw.js';
import { Failure, ask } from './engine.js';
import { text } from './texts.js';

const LARGEST = 2048;                      // pixels of the long side, as in fer_explain/faces/photo.py
let last = null;

// Shows a file, or the last one anew: `whole` takes all of it for one face.
export async function show(page, file = last, whole = false) {
  if (!file) return;
  const fresh = file !== last;
  last = file;
  page.say('device.searching');
  try {
    const bitmap = await opened(file);
    const seen = await ask({ kind: 'look', bitmap: await createImageBitmap(bitmap), whole });
    if (file !== last) return;
    page.result.hidden = false;
    [page.photo.width, page.photo.height] = [seen.width, seen.height];
    page.photo.getContext('2d').drawImage(bitmap, 0, 0);
    overlay(page.photo, seen, page.manifest);
    list(page.faces, seen, page.manifest, true);
    page.computed(seen.processor);
    page.whole.hidden = seen.faces.length > 0;
    page.more.hidden = !page.embedded;
    page.say(seen.faces.length ? 'device.found' : 'device.none', { n: seen.count });
  } catch (error) {
    if (fresh && error.key === 'device.unreadable') page.result.hidden = true;
    page.fail(error);
  }
}

export const photo = () => last;

async function opened(file) {
  let bitmap;
  try { bitmap = await createImageBitmap(file); } catch { throw new Failure('device.unreadable'); }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  if (scale === 1) return bitmap;
  const [resizeWidth, resizeHeight] = [bitmap.width, bitmap.height].map((side) => Math.round(side * scale));
  return createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: 'high' });
}
