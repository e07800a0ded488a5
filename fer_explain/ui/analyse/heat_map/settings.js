// The settings of an explanation: sends what was changed once the hand rests, and keeps the fold open when the controls
// change. What a change is meant for goes along, as another explanation may be chosen by the time it is sent.
const REST = 250; // milliseconds
let open = false, waiting = null, timer = 0;

const send = () => {
  clearTimeout(timer);
  if (waiting) trigger('adjust', waiting);
  waiting = null;
};

element.addEventListener('toggle', (event) => {
  if (event.target.matches('.fer-settings')) open = event.target.open;
}, true);
watch('value', () => {
  const fold = element.querySelector('.fer-settings');
  if (fold) fold.open = open;
  send();
});

element.addEventListener('input', (event) => {
  if (event.target.type === 'range') event.target.nextElementSibling.textContent = event.target.value;
});
element.addEventListener('change', (event) => {
  const { setting } = event.target.dataset;
  if (!setting) return;
  let { value } = event.target;
  if (event.target.type === 'range') value = Number(value);
  if (event.target.type === 'checkbox') {
    value = [...element.querySelectorAll('[data-setting="' + setting + '"]:checked')].map((box) => box.value);
  }
  const { method, model } = event.target.closest('.fer-settings').dataset;
  waiting = { method, model, changes: { ...waiting?.changes, [setting]: value } };
  clearTimeout(timer);
  timer = setTimeout(send, REST);
});
// Whoever leaves the settings has done with them: what comes next already counts on them.
element.addEventListener('focusout', (event) => { if (!element.contains(event.relatedTarget)) send(); });
