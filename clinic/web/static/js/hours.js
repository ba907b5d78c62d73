// Hours: rows are added and removed in place, totals and buttons follow, and arrow keys walk through the month.
// Without this file the server does it, and each day of the month is a stop of the Tab key.

const TIME = /^(\d{1,2})(?:[:.h]?(\d{2}))?$/;
const DAY = 24 * 60;

const week = document.querySelector('#f-ranges');
const outside = document.querySelector('[data-outside]');
const days = [...document.querySelectorAll('.month tbody a')];
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

// Rows of the week. Numbers only have to be unique: the server sorts the rows by day.

function rowsOf(root) {
  return [...root.querySelectorAll('li:has([name$="-starts"])')];
}

function filled(row, values) {
  const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  for (const element of row.querySelectorAll('*')) {
    for (const attribute of element.attributes) attribute.value = fill(attribute.value);
    if (!element.childElementCount) element.textContent = fill(element.textContent);
  }
  return row;
}

function newRow(day) {
  const numbers = rowsOf(week).map((row) => Number(row.querySelector('[name$="-starts"]').name.split('-')[1]));
  const heading = day.querySelector('h3');
  return filled(week.querySelector('template').content.firstElementChild.cloneNode(true), {
    day: heading.id,
    name: heading.textContent,
    number: Math.max(-1, ...numbers) + 1,
    index: rowsOf(day).length + 1,
  });
}

function addRow(event, day) {
  if (rowsOf(week).length >= Number(week.dataset.most)) return;
  event.preventDefault();
  const list = day.querySelector('ul');
  const row = newRow(day);
  if (!rowsOf(day).length) list.replaceChildren();
  list.append(row);
  row.querySelector('[name$="-starts"]').focus();
}

function removeRow(event, day) {
  event.preventDefault();
  event.target.closest('li').remove();
  if (!rowsOf(day).length) {
    day.querySelector('ul').append(week.querySelector('template').content.lastElementChild.cloneNode(true));
  }
  day.querySelector('[name=add]').focus();
}

function changeRows(event) {
  const button = event.target.closest('button');
  const day = event.target.closest('.weekday');
  if (button?.name === 'add') addRow(event, day);
  if (button?.name === 'remove') removeRow(event, day);
  showTotals();
}

// Minutes since midnight, NaN for what is no time; midnight can end a range.
function minuteOf(text, isEnd) {
  const [, hours, minutes = 0] = TIME.exec(text.trim()) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && (minute < DAY || (isEnd && minute === DAY)) ? minute : NaN;
}

function minutesOf(row) {
  const [starts, ends] = ['starts', 'ends'].map((name) => row.querySelector(`[name$="-${name}"]`).value);
  const minutes = minuteOf(ends, true) - minuteOf(starts, false);
  return minutes > 0 ? minutes : NaN;
}

function totalOf(root) {
  const minutes = rowsOf(root).reduce((sum, row) => sum + minutesOf(row), 0);
  if (!minutes) return '–';
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${String(rest).padStart(2, '0')}` : ''}`;
}

function showTotals() {
  for (const day of week.querySelectorAll('.weekday')) day.querySelector('output').textContent = totalOf(day);
  document.querySelector('[data-week-total]').textContent = totalOf(week);
}

// What becomes of the appointments outside.

function counted() {
  const chosen = [...outside.querySelectorAll('select')].map((select) => select.value);
  const cancelled = chosen.filter((value) => value === 'cancel').length;
  const moved = chosen.filter((value) => value !== 'cancel' && value !== 'keep').length;
  return { moved, cancelled, kept: Number(outside.dataset.outside) - moved - cancelled };
}

function listed(...counts) {
  return counts.filter(([count]) => count).map((parts) => parts.join(' ')).join(', ');
}

function showChoices() {
  const uses = outside.querySelector('[name=outside][value=choose]')?.checked;
  const { moved, cancelled, kept } = uses ? counted() : { moved: 0, cancelled: 0, kept: outside.dataset.outside };
  const counts = outside.querySelector('[data-outside-counts]');
  if (counts) counts.textContent = uses ? `: ${listed([moved, 'moved'], [cancelled, 'cancelled'], [kept, 'kept'])}` : '';
  const acts = [moved && `move ${moved}`, cancelled && `cancel ${cancelled}`].filter(Boolean).join(', ');
  for (const label of outside.closest('form').querySelectorAll('[data-outside-act]')) {
    label.textContent = `${label.dataset.outsideAct}, ${acts || `keep ${kept} as booked`}`;
  }
}

// The month is one stop of the Tab key: today, or the day that was reached last.

function stopAt(day) {
  for (const one of days) one.tabIndex = one === day ? 0 : -1;
}

function walk(event) {
  const day = days[days.indexOf(event.target) + STEPS[event.key]];
  if (!day || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  stopAt(day);
  day.focus();
}

if (week) {
  week.addEventListener('click', changeRows);
  week.addEventListener('input', showTotals);
}
if (outside) {
  const paper = outside.querySelector('[data-print]');
  if (paper) {
    paper.hidden = false;
    paper.addEventListener('click', () => print());
  }
  outside.addEventListener('input', showChoices);
  showChoices();
}
if (days.length) {
  stopAt(days.find((day) => day.ariaCurrent) ?? days[0]);
  days[0].closest('.month').addEventListener('keydown', walk);
}
