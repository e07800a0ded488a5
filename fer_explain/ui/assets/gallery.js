// A click on a face gives it to the Analyse tab as if it had been uploaded there; Compare takes it over from Analyse.
element.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-open]');
  const input = document.querySelector('#drop input[type=file]');
  if (!button || !input) return;
  const picture = await (await fetch(button.querySelector('img').src)).blob();
  const files = new DataTransfer();
  files.items.add(new File([picture], `row-${button.dataset.open}.png`, { type: 'image/png' }));
  input.files = files.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  document.querySelector('#tabs button[role="tab"][data-tab-id="analyse"]')?.click();
  window.scrollTo({ top: 0 });
});
