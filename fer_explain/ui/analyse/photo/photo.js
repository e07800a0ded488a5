// The photo: a click on a face chooses it; a picture that is pasted or dropped anywhere on the page is uploaded.
element.addEventListener('click', (event) => {
  const face = event.target.closest('[data-face]');
  if (face) trigger('pick', { index: Number(face.dataset.face) });
});

const submit = (file) => {
  const input = document.querySelector('#drop input[type=file]');
  if (!input || !file || !file.type.startsWith('image/')) return false;
  const files = new DataTransfer();
  files.items.add(file);
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
  if (!visible() || event.target.closest('#drop')) return;
  if (event.dataTransfer?.files.length) {
    event.preventDefault();
    submit(event.dataTransfer.files[0]);
  }
});
