// The form of a patient's record: the age that follows from the date of birth, as it is typed; of a child, the guardian.

const output = document.querySelector('[data-age]');
const guardian = document.querySelector('[data-guardian]');
const parts = ['year', 'month', 'day'].map((part) => document.querySelector(`[name="birth_date.${part}"]`));

function ageOf(year, month, day) {
  const now = new Date();
  const had = now.getMonth() + 1 > month || (now.getMonth() + 1 === month && now.getDate() >= day);
  return now.getFullYear() - year - (had ? 0 : 1);
}

function isDate(year, month, day) {
  const date = new Date(year, month - 1, day);
  return year > 1000 && date.getMonth() === month - 1 && date.getDate() === day;
}

function showAge() {
  const [year, month, day] = parts.map((part) => Number(part.value));
  const age = isDate(year, month, day) ? ageOf(year, month, day) : -1;
  output.textContent = age >= 0 ? `${age} years old` : '';
  if (guardian && age >= 0 && age < 18) guardian.open = true;
}

if (output && parts.every(Boolean)) {
  parts.forEach((part) => part.addEventListener('input', showAge));
  showAge();
}
