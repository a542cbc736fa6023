// Texts on boards: plain, with a few signs of Markdown. What is no sign stands as it is, and nothing becomes HTML.
//
//     # Heading     ## smaller     - a list     **bold**     `code`     [words](https://…)     https://…

import { h } from './dom.js';

const LINK = /^https?:\/\/[^\s<>"']+$/i;
const SIGNS = /(\*\*[^*\n]+\*\*|`[^`\n]+`|\[[^\]\n]+\]\([^)\s]+\)|https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?])/i;

/** The pieces of a line: `{ kind: 'text' | 'bold' | 'code' | 'link', text, href }`. */
export function pieces(line) {
  return line.split(SIGNS).filter(Boolean).map(part => {
    if (/^\*\*[^*]+\*\*$/.test(part)) return { kind: 'bold', text: part.slice(2, -2) };
    if (/^`[^`]+`$/.test(part)) return { kind: 'code', text: part.slice(1, -1) };
    const [, words, address] = part.match(/^\[([^\]]+)\]\(([^)\s]+)\)$/) ?? [];
    if (address && LINK.test(address)) return { kind: 'link', text: words, href: address };
    if (LINK.test(part)) return { kind: 'link', text: part, href: part };
    return { kind: 'text', text: part };
  });
}

/** The blocks of a text: `{ kind: 'h3' | 'h4' | 'ul' | 'p', lines }`, each line as its pieces. */
export function blocks(text) {
  const found = [];
  let isOpen = false;
  const add = (kind, line, joins) => {
    const last = found.at(-1);
    if (joins && isOpen && last?.kind === kind) last.lines.push(pieces(line));
    else found.push({ kind, lines: [pieces(line)] });
    isOpen = true;
  };
  for (const line of text.split(/\r?\n/)) {
    const [, signs, heading] = line.match(/^(#{1,3}) +(.+)$/) ?? [];
    const [, item] = line.match(/^ *[-*] +(.+)$/) ?? [];
    if (!line.trim()) isOpen = false;
    else if (heading) add(signs.length === 1 ? 'h3' : 'h4', heading, false);
    else if (item) add('ul', item, true);
    else add('p', line, true);
  }
  return found;
}

const element = ({ kind, text, href }) => ({
  text: () => text, bold: () => h('strong', {}, text), code: () => h('code', {}, text),
  link: () => h('a', { href, rel: 'noopener noreferrer', target: '_blank' }, text),
})[kind]();

/** The elements of a text. */
export const textElements = text => blocks(text).map(({ kind, lines }) => {
  if (kind === 'ul') return h('ul', {}, ...lines.map(line => h('li', {}, ...line.map(element))));
  return h(kind, {}, ...lines.flatMap((line, i) => [...i ? [h('br')] : [], ...line.map(element)]));
});
