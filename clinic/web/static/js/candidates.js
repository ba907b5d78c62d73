// Who may be on file already is shown while the form of a patient is filled in. Without this file it is on sending.

const form = document.querySelector('form[data-candidates]');
let compared = '';
let request = new AbortController();

function typed() {
  const fields = new FormData(form);
  fields.delete('shown');
  fields.delete('not_duplicate');
  return fields;
}

async function fetchCandidates(fields) {
  request.abort();
  request = new AbortController();
  const response = await fetch(form.dataset.candidates, { method: 'POST', body: fields, signal: request.signal });
  if (!response.ok || response.redirected) return undefined;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return page.querySelector('#candidates');
}

// The region itself stays, so that what changes in it is announced.
async function compare() {
  const fields = typed();
  const text = JSON.stringify([...fields].filter(([name]) => name !== 'key'));
  const region = document.querySelector('#candidates');
  if (text === compared || region.querySelector('[name=shown]')) return;
  compared = text;
  try {
    const found = await fetchCandidates(fields);
    if (!found) return;
    region.replaceChildren(...found.childNodes);
    document.querySelector('.to-candidates').hidden = !found.querySelector('.candidate');
  } catch (error) {
    if (error.name !== 'AbortError') compared = '';
  }
}

form?.addEventListener('change', compare);
