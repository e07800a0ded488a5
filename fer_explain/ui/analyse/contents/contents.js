// One link for each card of the answer that can be seen, by the card's own title; cards beside each other share the first one's.
const results = element.closest('#results');
const MARGIN = 60; // pixels below the upper border within which a card counts as the one that is read

const title = (card) => card.querySelector('h2, .label-wrap > span')?.textContent.split(':')[0].trim();
const seen = () => [...results.querySelectorAll('.fer-card')].filter((card) => card.offsetParent && title(card));

function rows() {
  const tops = new Set();
  return seen().filter((card) => {
    const top = Math.round(card.getBoundingClientRect().top);
    return !tops.has(top) && tops.add(top);
  });
}

let drawn = '', read = -1;
function draw() {
  const list = element.querySelector('nav');
  if (!results.offsetParent || !list) return;
  const cards = rows();
  const up = cards.length > 0 && cards[0].getBoundingClientRect().bottom < 0;
  list.inert = !up;
  if (!up) return;
  const names = cards.map(title);
  if (drawn !== names.join('\n') || !list.childElementCount) {
    drawn = names.join('\n');
    list.replaceChildren(...cards.map((card, i) => {
      const link = Object.assign(document.createElement('button'), { type: 'button', textContent: names[i] });
      link.addEventListener('click', () => rows()[i]?.scrollIntoView({ block: 'start' }));
      return link;
    }));
  }
  const current = cards.findLastIndex((card) => card.getBoundingClientRect().top <= MARGIN);
  if (read !== current) list.scrollLeft = (list.children[current]?.offsetLeft ?? 0) - 18; // a phone shows few of them
  read = current;
  [...list.children].forEach((link, i) => i === current ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current'));
}

let asked = false;
window.addEventListener('scroll', () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}, { passive: true });
