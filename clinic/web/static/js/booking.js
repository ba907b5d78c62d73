// Booking and moving: the button and "Will be" follow the chosen time. Without this file the page works as well.

const form = document.querySelector('#book');
const label = form?.querySelector('[data-act-label]');
const willBe = document.querySelector('[data-will-be]');
const plain = label?.textContent;
const unknown = willBe?.textContent;

const chosen = () => form.querySelector('[name=slot]:checked');

function nameOf(practitioner) {
  const option = practitioner && form.querySelector(`#f-practitioner_id option[value="${CSS.escape(practitioner)}"]`);
  return option?.textContent ?? '';
}

function showChoice() {
  const { say, ends, with: practitioner } = chosen()?.dataset ?? {};
  label.textContent = say ? `${form.dataset.act} ${say}` : plain;
  if (willBe) willBe.textContent = say ? `${say}–${ends}, ${nameOf(practitioner)}` : unknown;
}

// A free time and a typed one exclude each other.

function chooseSlot(radio) {
  if (radio.value) form.querySelector('#f-time').value = '';
  radio.focus();
  showChoice();
}

function chooseTyped() {
  const typed = form.querySelector('[name=slot][value=""]');
  if (typed) typed.checked = true;
  showChoice();
}

function follow({ target }) {
  if (target.matches('[name=slot]')) chooseSlot(target);
  if (target.matches('#f-time')) chooseTyped();
}

if (form) {
  form.addEventListener('input', follow);
  new MutationObserver(showChoice).observe(form, { childList: true });
  showChoice();
}
