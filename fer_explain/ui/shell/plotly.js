// ferPlotly(): the promise of plotly.js, which is asked for once, at the latest when the page is at rest.
(() => {
  let library = null;
  window.ferPlotly = () => library ??= new Promise((resolve, reject) => {
    const tag = Object.assign(document.createElement('script'), { src: new URL('ADDRESS', document.baseURI) });
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = () => reject(new Error('plotly.js cannot be loaded'));
    document.head.append(tag);
  });
  const read = () => (window.requestIdleCallback ?? setTimeout)(window.ferPlotly);
  // Gradio may put this into the page when it has long been loaded.
  if (document.readyState === 'complete') read();
  else addEventListener('load', read, { once: true });
})();
