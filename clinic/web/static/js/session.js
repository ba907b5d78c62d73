// The end of a session: a warning before it, and a way to stay. Polling does not extend the session.

// Seconds between requests for the state of the session while the warning is shown: another tab may have used it.
const POLL_AGAIN_AFTER = 15;

const dialog = document.querySelector('dialog[data-session]');
let timer;
let closed = '';

function pollIn(seconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, seconds * 1000);
}

function inWords(seconds) {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  return `${minutes} minute${minutes > 1 ? 's' : ''}`;
}

function warn(which, seconds = 0) {
  dialog.querySelectorAll('[data-case]').forEach((part) => { part.hidden = part.dataset.case !== which; });
  dialog.querySelectorAll('[data-minutes]').forEach((part) => { part.textContent = inWords(seconds); });
  dialog.querySelector('h2').textContent = which === 'over' ? 'You have been signed out' : 'You will be signed out soon';
  if (!dialog.open && closed !== which) dialog.showModal();
  dialog.dataset.shown = which;
}

function tell({ seconds, seconds_to_warning: early, can_wait: canWait }) {
  if (early > 0) {
    dialog.dataset.shown = '';
    dialog.close();
    pollIn(early);
  } else {
    warn(canWait ? 'idle' : 'limit', seconds);
    pollIn(Math.min(seconds + 1, POLL_AGAIN_AFTER));
  }
}

async function ask(use) {
  try {
    const body = use && new FormData(dialog.querySelector('form'));
    const response = await fetch(dialog.dataset.session, { method: use ? 'POST' : 'GET', body });
    if (response.redirected || response.status === 400) warn('over');
    else if (response.ok) tell(await response.json());
    else pollIn(POLL_AGAIN_AFTER);
  } catch {
    pollIn(POLL_AGAIN_AFTER);
  }
}

if (dialog) {
  dialog.addEventListener('close', () => { closed = dialog.dataset.shown; });
  dialog.querySelector('[data-stay]').addEventListener('click', () => ask(true));
  pollIn(Number(dialog.dataset.seconds));
}
