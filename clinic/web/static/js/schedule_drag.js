// Moving an appointment by dragging its card. Progressive enhancement: the page "Move" does the same, and more.

// Pixels that a press moves before it drags, and pixels from an edge at which the grid scrolls.
const THRESHOLD = 6;
const EDGE = 40;

// Minutes.
const STEP = 15;
const DAY = 24 * 60;

const CARD = '.cols .appt[data-move]';

let drag = null;

const grid = () => document.querySelector('.cols');
const isWide = () => document.querySelector('.gutter')?.checkVisibility();
const clock = (minutes) => [minutes / 60, minutes % 60].map((part) => String(Math.floor(part)).padStart(2, '0')).join(':');

// The classes of a start, or of a length, in the style sheet.
const classes = (prefix, minutes) => `${prefix}h${Math.floor(minutes / 60)} ${prefix}m${minutes % 60}`;

// The hours of the grid are custom properties, in steps of five minutes.
function frame() {
  const style = getComputedStyle(grid());
  return { first: style.getPropertyValue('--from') * 5, last: style.getPropertyValue('--to') * 5 };
}

// The length of a card, from its times like 10:45–11:15.
function minutesOf(card) {
  const [starts, ends] = card.querySelector('.at').textContent.split('–').map((time) => {
    const [hour, minute] = time.split(':').map((part) => parseInt(part, 10));
    return hour * 60 + minute;
  });
  return (ends - starts + DAY) % DAY;
}

function columnAt(x) {
  const columns = [...document.querySelectorAll('.cols > .col')];
  return columns.find((column) => x < column.getBoundingClientRect().right) ?? columns.at(-1);
}

// Where the card would be: a column, and a start on the quarter of an hour.
function placeAt(event) {
  const column = columnAt(event.clientX);
  const list = column.querySelector('ol').getBoundingClientRect();
  const { first, last } = frame();
  const minute = first + (event.clientY - drag.grabbed - list.top) / (list.height / (last - first));
  const latest = Math.min(last, DAY) - drag.minutes;
  return { column, starts: Math.max(first, Math.min(Math.round(minute / STEP) * STEP, latest)) };
}

function begin(event) {
  const card = drag.card;
  drag.ghost = card.cloneNode(true);
  drag.ghost.setAttribute('aria-hidden', 'true');
  drag.ghost.querySelector('a').removeAttribute('href');
  card.setPointerCapture(event.pointerId);
  card.classList.add('dragged');
  document.documentElement.dataset.dragging = '1';
}

function show(place) {
  const { starts, column } = place;
  const length = Math.max(Math.ceil(drag.minutes / 5) * 5, STEP);
  drag.ghost.className = `appt ghost ${classes('', starts)} ${classes('l', length)}`;
  drag.ghost.querySelector('.at').textContent = `${clock(starts)}–${clock(starts + drag.minutes)}`;
  column.querySelector('ol').append(drag.ghost);
  drag.place = place;
}

function scrollAt(event) {
  const pane = grid().getBoundingClientRect();
  const towards = (at, low, high) => (at < low + EDGE ? -1 : at > high - EDGE ? 1 : 0);
  grid().scrollBy(12 * towards(event.clientX, pane.left, pane.right), 12 * towards(event.clientY, pane.top, pane.bottom));
}

function stop() {
  drag?.ghost?.remove();
  drag?.card.classList.remove('dragged');
  delete document.documentElement.dataset.dragging;
  drag = null;
}

function send(dropped) {
  const { card, place } = dropped;
  const form = document.querySelector('[data-move-form]');
  const { version, time, minutes, practitioner_id: practitioner } = form.elements;
  version.value = card.dataset.move;
  time.value = clock(place.starts);
  minutes.value = dropped.minutes;
  practitioner.value = place.column.querySelector('h2').id.slice(2);
  const appointment = new URL(card.querySelector('a').href, location).searchParams.get('appointment');
  form.action = form.action.replace(/[^/]+(?=\/move$)/, appointment);
  form.submit();
}

function press(event) {
  const card = event.target.closest(CARD);
  if (!card || event.button || event.pointerType === 'touch' || !isWide()) return;
  const top = card.getBoundingClientRect().top;
  drag = { card, x: event.clientX, y: event.clientY, grabbed: event.clientY - top, minutes: minutesOf(card) };
}

function move(event) {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < THRESHOLD) return;
    begin(event);
    drag.from = placeAt({ clientX: drag.x, clientY: drag.y });
  }
  scrollAt(event);
  show(placeAt(event));
}

function release() {
  if (!drag?.ghost) {
    drag = null;
    return;
  }
  const dropped = drag;
  const { place, from } = dropped;
  addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener('click', swallow, { capture: true }));
  if (place.column === from.column && place.starts === from.starts) {
    stop();
  } else {
    drag = null; // the ghost stays until the next page
    send(dropped);
  }
}

// The click that ends a drag does not choose the card.
function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function cancel(event) {
  if (!drag?.ghost || event.key !== 'Escape') return;
  event.preventDefault();
  event.stopImmediatePropagation();
  stop();
}

document.addEventListener('pointerdown', press);
document.addEventListener('pointermove', move);
document.addEventListener('pointerup', release);
document.addEventListener('pointercancel', stop);
document.addEventListener('keydown', cancel, true);
document.addEventListener('dragstart', (event) => { if (event.target.closest?.(CARD)) event.preventDefault(); });
addEventListener('pageshow', stop);
