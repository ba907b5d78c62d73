// Progressive enhancement: every page works without this file.

// Milliseconds.
const SEND_AGAIN_AFTER = 8000;
const SEARCH_PAUSE = 150;
const PREFIX_PAUSE = 1200;

const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

// Status messages: a screen reader speaks only what changes in a live region.

function announce(text) {
  const region = find('[data-announcer]');
  if (!region || !text) return;
  region.textContent = '';
  setTimeout(() => { region.textContent = text; }, 30);
}

function announceToasts() {
  announce(findAll('.toast:not([hidden])').map((toast) => toast.textContent.trim()).join(' '));
}

function showOffline(offline) {
  const notice = find('[data-offline]');
  if (notice) notice.hidden = !offline;
}

// Forms: send once. The server answers the repeated key of a form as before, so this only spares the wait.
// Attributes are read with getAttribute: a field named "method" would hide the form's property.

function isPost(form) {
  return form.getAttribute('method')?.toLowerCase() === 'post';
}

function sendOnce(event) {
  const form = event.target;
  if (!isPost(form) || event.submitter?.formTarget) return; // a preview in a frame is sent any number of times
  if ('sent' in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = '';
  event.submitter?.setAttribute('aria-disabled', 'true');
  setTimeout(allowSending, SEND_AGAIN_AFTER, form);
}

function allowSending(form) {
  delete form.dataset.sent;
  findAll('[aria-disabled]', form).forEach((button) => button.removeAttribute('aria-disabled'));
}

function submitFormOf(element) {
  const form = element.form ?? element.closest('form');
  if (!form) return;
  form.requestSubmit([...form.elements].find((one) => one.matches('button:not([type]), [type=submit]')));
}

// Live search: the same GET form, its results swapped shortly after the last key, or listed below the field.

let searchTimer;
let searchRequest = new AbortController();

function searchSoon(event) {
  const form = event.target.closest('form[data-live]');
  if (!form) return;
  clearTimeout(searchTimer);
  searchTimer = setTimeout(find(form.dataset.live) ? search : suggest, SEARCH_PAUSE, form);
}

function searchUrl(form) {
  const url = new URL(form.getAttribute('action') || location.pathname, location);
  url.search = new URLSearchParams(new FormData(form));
  return url;
}

async function fetchPart(url, selector, signal) {
  const response = await fetch(url, { signal, headers: { 'X-Swap': selector } });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const part = response.ok ? find(selector, page) : null;
  return { address: response.url, redirected: response.redirected, status: response.status, page, part };
}

async function search(form) {
  const selector = form.dataset.live;
  searchRequest.abort();
  searchRequest = new AbortController();
  find(selector).setAttribute('aria-busy', 'true');
  try {
    swapResults(selector, await fetchPart(searchUrl(form), selector, searchRequest.signal));
    showOffline(false);
  } catch (error) {
    if (error.name === 'AbortError') return;
    replaceResults(selector);
    showOffline(true);
  }
}

// Suggestions: the rows of the results as a short list, where the page itself has no place for them.

function suggestion(row) {
  const line = document.createElement('li');
  const details = findAll('td:not(:first-child)', row).map((cell) => cell.textContent.trim()).filter(Boolean);
  const note = Object.assign(document.createElement('small'), { textContent: details.join(' · ') });
  line.append(...find('td', row)?.childNodes ?? row.childNodes, ' ', note);
  return line;
}

function showSuggestions(form, part) {
  const box = find('[data-suggestions]', form);
  const list = Object.assign(document.createElement('ul'), { role: 'list' });
  list.dataset.rows = '';
  list.append(...findAll('[data-rows] > *', part).map(suggestion));
  if (!find('table', part)) list.prepend(find('h2', part) ?? '');
  box.replaceChildren(list);
  box.hidden = false;
  announce(part.dataset.say);
}

async function suggest(form) {
  searchRequest.abort();
  searchRequest = new AbortController();
  hideSuggestions(form);
  if (!form.elements.q.value.trim()) return;
  try {
    const { part } = await fetchPart(searchUrl(form), form.dataset.live, searchRequest.signal);
    if (part && form.contains(document.activeElement)) showSuggestions(form, part);
    showOffline(false);
  } catch (error) {
    if (error.name !== 'AbortError') showOffline(true);
  }
}

function hideSuggestions(form) {
  const box = find('[data-suggestions]', form);
  if (box) box.hidden = true;
}

function leaveSearch({ target, relatedTarget }) {
  const form = target.closest('form[data-live]');
  if (form && !form.contains(relatedTarget)) hideSuggestions(form);
}

// Earlier results are removed: they would be mistaken for those of the new search.
function replaceResults(selector, ...nodes) {
  const results = find(selector);
  results.removeAttribute('aria-busy');
  results.hidden = !nodes.length;
  results.replaceChildren(...nodes);
}

function headingOf(text) {
  return Object.assign(document.createElement('h2'), { textContent: text });
}

function showError(selector, page, status) {
  const error = find('.error-page', page);
  const title = error && find('h1', error);
  title?.replaceWith(headingOf(title.textContent));
  replaceResults(selector, error ?? headingOf(`The server answered with error ${status}`));
  announce(findAll('h2, p:not(.meta), li', find(selector)).map((line) => line.textContent).join(' '));
}

function swapResults(selector, { address, redirected, status, page, part }) {
  if (!part && redirected) {
    location.assign(address);
    return;
  }
  if (!part) {
    showError(selector, page, status);
    return;
  }
  find(selector).replaceWith(part);
  document.title = page.title;
  history.replaceState(null, '', address);
  announce(part.dataset.say);
}

// Rows: j, k and the arrow keys walk along the first link of each row of [data-rows].

function rowLinks(list) {
  return findAll('tr, li', list).map((row) => find('a[href]', row)).filter((link) => link?.checkVisibility());
}

function stepInList(from, step) {
  const list = from.closest('[data-rows]') ?? find('[data-rows]');
  if (!list) return undefined;
  const links = rowLinks(list);
  const row = from.closest('tr, li');
  const here = links.findIndex((link) => row?.contains(link));
  return here < 0 ? links[0] : links[here + step];
}

function stepToNeighbour(from, step) {
  const lists = findAll('.cols [data-rows]');
  const here = lists.indexOf(from.closest('[data-rows]'));
  if (here < 0 || !lists[here + step]) return undefined;
  const height = (link) => link.getBoundingClientRect().top;
  const distance = (link) => Math.abs(height(link) - height(from));
  return rowLinks(lists[here + step]).sort((one, other) => distance(one) - distance(other))[0];
}

function rowFor(key, from) {
  const inList = from.closest('[data-rows]');
  switch (key) {
    case 'j': return stepInList(from, 1);
    case 'k': return stepInList(from, -1);
    case 'ArrowDown': return inList ? stepInList(from, 1) : undefined;
    case 'ArrowUp': return inList ? stepInList(from, -1) ?? from.closest('form')?.elements.q : undefined;
    case 'ArrowRight': return stepToNeighbour(from, 1);
    case 'ArrowLeft': return stepToNeighbour(from, -1);
    default: return undefined;
  }
}

function enterResults(input) {
  const form = input.closest('form[data-live]');
  const results = form && (find(form.dataset.live) ?? find('[data-suggestions]:not([hidden])', form));
  const first = results && rowLinks(results)[0];
  first?.focus();
  return Boolean(first);
}

// Shortcuts: every element with data-key, "n" or "g p".

let prefix = '';
let prefixTimer;

function isTyping(element) {
  return element.matches('input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]');
}

function shortcutFor(keys) {
  return findAll('[data-key]').find((element) => element.dataset.key === keys);
}

function rememberPrefix(keys) {
  clearTimeout(prefixTimer);
  const known = findAll('[data-key]').some((element) => element.dataset.key.startsWith(`${keys} `));
  prefix = known ? `${keys} ` : '';
  prefixTimer = setTimeout(() => { prefix = ''; }, PREFIX_PAUSE);
}

function useShortcut(element) {
  if (isTyping(element)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function pressInField(event) {
  if (event.key === 'Escape') event.target.blur();
  if (event.key === 'ArrowDown' && enterResults(event.target)) event.preventDefault();
}

function pressOnPage(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const keys = prefix + key;
  const shortcut = shortcutFor(keys);
  const row = shortcut || event.target.matches('input') ? undefined : rowFor(key, event.target);
  rememberPrefix(keys);
  if (!shortcut && !row) return;
  event.preventDefault();
  if (shortcut) useShortcut(shortcut);
  else row.focus();
}

function press(event) {
  const command = event.ctrlKey || event.metaKey;
  if (event.isComposing || find('dialog[open]')) return;
  if (event.key === 'Escape' && (closeMenus(event) || closeSuggestions(event.target))) return;
  if (command && event.key === 'Enter') submitFormOf(event.target);
  else if (isTyping(event.target)) pressInField(event);
  else if (!command && !event.altKey && document.body.dataset.keys !== 'off') pressOnPage(event);
}

// Menus: one is open at a time; Escape and a click elsewhere close it.

function closeMenus(event) {
  const closing = findAll('details.more[open]').filter((menu) => event.key === 'Escape' || !menu.contains(event.target));
  closing.forEach((menu) => {
    if (menu.contains(document.activeElement)) find('summary', menu).focus();
    menu.open = false;
  });
  return closing.length > 0;
}

function closeSuggestions(from) {
  const box = find('[data-suggestions]:not([hidden])', from.closest('form') ?? undefined);
  if (!box) return false;
  box.hidden = true;
  box.closest('form').elements.q.focus();
  return true;
}

// Passwords: shown on request, never when they are sent, as a browser would then store them as ordinary text.

function showPassword(button, shown) {
  const field = document.getElementById(button.getAttribute('aria-controls'));
  field.type = shown ? 'text' : 'password';
  button.firstChild.data = shown ? 'Hide' : 'Show';
  button.dataset.show = shown ? 'on' : '';
}

function hidePasswords(event) {
  findAll('[data-show]', event.target).forEach((button) => showPassword(button, false));
}

function hintAtCapsLock(event) {
  const hint = event.target.closest('.field')?.querySelector('[data-caps]');
  const on = event.getModifierState?.('CapsLock');
  if (hint?.hidden && on) announce(hint.textContent);
  if (hint) hint.hidden = !on;
}

// Copying: what stands before the button.

async function copy(button) {
  await navigator.clipboard.writeText(button.previousElementSibling.textContent);
  announce('Copied');
}

function pressButton({ target }) {
  const button = target.closest('button');
  if (button?.matches('[data-copy]')) copy(button);
  if (button?.matches('[data-show]')) showPassword(button, !button.dataset.show);
}

function offerButtons() {
  const possible = navigator.clipboard ? '[data-show], [data-copy]' : '[data-show]';
  findAll(possible).forEach((button) => { button.hidden = false; });
}

// Help: one line for each shortcut of the page at hand.

function labelOf(element) {
  const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent;
  if (label) return label;
  const copy = element.cloneNode(true);
  findAll('kbd, .count', copy).forEach((part) => part.remove());
  return copy.textContent.trim();
}

function shortcutLine(element) {
  const keys = document.createElement('dt');
  const label = document.createElement('dd');
  for (const key of element.dataset.key.split(' ')) {
    keys.append(Object.assign(document.createElement('kbd'), { textContent: key }), ' ');
  }
  label.textContent = labelOf(element);
  return [keys, label];
}

function showShortcuts() {
  const dialog = find('dialog[data-shortcuts]');
  find('[data-shortcut-list]', dialog).replaceChildren(...findAll('[data-key]').flatMap(shortcutLine));
  dialog.showModal();
}

function offerShortcuts() {
  const button = find('button[data-shortcuts]');
  if (!button) return;
  button.hidden = false;
  button.addEventListener('click', showShortcuts);
}

document.addEventListener('submit', sendOnce);
document.addEventListener('submit', hidePasswords);
document.addEventListener('click', pressButton);
document.addEventListener('click', closeMenus);
document.addEventListener('keyup', hintAtCapsLock);
document.addEventListener('input', searchSoon);
document.addEventListener('focusout', leaveSearch);
document.addEventListener('keydown', press);
addEventListener('pageshow', () => findAll('form[data-sent]').forEach(allowSending));

offerButtons();
offerShortcuts();
announceToasts();
find('.topbar [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
find('[data-focus]')?.focus();
