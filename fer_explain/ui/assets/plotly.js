// ferPlotly(): the promise of plotly.js, which is asked for once, at the latest when the page is at rest. Gradio's own copy,
// which no script can reach, is read then, too, so that the first figure of either kind need not wait for it.
(() => {
  let library = null;
  window.ferPlotly = () => library ??= new Promise((resolve, reject) => {
    const tag = Object.assign(document.createElement('script'), { src: new URL('ADDRESS', document.baseURI) });
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = () => reject(new Error('plotly.js cannot be loaded'));
    document.head.append(tag);
  });
  const atRest = (task) => (window.requestIdleCallback ?? setTimeout)(task);
  const read = () => atRest(() => Promise.all(GRADIOS.map((file) => import(new URL(file, document.baseURI)))).finally(() => atRest(window.ferPlotly)));
  // Gradio may put this into the page when it has long been loaded.
  if (document.readyState === 'complete') read();
  else addEventListener('load', read, { once: true });
})();
