// What the page says, in the reader's language. texts.json holds the sentences by language and key.
const all = await (await fetch('texts.json')).json();
const language = navigator.languages.map((tag) => tag.split('-')[0]).find((tag) => tag in all) ?? 'en';
const texts = { ...all.en, ...all[language] };
document.documentElement.lang = language;

export const text = (key, values = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
export const emotion = (label) => texts[`emotion.${label}`] ?? label;
export const percent = (share) => `${Math.round(100 * share)} %`;

export function fillIn(root) {
  for (const node of root.querySelectorAll('[data-text]')) node.textContent = text(node.dataset.text);
}
