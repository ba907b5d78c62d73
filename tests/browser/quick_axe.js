// Spares axe what it has computed before: it keeps colours that it has parsed, and pairs of colours that it has measured.
//
// `known` are the looks whose contrast axe has found to be high enough, on this page or on another one.
(known) => {
  const EFFECTS = { backdropFilter: 'none', backgroundImage: 'none', filter: 'none', mixBlendMode: 'normal', opacity: '1' };
  const TEXT = ['color', 'webkitTextFillColor', 'webkitTextStroke', 'textShadow', 'fontSize', 'fontWeight'];
  const good = new Set(known);
  const told = new Set(known);
  const numbers = new WeakMap();
  let facts = new Map();

  const remembered = (part, of) => (element) => {
    const key = element && facts.get(element)?.[part];
    if (!element || key !== undefined) return key ?? '';
    const found = of(element, getComputedStyle(element));
    facts.set(element, { ...facts.get(element), [part]: found });
    return found;
  };

  // A name for an element that looks like no other one, because more than plain colours decide about it.
  const alone = (element) => {
    if (!numbers.has(element)) numbers.set(element, `alone ${Math.random()}`);
    return numbers.get(element);
  };

  const effects = remembered('effects', (element, style) => {
    const plain = Object.entries(EFFECTS).every(([part, usual]) => style[part] === usual);
    return plain ? effects(element.parentElement) : alone(element);
  });

  // What stands behind a text: the colours from that of its element down to the first that covers all others.
  const ground = remembered('ground', (element, style) => {
    const colour = style.backgroundColor;
    if (/^rgb\(/.test(colour)) return colour;
    if (!['static', 'relative'].includes(style.position)) return alone(element);
    return (colour === 'rgba(0, 0, 0, 0)' ? '' : `${colour} on `) + ground(element.parentElement);
  });

  const look = remembered('look', (element, style) =>
    [...TEXT.map((part) => style[part]), ground(element), effects(element)].join('; '));

  const parsed = new Map();
  const { prototype } = axe.commons.color.Color;
  const { parseString } = prototype;
  prototype.parseString = function (text) {
    if (!parsed.has(text)) {
      parseString.call(this, text);
      parsed.set(text, [this.r, this.g, this.b, this.alpha]);
    }
    [this.r, this.g, this.b, this.alpha] = parsed.get(text);
    return this;
  };

  const contrast = axe._audit.checks['color-contrast'];
  const measure = contrast.evaluate;
  contrast.evaluate = function (element, ...others) {
    if (good.has(look(element))) return true;
    let measured = false;
    const data = (found) => {
      measured = 'contrastRatio' in found;
      this.data(found);
    };
    const enough = measure.call({ ...this, data }, element, ...others);
    if (enough && measured) good.add(look(element));
    return enough;
  };

  const rule = axe._audit.rules.find((one) => one.id === 'color-contrast');
  const { matches } = rule;
  rule.matches = (element, ...others) => !good.has(look(element)) && matches(element, ...others);

  // Where one check is enough, axe runs the others, too. Here only the first that is enough runs: put the fastest first.
  const stopAtTheFirst = (id, ...order) => {
    const rule = axe._audit.rules.find((one) => one.id === id);
    rule.any.sort((one, other) => order.indexOf(one.id ?? one) - order.indexOf(other.id ?? other));
    for (const check of order.map((name) => axe._audit.checks[name])) {
      const { evaluate } = check;
      check.evaluate = function (element, ...others) {
        const key = `passed ${id}`;
        if (facts.get(element)?.[key]) return true;
        const passed = evaluate.call(this, element, ...others);
        facts.set(element, { ...facts.get(element), [key]: passed === true });
        return passed;
      };
    }
  };
  stopAtTheFirst('link-in-text-block', 'link-in-text-block-style', 'link-in-text-block');
  stopAtTheFirst('target-size', 'target-size', 'target-offset');

  // What an element consists of, whatever its words are and however many parts of the same kind it has.
  const outline = (element) => {
    const parts = new Set([...element.children].map(outline));
    const names = [...element.attributes].map(({ name, value }) => (name === 'class' ? value : name));
    return `${element.localName} ${names} ${element.textContent.trim() !== ''} {${[...parts]}}`;
  };

  // Take sections that are made from one template out of the page, but for the first of each kind; return them.
  const takeOutRepeated = () => {
    const met = new Set();
    const repeated = [...document.querySelectorAll('.docs > section')].filter((one) => {
      const before = met.size;
      return met.add(outline(one)).size === before;
    });
    return repeated.map((one) => {
      const place = document.createComment('');
      one.replaceWith(place);
      return { one, place };
    });
  };

  const FIELDS = 'textarea, select, input:not([type=hidden], [type=checkbox], [type=radio])';
  const hasWords = (element) => element.matches(FIELDS)
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

  const canBeRead = (element) => {
    const box = element.getBoundingClientRect();
    const clipped = box.width <= 1 || box.bottom <= 0 || getComputedStyle(element).clipPath !== 'none';
    const shown = !clipped && element.checkVisibility({ visibilityProperty: true });
    return shown && !element.closest(':disabled, [aria-disabled=true]');
  };

  window.quickAxe = {
    // Return what axe finds, and the looks of enough contrast that were not known before.
    async run(part, options) {
      facts = new Map();
      const taken = takeOutRepeated();
      const { violations } = await axe.run(part ?? document, options);
      for (const { one, place } of taken) place.replaceWith(one);
      const found = [...good].filter((one) => !one.includes('alone') && !told.has(one));
      for (const one of found) told.add(one);
      return [violations, found];
    },
    hasNewLook() {
      facts = new Map();
      return [...document.body.querySelectorAll('*')].some((element) =>
        hasWords(element) && canBeRead(element) && !good.has(look(element)));
    },
  };
}
