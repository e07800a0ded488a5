// A wide table of the card scrolls, and who has no mouse scrolls with the arrow keys: Gradio's Markdown cannot be told
// to let a table have the focus.
const card = element.closest('.fer-card');
new MutationObserver(() => {
  for (const table of card.querySelectorAll('table:not([tabindex])')) table.tabIndex = 0;
}).observe(card, { childList: true, subtree: true });
