// The theme switch. The choice outlives the page; without one, the system's theme holds.
const KEY = 'fer-explain-theme';
const set = (dark) => document.body.classList.toggle('dark', dark);
const chosen = localStorage.getItem(KEY);
if (chosen) set(chosen === 'dark');
element.querySelector('button').addEventListener('click', () => {
  const dark = !document.body.classList.contains('dark');
  set(dark);
  localStorage.setItem(KEY, dark ? 'dark' : 'light');
});
