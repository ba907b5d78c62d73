// Booking and moving: the button and "Will be" follow the chosen time. Without this file the page works as well.

const DAY = 24 * 60 * 60 * 1000;

const form = document.querySelector('#book');
const label = form?.querySelector('[data-act-label]');
const willBe = document.querySelector('[data-will-be]');
const plain = label?.textContent;
const unknown = willBe?.textContent;

// A value is "practitioner/2026-11-13T09:30/fold/minutes".
function chosenTime() {
  const radio = form.querySelector('[name=slot]:checked');
  if (!radio?.value) return undefined;
  const [practitioner, start] = radio.value.split('/');
  const [day, time] = start.split('T');
  return { practitioner, day, time, ends: radio.dataset.ends, room: radio.dataset.room };
}

function shortDay(day) {
  const parts = { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' };
  return new Intl.DateTimeFormat('en-GB', parts).format(new Date(day)).replace(',', '').replace('Sept', 'Sep');
}

function nameOf(practitioner) {
  return form.querySelector(`#f-practitioner_id option[value="${CSS.escape(practitioner)}"]`)?.textContent ?? '';
}

function difference(day) {
  const days = Math.round((new Date(day) - new Date(willBe.dataset.was)) / DAY);
  if (!days) return '';
  const unit = Math.abs(days) === 1 ? 'day' : 'days';
  return `${Math.abs(days)} ${unit} ${days < 0 ? 'earlier' : 'later'}`;
}

function element(name, text, className = '') {
  return Object.assign(document.createElement(name), { textContent: text, className });
}

function showAfter(time) {
  if (!time) {
    willBe.textContent = unknown;
    return;
  }
  const when = element('b', `${shortDay(time.day)}, ${time.time}–${time.ends}`);
  const moved = difference(time.day);
  const tag = moved ? [' ', element('span', moved, 'tag info')] : [];
  const where = [nameOf(time.practitioner), time.room].filter(Boolean).join(', ');
  willBe.replaceChildren(when, ...tag, element('br', ''), where);
}

function showChoice() {
  const time = chosenTime();
  label.textContent = time ? `${form.dataset.act} ${shortDay(time.day)} ${time.time}` : plain;
  if (willBe) showAfter(time);
}

// A free time and a typed one exclude each other.
function follow({ target }) {
  if (target.matches('[name=slot]')) {
    if (target.value) form.querySelector('#f-time').value = '';
    target.focus();
  } else if (target.matches('#f-time')) {
    form.querySelector('[name=slot][value=""]').checked = true;
  }
  showChoice();
}

if (form) {
  form.addEventListener('input', follow);
  new MutationObserver(showChoice).observe(form, { childList: true });
  showChoice();
}
