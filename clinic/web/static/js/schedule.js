// The day of the schedule. Progressive enhancement: the page works without this file.

// Milliseconds.
const ASK_EVERY = 20000;

const ACT_KEYS = ['a', 'i', 'd', 'm', 'p', 'x'];
const PANEL = '.panel';
const PARTS = ['.schedule', '.counts', '.notices'];

const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
const cardLinks = (root = document) => findAll('.appt > a', root);
const allLinks = () => findAll('.appt > a, .stack a');
const currentCard = () => allLinks().find((link) => link.matches('[aria-current]') && link.checkVisibility());
const appointmentOf = (link) => new URL(link.href, location).searchParams.get('appointment');

async function fetchPage(url, headers = {}) {
  const response = await fetch(url, { headers: { 'X-Swap': PANEL, ...headers } });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return response.ok && find('.schedule', page) ? page : null;
}

// The panel: a card is chosen by swapping the panel of its own address; choosing it again opens the appointment.

function mark(link) {
  allLinks().forEach((card) => card.removeAttribute('aria-current'));
  link?.setAttribute('aria-current', 'true');
}

function showPanel(panel) {
  const open = find(PANEL);
  if (open) open.replaceWith(panel);
  else find('.schedule').before(panel);
}

async function choose(link) {
  find(PANEL)?.setAttribute('aria-busy', 'true');
  const page = await fetchPage(link.href).catch(() => null);
  const panel = page && find(PANEL, page);
  if (!panel) {
    location.assign(link.href);
    return false;
  }
  showPanel(panel);
  mark(link);
  history.replaceState(null, '', link.href);
  return true;
}

function closePanel(close) {
  const card = currentCard();
  find(PANEL).remove();
  mark(null);
  history.replaceState(null, '', close.href);
  card?.focus({ preventScroll: true });
}

function click(event) {
  const link = event.target.closest('a');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  if (link.matches('.panel [data-key="Escape"]')) {
    event.preventDefault();
    closePanel(link);
  } else if (link.matches('.appt > a')) {
    event.preventDefault();
    if (link.hasAttribute('aria-current') && find(PANEL)) location.assign(find(PANEL).dataset.open);
    else choose(link).then(focusPanelWhereAbove);
  }
}

// Where the panel is above the list, it is not in view when a card further down is chosen.
function focusPanelWhereAbove() {
  const panel = find(PANEL);
  if (panel && panel.getBoundingClientRect().bottom < find('.schedule').getBoundingClientRect().top + 1) {
    find('h2', panel).focus();
    panel.scrollIntoView({ block: 'start' });
  }
}

// Keys on a card that is not chosen: they concern this card, not the one in the panel.

async function press(event) {
  const link = event.target.closest?.('.appt > a');
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && document.body.dataset.keys !== 'off';
  const key = event.key.toLowerCase();
  if (!link || link.hasAttribute('aria-current') || !plain || !ACT_KEYS.includes(key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await choose(link)) find(`${PANEL} [data-key="${key}"]`)?.click();
}

// Refreshing: the address of the changes answers 304 as long as the day is the same.

let timer;

function cardsByAppointment(root) {
  const html = (link) => link.parentElement.outerHTML.replace(' aria-current="true"', '');
  return new Map(cardLinks(root).map((link) => [appointmentOf(link), html(link)]));
}

function countChanges(before, after) {
  const ids = new Set([...before.keys(), ...after.keys()]);
  return [...ids].filter((id) => before.get(id) !== after.get(id)).length;
}

function isBusy() {
  const dragging = 'dragging' in document.documentElement.dataset;
  return dragging || Boolean(find('details.more[open]')) || findAll('.schedule, .panel').some((part) => part.contains(document.activeElement));
}

function scrollOf(grid) {
  return grid ? [grid.scrollLeft, grid.scrollTop] : [0, 0];
}

function swapParts(page) {
  const [left, top] = scrollOf(find('.cols'));
  for (const selector of PARTS) {
    const [old, fresh] = [find(selector), find(selector, page)];
    if (old && fresh) old.replaceWith(fresh);
  }
  const panel = find(PANEL, page);
  if (panel && find(PANEL)) find(PANEL).replaceWith(panel);
  find('.cols')?.scrollTo(left, top);
  offerButtons();
}

function say(text, page) {
  const bar = find('.refresh');
  bar.hidden = !text;
  find('button', bar).hidden = !page;
  find('span', bar).textContent = text;
  bar.onclick = page ? () => { swapParts(page); say(''); } : null;
}

async function ask() {
  const day = find('.schedule');
  if (document.hidden) return;
  const background = { 'X-Background': '1' };
  const answer = await fetch(day.dataset.changes, { headers: { ...background, 'If-None-Match': day.dataset.etag } });
  if (answer.status !== 204) return;
  const page = await fetchPage(location.href, background);
  if (!page) return;
  const changes = countChanges(cardsByAppointment(document), cardsByAppointment(page));
  if (!isBusy()) swapParts(page);
  else if (changes) say(changes === 1 ? '1 change' : `${changes} changes`, page);
}

async function keepFresh() {
  try {
    await ask();
    if (find('.refresh').dataset.offline) say('');
    delete find('.refresh').dataset.offline;
  } catch {
    find('.refresh').dataset.offline = '1';
    say(`No connection: this is the day as of ${find('.schedule').dataset.at}`);
  }
  timer = setTimeout(keepFresh, ASK_EVERY);
}

// The whole day at once, in smaller rows or on a sheet of paper, when asked for.

function offerButtons() {
  findAll('[data-fit-day], [data-print]').forEach((button) => { button.hidden = false; });
}

function showWhole(event) {
  if (event.target.closest('[data-fit-day]')) find('.cols').toggleAttribute('data-fit');
  if (event.target.closest('[data-print]')) print();
}

// The date form is sent by choosing a day, or with Enter by whoever types one: each digit changes the date.

function prepareDate() {
  const form = find('[data-day-form]');
  const input = find('input', form);
  let typing = false;
  find('button', form).classList.add('vh');
  input.addEventListener('keydown', () => { typing = true; });
  input.addEventListener('blur', () => { typing = false; });
  input.addEventListener('change', () => { if (!typing && input.value) form.requestSubmit(); });
}

// Start: the chosen card, else the current time, is in view; after an act the focus is on its card.

function scrollGridTo(item) {
  const grid = find('.cols');
  const [outer, inner] = [grid, item].map((one) => one.getBoundingClientRect());
  if (inner.bottom > outer.bottom || inner.left < outer.left || inner.right > outer.right || inner.top < outer.top) {
    grid.scrollBy(inner.left - outer.left - outer.width / 2, inner.top - outer.top - outer.height / 2);
  }
}

function showChosen() {
  const card = currentCard();
  const wide = find('.gutter')?.checkVisibility();
  const item = card ?? find('.col .now');
  if (wide && item) scrollGridTo(item);
  if (card && find('.toast.undo')) (wide ? card : find(`${PANEL} h2`))?.focus({ preventScroll: wide });
}

document.addEventListener('click', click);
document.addEventListener('click', showWhole);
document.addEventListener('keydown', press, true);
prepareDate();
offerButtons();
showChosen();
if (find('.schedule').dataset.changes) timer = setTimeout(keepFresh, ASK_EVERY);
addEventListener('pagehide', () => clearTimeout(timer));
