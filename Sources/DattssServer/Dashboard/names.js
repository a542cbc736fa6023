// Names that are longer than their place: what tells a name from those beside it, mostly the end, is never cut off.

import { h } from './dom.js';
import { marked } from './paths.js';

const END = 14;
const LONGEST_END = 28;
/** So much of a beginning is seen in the narrowest place. */
const BEGINNING = 4;
/** So much of what differs tells it. */
const DIFFERENCE = 5;

/** How many letters two names have in common from an end on: 1 is the beginning, -1 the end. */
function common(name, other, by) {
  const at = (text, i) => by > 0 ? text[i] : text[text.length - 1 - i];
  let count = 0;
  while (count < name.length && at(name, count) === at(other, count)) count++;
  return count;
}

/** How many letters at the end of a name tell it from others, as far as its beginning does not. */
export function telling(name, others = []) {
  const needed = others.map(other => other == null || other === name || common(name, other, 1) < BEGINNING ? 0
    : common(name, other, -1) + DIFFERENCE);
  return Math.min(LONGEST_END, Math.max(END, ...needed));
}

/** Whether it is the beginning that tells a name from others, too far from its end, though they begin with the same letters. */
const differsEarly = (name, others = []) => others.some(other => {
  if (other == null || other === name) return false;
  const [ahead, behind] = [common(name, other, 1), common(name, other, -1)];
  return ahead >= BEGINNING && ahead < LONGEST_END && behind + DIFFERENCE > LONGEST_END;
});

/** A name in two parts, of which only the first may be cut: at its end. */
export function halves(name, others) {
  if (differsEarly(name, others)) return [name, ''];
  const least = telling(name, others);
  const end = Math.min(least, least > END ? name.length - BEGINNING : Math.floor(name.length / 2));
  return name.length <= END ? [name, ''] : [name.slice(0, -end), name.slice(-end)];
}

/** Shows a name so that its beginning is seen, and what tells it from the others beside it. */
export function putName(element, name, others) {
  const [start, end] = halves(name, others);
  if (element.shown === name && element.lastChild?.textContent === end) return;
  element.shown = name;
  element.replaceChildren(h('span.start', {}, start), h('span.end', {}, end));
}

/**
 * What is shown of a name that has place for some characters: all, or else its end and all that was searched for, with dots for
 * the rest.
 */
export function excerpt(name, words, most) {
  if (name.length <= most) return name;
  const folded = name.toLowerCase();
  const isKept = new Uint8Array(name.length);
  let left = most - 1;
  const keep = (from, to) => {
    for (let i = Math.max(0, from); i < to && left > 0; i++) if (!isKept[i]) { isKept[i] = 1; left--; }
  };
  for (const word of words) {
    // A gap costs a character for its dots.
    const at = folded.indexOf(word);
    if (at >= 0) { left--; keep(at, at + word.length); }
  }
  const half = Math.ceil(left / 2);
  keep(name.length - half, name.length);
  keep(0, name.length);
  let text = '';
  for (let i = 0; i < name.length; i++) text += isKept[i] ? name[i] : text.endsWith('…') ? '' : '…';
  return text;
}

/** The same in the document, with what was searched for marked. */
export const found = (name, words, most) =>
  marked(excerpt(name, words, most), words).map(({ text, isMarked }) => isMarked ? h('mark', {}, text) : text);
