// The switch "On this device": opens the device's own page in a frame, and hands it what the page around it is told.
// Gradio fills this element in after the script has run, so its parts are looked for when they are needed.
const part = (selector) => element.querySelector(selector);
const page = () => part('iframe')?.contentWindow;
const isOn = () => part('.fer-device')?.dataset.state === 'on';
const scheme = () => (document.body.classList.contains('dark') ? 'dark' : 'light');

function turn(state) {
  part('.fer-device').dataset.state = state;
  part('input').checked = state === 'on';
  part('.fer-device-frame').replaceChildren(...(state === 'on' ? [frame()] : []));
}

function frame() {
  const wish = new URLSearchParams({ view: part('.fer-device').dataset.view, scheme: scheme() });
  if (document.body.dataset.model) wish.set('model', document.body.dataset.model);
  const made = Object.assign(document.createElement('iframe'), {
    src: new URL(`device/?${wish}`, document.baseURI), title: part('label').textContent.trim(), allow: 'camera',
  });
  made.addEventListener('load', () => {
    const { body } = made.contentDocument;
    new made.contentWindow.ResizeObserver(() => { made.style.height = `${Math.ceil(body.getBoundingClientRect().height) + 16}px`; }).observe(body);
  });
  return made;
}

const picture = (transfer) => [...(transfer?.files ?? [])].find(({ type }) => !type || type.startsWith('image/'));
const tell = (message) => page().postMessage(message, location.origin);

// A photo that is dropped or pasted beside the frame belongs into it, and must not reach what sends it to the server.
function take(event, transfer) {
  if (!isOn() || !element.offsetParent) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (picture(transfer)) tell({ fer: 'photo', file: picture(transfer) });
}

// The visitor agreed to show the photo to the server: it goes the way of every photo that is dropped on the page.
function handOver(file) {
  turn('off');
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(file);
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
}

element.addEventListener('change', ({ target }) => turn(target.checked ? 'on' : 'off'));
addEventListener('drop', (event) => take(event, event.dataTransfer), true);
addEventListener('paste', (event) => take(event, event.clipboardData), true);
addEventListener('message', ({ origin, source, data }) => {
  if (origin !== location.origin || !source || source !== page()) return;
  if (data.fer === 'unable') turn('unable');
  if (data.fer === 'server' && data.file) handOver(data.file);
});
new MutationObserver((changes) => {
  if (!isOn()) return;
  if (changes.some(({ attributeName }) => attributeName === 'data-model')) tell({ fer: 'model', name: document.body.dataset.model });
  const root = part('iframe').contentDocument?.documentElement;
  if (root) root.style.colorScheme = scheme();
}).observe(document.body, { attributeFilter: ['class', 'data-model'] });
