// The button that prints a page, which takes a script.

const button = document.querySelector('[data-print]');

button.hidden = false;
button.addEventListener('click', () => print());
