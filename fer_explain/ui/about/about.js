// A wide table of the card scrolls, and who has no mouse scrolls with the arrow keys: Gradio's Markdown cannot be told
// to let a table have the focus.
new MutationObserver(() => {
  for (const table of document.querySelectorAll("#card table:not([tabindex])")) table.tabIndex = 0;
}).observe(document.documentElement, { childList: true, subtree: true });
