// What happened, as people and programs said it: thin lines on every plot, each with its words when a pointer is near or a key leads to it.

import { ask } from './api.js';
import { h } from './dom.js';

/** A day in any zone lies within so many seconds of its noon in UTC. */
const REACH = 1.5 * 86400;
/** What is this near, in pixels, shares a line. */
const NEAR = 3;

/** The marks of a day and its neighbours. */
export async function loadMarks(day) {
  const noon = Date.parse(`${day}T12:00Z`) / 1000;
  const { marks } = await ask(`marks?from=${noon - REACH}&to=${noon + REACH}`);
  return marks;
}

/** What a mark says, and who said so where that is known: `12:05 deployed 1.4.2 (api, production) by “ann@example.com”`. */
export const words = ({ place, text, tags, by }, axis) =>
  `${axis.time(place)} ${text}${tags.length ? ` (${tags.join(', ')})` : ''}${by ? ` by “${by}”` : ''}`;

/** Marks that would stand on the same line, together; each group has the `x` of its first. `xOf` is where a place is. */
export function grouped(marks, xOf, left, right) {
  const groups = [];
  for (const mark of marks) {
    const x = xOf(mark.place);
    if (!(x >= left && x <= right)) continue;
    if (groups.length && x - groups.at(-1).x < NEAR) groups.at(-1).marks.push(mark);
    else groups.push({ x, marks: [mark] });
  }
  return groups;
}

/**
 * The lines of one plot, behind an element of its frame. The tabulator reaches one of them, and the arrows the others. `frame()` answers
 * where they stand, `{ left, right, width, xOf, axis }`: `xOf` is where a mark's place is, and `axis.time` what it is called; null while
 * nothing is drawn.
 */
export class MarkLines {
  #marks = [];
  #said = null;
  #current = 0;
  #lines = [];

  constructor({ behind, name, frame }) {
    this.frame = frame;
    this.tip = h('p.marked', { hidden: true });
    this.element = h('div.marks', {
      role: 'group', 'aria-label': `What happened, on the plot of ${name}`, onkeydown: event => this.#key(event),
    });
    behind.after(this.element, this.tip);
  }

  /** Takes marks in the order of time, each with its `place`. */
  set(marks) {
    this.#marks = marks;
    this.draw();
  }

  /** Puts the lines where they belong after whatever has moved. */
  draw() {
    const frame = this.frame();
    this.element.hidden = !frame;
    if (!frame) return this.#hide();
    const groups = grouped(this.#marks, frame.xOf, frame.left, frame.right);
    const said = groups.map(({ marks }) => marks.map(mark => words(mark, frame.axis)).join('\n'));
    const key = said.join('\0');
    if (key !== this.#said) {
      // What has the focus keeps it, unless it is gone.
      const focused = this.#lines.indexOf(document.activeElement);
      const before = focused >= 0 ? this.#lines[focused].getAttribute('aria-label') : null;
      this.#said = key;
      this.#lines = said.map((text, i) => h('i.happened', {
        role: 'img', 'aria-label': text, tabindex: -1, onfocus: () => this.#show(i), onblur: () => this.#hide(),
        onpointerenter: () => this.#show(i), onpointerleave: () => document.activeElement === this.#lines[this.#current] || this.#hide(),
      }));
      this.element.replaceChildren(...this.#lines);
      this.#hide();
      this.#choose(Math.max(0, said.indexOf(before)));
      if (before != null) this.#lines[this.#current]?.focus();
    }
    groups.forEach(({ x }, i) => { this.#lines[i].style.transform = `translateX(${x}px)`; });
    this.element.hidden = !groups.length;
  }

  #choose(index) {
    this.#current = Math.min(index, Math.max(0, this.#lines.length - 1));
    this.#lines.forEach((line, i) => { line.tabIndex = i === this.#current ? 0 : -1; });
  }

  #show(index) {
    this.tip.textContent = this.#lines[index].getAttribute('aria-label');
    this.tip.hidden = false;
    // On the side where there is room.
    const x = new DOMMatrix(this.#lines[index].style.transform).e;
    const { width } = this.frame() ?? { width: 0 };
    this.tip.classList.toggle('left', x > width / 2);
    this.tip.style.transform = x > width / 2 ? `translateX(${x - width - 6}px)` : `translateX(${x + 6}px)`;
  }

  #hide() { this.tip.hidden = true; }

  #key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key === 'Escape') return this.#hide();
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#choose(Math.min(Math.max(0, this.#current + steps[event.key]), this.#lines.length - 1));
    this.#lines[this.#current].focus();
  }
}
