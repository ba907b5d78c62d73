// A text is previewed while it is typed, and its variables are inserted by pressing them. Without this file the preview
// is shown by its button, and variables are typed.

const PAUSE = 600;
const form = document.querySelector('#template');
const text = form?.querySelector('[name=text]');
let timer;

// A new frame has no history: going back leaves the page, not the last preview.
function refreshedFrame() {
  const frame = document.querySelector('iframe.preview');
  const fresh = frame.cloneNode();
  fresh.removeAttribute('src');
  frame.replaceWith(fresh);
}

function preview() {
  refreshedFrame();
  const button = form.querySelector('[data-show-preview]');
  form.requestSubmit(button);
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(preview, PAUSE);
}

function insert(name) {
  text.setRangeText(name, text.selectionStart, text.selectionEnd, 'end');
  text.focus();
  later();
}

function buttonOf(code) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = code.textContent;
  button.addEventListener('click', () => insert(code.textContent));
  return button;
}

if (form) {
  form.addEventListener('input', later);
  for (const select of document.querySelectorAll('select[form=template]')) select.addEventListener('change', preview);
  for (const code of document.querySelectorAll('[data-insert]')) code.replaceWith(buttonOf(code));
}
