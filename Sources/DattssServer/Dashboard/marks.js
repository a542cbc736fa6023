// What happened, as people and programs said it: thin lines on every plot, each with its words when a pointer is near or a key leads to it.

import { ask } from './api.js';
import { h } from './dom.js';
import { placed } from './restarts.js';

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

/** What a mark says: `12:05 deployed 1.4.2 (api, production)`. */
export const words = ({ place, text, tags }, axis) => `${axis.time(place)} ${text}${tags.length ? ` (${tags.join(', ')})` : ''}`;

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

/** The lines of one plot. The tabulator reaches one of them, and the arrows the others. */
export class MarkLines {
  #marks = [];
  #said = null;
  #current = 0;
  #lines = [];

  constructor(plot) {
    this.plot = plot;
    this.tip = h('p.marked', { hidden: true });
    this.element = h('div.marks', {
      role: 'group', 'aria-label': `What happened, on the plot of ${plot.stat.path}`, onkeydown: event => this.#key(event),
    });
    plot.hair.after(this.element, this.tip);
  }

  /** Takes those of the plot's day. */
  set(marks, zone) {
    this.#marks = placed(marks, this.plot.data, zone);
    this.draw();
  }

  /** Puts the lines where they belong after whatever has moved. */
  draw() {
    const { graph, data, board } = this.plot;
    if (!graph || !data) return;
    const { x, w } = graph.getArea();
    const groups = grouped(this.#marks, place => graph.toDomXCoord(place), Math.max(x, graph.toDomXCoord(board.window[0])), x + w);
    const said = groups.map(({ marks }) => marks.map(mark => words(mark, data.axis)).join('\n'));
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
    const width = this.plot.chart.clientWidth;
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
