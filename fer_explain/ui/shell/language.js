// Upstream defect, no issue found: Gradio's part of the page starts only in languages it was translated to itself, and
// shows English texts to everybody else. Test: test_page_does_not_start_in_a_language_of_ours_alone.
// For the other languages that we speak, this puts our texts in the place of the English ones.
(() => {
  const language = navigator.language.split('-')[0];
  const { spoken, texts } = JSON.parse(document.getElementById('fer-texts').textContent);
  if (spoken.includes(language)) document.documentElement.lang = navigator.language;
  const words = texts[language];
  if (!words) return;

  const ATTRIBUTES = ['aria-label', 'title', 'placeholder'];
  const translate = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const word = words[node.data.trim()];
      if (word) node.data = word;
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      for (const name of ATTRIBUTES) {
        const word = words[node.getAttribute(name)];
        if (word) node.setAttribute(name, word);
      }
      node.childNodes.forEach(translate);
    }
  };
  new MutationObserver((changes) => changes.forEach((change) => {
    translate(change.target);
    change.addedNodes.forEach(translate);
  })).observe(document.documentElement, { childList: true, subtree: true, characterData: true, attributeFilter: ATTRIBUTES });
})();
