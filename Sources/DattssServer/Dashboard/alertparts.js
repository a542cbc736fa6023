// What all parts of the page of alerts are made of.

import { STATES } from './alertwords.js';
import { h } from './dom.js';

export const button = (text, onclick, label = null, spec = 'button') => h(spec, { type: 'button', onclick, 'aria-label': label }, text);
export const link = (address, text, spec = 'a.button') => h(spec, { href: `#alerts${address && `&${address}`}` }, text);

/** The head of a part: what it is, and where one goes from here. */
export const head = (title, ...links) => h('header.top', {}, h('h1', { tabindex: -1 }, title), h('div.links', {}, ...links.filter(Boolean)));

/** A state as a sign and a word: never by its colour alone. */
const SIGNS = { firing: '●', acknowledged: '✓', silenced: '☾', pending: '◔', 'no-data': '?', ok: '○', off: '–' };
export const chip = state => h(`span.state.${state}`, {}, h('i', { 'aria-hidden': 'true' }, SIGNS[state]), ' ', STATES[state]);
export const severityChip = severity => h(`span.severity.${severity}`, {}, severity);

let count = 0;

/**
 * A field with its label, a hint, and a place for what is wrong with it: `field.says(text)` shows that, nothing takes it back.
 * `control` is what is filled in, `beside` what stands next to it.
 */
export function field(label, control, { hint, beside, spec = 'div.field' } = {}) {
  const id = `field-${++count}`;
  const problem = h('p.problem', { id: `${id}-problem`, role: 'alert', hidden: true });
  const words = hint && h('p.hint', { id: `${id}-hint` }, hint);
  control.id = id;
  control.setAttribute('aria-describedby', [words && `${id}-hint`, `${id}-problem`].filter(Boolean).join(' '));
  const element = h(spec, {}, h('label', { for: id }, label), h('div.controls', {}, control, ...(beside ? [beside].flat() : [])), words, problem);
  element.control = control;
  element.says = text => {
    problem.textContent = text ?? '';
    problem.hidden = !text;
    text ? control.setAttribute('aria-invalid', 'true') : control.removeAttribute('aria-invalid');
  };
  return element;
}

/** A choice of `[value, words]`. */
export const choice = (options, attributes = {}) => {
  const select = h('select', attributes);
  select.offer = offered => {
    const before = select.value;
    select.replaceChildren(...offered.map(([value, words]) => h('option', { value }, words)));
    if (offered.some(([value]) => value === before)) select.value = before;
  };
  select.offer(options);
  return select;
};
