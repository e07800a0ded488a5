// The page. Alone it is a site with three views; in a frame of the app (?view=live or ?view=photo) it is one of them.
import { able, load } from './engine.js';
import { start, stop } from './live.js';
import { photo, show } from './photo.js';
import { fillIn, text } from './texts.js';

const models = await (await fetch('models.json')).json();
const part = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search), view = query.get('view') ?? 'photo';
const page = {
  embedded: query.has('view'), manifest: null,
  say(key, values = {}, failed = false) {
    const words = text(key, values);
    if (part('status').textContent !== words) part('status').textContent = words;
    part('status').classList.toggle('failed', failed);
  },
  fail(error) {
    page.say(error.key ?? 'device.lost', error.values, true);
    part('again').hidden = error.key === 'device.unreadable';
  },
  // What computes may change with any answer: a graphics processor that fails is given up.
  computed(processor) {
    const { dataset } = document.body;
    if (dataset.processor === processor) return;
    part('engine').textContent = text(`device.engine.${processor}`, { n: dataset.threads });
    dataset.processor = processor;
  },
  hidden: () => part('live').hidden || (page.embedded && window.frameElement?.offsetParent === null),
};
for (const id of ['result', 'faces', 'whole', 'more', 'heat', 'rate', 'start', 'stop', 'stage', 'over', 'people']) page[id] = part(id);
Object.assign(page, { photo: part('picture'), video: document.querySelector('video') });
const tell = (message) => parent.postMessage(message, location.origin);

async function choose(wish) {
  const found = models.find(({ name }) => name === wish) ?? models[0];
  part('again').hidden = true;
  page.say('device.loading');
  try {
    const { manifest, threads, processor, files } = await load(found.name);
    page.manifest = manifest;
    part('model').value = found.name;
    const key = wish && wish !== found.name ? 'device.other' : manifest.trained ? 'device.ready' : 'device.untrained';
    page.say(key, { name: wish, title: manifest.title });
    document.body.dataset.threads = threads;
    page.computed(processor);
    document.body.dataset.ready = found.name;
    if (!page.embedded) navigator.serviceWorker?.ready.then(({ active }) => active.postMessage(files));
    if (photo()) await show(page);
  } catch (error) { page.fail(error); }
}

function open(name) {
  stop(page);
  for (const tab of document.querySelectorAll('[role=tab]')) tab.setAttribute('aria-selected', tab.dataset.view === name);
  for (const section of document.querySelectorAll('section')) section.hidden = section.id.replace('_view', '') !== name;
}

const taken = (event) => [...event.files].find(({ type }) => !type || type.startsWith('image/'));
const isPhoto = () => !part('photo').hidden;
document.querySelector('nav').addEventListener('click', ({ target }) => target.dataset.view && open(target.dataset.view));
part('file').addEventListener('change', ({ target }) => target.files[0] && show(page, target.files[0]));
part('whole').addEventListener('click', () => show(page, photo(), true));
part('start').addEventListener('click', () => start(page));
part('stop').addEventListener('click', () => stop(page));
part('again').addEventListener('click', () => choose(part('model').value));
part('model').addEventListener('change', ({ target }) => choose(target.value));
part('server').addEventListener('click', () => part('sure').showModal());
part('sure').addEventListener('close', ({ target }) => target.returnValue === 'send' && tell({ fer: 'server', file: photo() }));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  if (isPhoto() && taken(event.dataTransfer)) show(page, taken(event.dataTransfer));
});
document.addEventListener('paste', (event) => isPhoto() && taken(event.clipboardData) && show(page, taken(event.clipboardData)));
// The page around the frame hands over what was chosen there.
addEventListener('message', ({ origin, data }) => {
  if (origin !== location.origin || !data.fer) return;
  if (data.fer === 'model') choose(data.name);
  if (data.fer === 'photo' && isPhoto()) show(page, data.file);
});

// Headers for threads: a server may set them; elsewhere the service worker does, from the second look at the page on.
function keepForLater() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  serviceWorker.addEventListener('controllerchange', () => {
    if (!crossOriginIsolated && !photo() && !page.video.srcObject) location.reload();
  });
  serviceWorker.register('service_worker.js').catch(() => {});
}

fillIn(document);
document.body.classList.toggle('embedded', page.embedded);
if (query.has('scheme')) document.documentElement.style.colorScheme = query.get('scheme');
open(view);
if (!able()) {
  page.say('device.unfit', {}, true);
  document.body.classList.add('unfit');
  tell({ fer: 'unable' });
} else {
  if (!page.embedded) keepForLater();
  part('model').append(...models.map(({ name, title }) => new Option(`${title} (${name})`, name)));
  await choose(query.get('model') || undefined);
}
