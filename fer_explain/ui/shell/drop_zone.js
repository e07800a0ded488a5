// Gradio names a drop zone in English whatever is written in it; without that name it is called what is written.
new MutationObserver(() => document.querySelectorAll('.upload-container[aria-label]').forEach((zone) => {
  zone.removeAttribute('aria-label');
})).observe(document.documentElement, { childList: true, subtree: true });
