// Names that are longer than their place: names that belong together differ at the end, so that is never cut off.

import { h } from './dom.js';
import { marked } from './paths.js';

const END = 14;

/** A name in two parts, of which only the first may be cut. */
export function halves(name) {
  const end = Math.min(END, Math.floor(name.length / 2));
  return name.length <= END ? [name, ''] : [name.slice(0, -end), name.slice(-end)];
}

/** Shows a name so that its beginning and its end are seen. */
export function putName(element, name) {
  if (element.shown === name) return;
  element.shown = name;
  const [start, end] = halves(name);
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
