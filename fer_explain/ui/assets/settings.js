// The settings of an explanation: sends each change, and keeps the fold open when the controls change.
let open = false;
element.addEventListener('toggle', (event) => {
  if (event.target.matches('.fer-settings')) open = event.target.open;
}, true);
watch('value', () => {
  const fold = element.querySelector('.fer-settings');
  if (fold) fold.open = open;
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
  trigger('adjust', { parameter: setting, setting: value });
});
