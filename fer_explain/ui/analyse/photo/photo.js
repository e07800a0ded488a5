// The photo: a click on a face chooses it; a picture that is pasted or dropped anywhere on the page is uploaded.
// Not every system knows the types of HEIC and JPEG 2000 files, so their names count as well.
element.addEventListener('click', (event) => {
  const face = event.target.closest('[data-face]');
  if (face) trigger('pick', { index: Number(face.dataset.face) });
});

const suffixes = ['.heic', '.heif', '.avif', '.jp2', '.j2k'];
const isPicture = ({ type, name }) =>
  type.startsWith('image/') || suffixes.some((suffix) => name.toLowerCase().endsWith(suffix));

// Upstream defect, no issue found: Gradio refuses a picture whose type the system does not know.
// Test: test_picture_without_a_type_is_refused.
const typed = (file) => (file.type ? file : new File([file], file.name, { type: 'image/heic' }));

const submit = (file) => {
  const input = document.querySelector('#drop input[type=file]');
  if (!input || !file || !isPicture(file)) return false;
  const files = new DataTransfer();
  files.items.add(typed(file));
  input.files = files.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
};
const visible = () => element.isConnected && document.querySelector('#drop')?.offsetParent;

document.addEventListener('paste', (event) => {
  const item = [...(event.clipboardData?.items ?? [])].find((entry) => entry.kind === 'file');
  if (visible() && item && submit(item.getAsFile())) event.preventDefault();
});
document.addEventListener('dragover', (event) => {
  if (visible() && event.dataTransfer?.types.includes('Files')) event.preventDefault();
});
document.addEventListener('drop', (event) => {
  if (!visible() || !event.dataTransfer?.files.length) return;
  const [file] = event.dataTransfer.files;
  // What the drop zone can judge by its type, or must refuse in its own words, stays with it.
  if (event.target.closest('#drop') && (file.type || !isPicture(file))) return;
  event.preventDefault();
  event.stopPropagation();
  submit(file);
}, true);
document.addEventListener('change', (event) => {
  const file = event.target.matches?.('#drop input[type=file]') && event.target.files[0];
  if (!file || file.type || !isPicture(file)) return;
  event.stopImmediatePropagation();
  submit(file);
}, true);
// The dialog that a click on a drop zone opens shows these files, too.
document.addEventListener('click', () => {
  for (const input of document.querySelectorAll('input[type=file][accept="image/*"]')) {
    input.accept = ['image/*', ...suffixes].join(',');
  }
}, true);
