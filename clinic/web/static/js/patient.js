// A patient's timeline: its filter and its older entries come without a reload. Without this file the links load the page.

const CARD = '#timeline-card';

const find = (selector, root = document) => root.querySelector(selector);

async function fetchCard(url) {
  const response = await fetch(url, { headers: { 'X-Swap': CARD } });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return response.ok ? find(CARD, page) : null;
}

function announce(text) {
  const region = find('[data-announcer]');
  region.textContent = '';
  setTimeout(() => { region.textContent = text; }, 30);
}

// The focus stays on the link that was followed, or on the heading if the new card lacks it.
function show(card, link) {
  const { pathname, search } = link;
  find(CARD).replaceWith(card);
  history.replaceState(null, '', pathname + search);
  const same = [...card.querySelectorAll('nav a')].find((one) => one.pathname + one.search === pathname + search);
  (same ?? find('h2', card)).focus({ preventScroll: true });
  announce(card.dataset.say);
}

// Older entries follow those that are shown; the focus goes to the first of them.
function append(card, link) {
  const list = find(`${CARD} .events`);
  const items = [...find('.events', card).children];
  list.append(...items);
  const older = find('[data-older]', card);
  if (older) link.closest('p').replaceWith(older);
  else link.closest('p').remove();
  items[0].tabIndex = -1;
  items[0].focus();
  announce(card.dataset.say);
}

async function follow(event) {
  const link = event.target.closest(`${CARD} :is([data-part], [data-older] a)`);
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !plain) return;
  event.preventDefault();
  find(CARD).setAttribute('aria-busy', 'true');
  const card = await fetchCard(link.href).catch(() => null);
  find(CARD).removeAttribute('aria-busy');
  if (!card) location.assign(link.href);
  else if (link.matches('[data-part]') || !find('.events', card)) show(card, link);
  else append(card, link);
}

document.addEventListener('click', follow);
