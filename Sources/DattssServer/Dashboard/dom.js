// Elements, and the few things that every part of the page does with them.

export const $ = (selector, root = document) => root.querySelector(selector);

/** Makes an element: h('button.quiet', { type: 'button', onclick }, 'text', child, …). */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child != null && child !== false));
  return element;
}

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets a text only when it is another one: reading it back from the document would cost more than the comparison. */
export function put(element, text) {
  if (element.shown === text) return;
  element.shown = text;
  element.textContent = text;
}

/** The letter of a kind, with its word for those who hear the page. */
export const KINDS = { c: 'counter', ms: 'timer', g: 'gauge' };
export const badge = kind => h(`abbr.kind.${kind}`, { title: KINDS[kind] }, kind);

/** Says something for a few seconds, to eyes and ears. */
export function notify(message, isBad = false, ...more) {
  const note = h('p', { class: isBad ? 'bad' : null }, message, ...more);
  $('#notices').append(note);
  setTimeout(() => note.remove(), isBad ? 9000 : 4000);
}

/** Asks; the promise is of true when the answer is yes. */
export function confirm(title, text, yes) {
  return new Promise(resolve => {
    const dialog = h('dialog', { 'aria-labelledby': 'asked' },
      h('form', { method: 'dialog' },
        h('h2', { id: 'asked' }, title), h('p', {}, text),
        h('div.actions', {}, h('button', { value: '' }, 'Cancel'), h('button.danger', { value: 'yes' }, yes))));
    dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    notify(`${what} copied`);
  } catch {
    // No permission, or not over https: the text can still be taken by hand.
    const field = h('textarea', { 'aria-label': what, readonly: true });
    const dialog = h('dialog', {}, h('form', { method: 'dialog' }, h('h2', {}, what), field, h('button', {}, 'Close')));
    field.value = text;
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  }
}
