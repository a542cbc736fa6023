// What else moved in a stretch of time: chosen in the plot, asked of the server, and a list whose rows go into the plot.

import { ask } from './api.js';
import { badge, h, KINDS, put, svg } from './dom.js';
import { fieldOf, instantOfField } from './exploreaddress.js';
import { unitOfQuery } from './exploredata.js';
import { change, counted, moment, number, valueOf } from './format.js';
import { HEIGHT, sparkPath } from './sparklines.js';
import { now } from './statistics.js';

/** How many minutes a stretch may have, as the server has it. */
export const MINUTES = [5, 1440];
const USUAL_MINUTES = 15;
const ROWS_MAX = 50;
export const BASELINES = { before: 'the time before', yesterday: 'the same time yesterday', usual: 'the same time of seven days' };
const ORDERS = { score: 'furthest first', began: 'earliest first' };
const SIGNS = { up: '↑', down: '↓', appeared: '+', silent: '∅' };

/** What is chosen elsewhere and shown as soon as Explore is there. */
let chosen = null;
/** Opens the list with a stretch, in epoch seconds, once Explore is shown. */
export function choose(from, to) { chosen = { from, to }; }

/** Whole minutes that are over; of a stretch that ends in the future, what is over of it. */
export const wholeMinutes = ({ from, to }, time) => ({ from: Math.floor(from / 60) * 60, to: Math.min(Math.ceil(to / 60) * 60, Math.floor(time / 60) * 60) });

/** The stretch that is suggested: around what is pointed at, or else the end of what is seen. */
export function suggested({ from, count, step }, index, time) {
  const end = Math.min(from + count * step * 60, Math.floor(time / 60) * 60);
  const length = Math.max(MINUTES[0], Math.min(USUAL_MINUTES, Math.floor(count * step / 3))) * 60;
  if (index == null) return { from: end - length, to: end };
  const start = Math.max(from, Math.min(from + index * step * 60 - 60 * Math.round(length / 180), end - length));
  return { from: start, to: start + length };
}

/** What is wrong with a stretch, in words; null when nothing is. */
export function problemOf({ from, to }) {
  const minutes = (to - from) / 60;
  if (!(minutes >= MINUTES[0])) return `The stretch is too short: ${MINUTES[0]} minutes at least that are over.`;
  return minutes > MINUTES[1] ? 'The stretch is too long: a day at most.' : null;
}

/** The sort of a change: up, down, appeared, silent. */
export const directionOf = ({ change, before, after }) => change !== 'moved' ? change : after < before ? 'down' : 'up';

/** When it began, seen from the beginning of the stretch: `2 min before`. */
export function sinceWords({ began, earlier }, from) {
  if (earlier) return 'earlier';
  const minutes = Math.round((began - from) / 60);
  return minutes === 0 ? 'at the start' : `${number(Math.abs(minutes))} min ${minutes < 0 ? 'before' : 'after'}`;
}

/** The figure of a plot that shows what moved. */
export const figureOf = ({ figure }) => figure === 'top' ? 'p90' : figure === 'last' ? 'average' : figure;

/** Values and change in words: `1.2 → 3.4`, `+183 %`. */
export function valueWords(row) {
  const unit = unitOfQuery({ kind: row.typ, pattern: row.pth, figure: figureOf(row) });
  const of = value => value == null ? 'nothing' : valueOf(unit, value);
  return { before: of(row.before), after: of(row.after), change: row.change === 'moved' && row.ratio != null ? change(row.ratio) : '' };
}

const FIGURE_WORDS = { 'per-minute': ' per minute', top: ', its p90', last: '', average: '' };
const VERBS = { up: 'went up', down: 'went down', appeared: 'appeared', silent: 'fell silent' };

/** What is read of a row. */
export function rowWords(row, from) {
  const { before, after } = valueWords(row);
  const figure = FIGURE_WORDS[row.figure] ?? `, its ${row.figure}`;
  return `${KINDS[row.typ]} ${row.pth}${row.typ === 'ms' ? figure : ''} ${VERBS[directionOf(row)]}, from ${before} to ${after}, ${sinceWords(row, from)}`;
}

/** Sorted as it is read: what moved furthest, or what began first. */
export function ordered(rows, order) {
  if (order === 'score') return rows;
  return rows.toSorted((a, b) => b.earlier - a.earlier || a.began - b.began || b.score - a.score);
}

function drawing({ typ, figure, values, began }, { from, step }, stretch) {
  const place = seconds => (seconds - from) / step / 60;
  const isCounted = typ === 'c' || figure === 'per-minute';
  const start = place(stretch.from);
  return svg('svg', { viewBox: `0 0 ${values.length} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { x: start, y: 0, width: Math.max(0, place(stretch.to) - start), height: HEIGHT }),
    svg('path', { class: 'began', d: `M${place(began)} 0V${HEIGHT}` }),
    svg('path', { class: isCounted ? 'bars' : 'line', d: sparkPath(isCounted ? 'c' : 'g', values) }));
}

export class MovedList {
  #asked = 0;
  #answer = null;
  #plot = null;
  #isFresh = true;
  stretch = null;

  /** `onAdd(kind, path, figure)` puts a statistic into the plot, `has({ kind, path })` says whether it is there; `shown()` is the plot. */
  constructor({ onAdd, has, shown }) {
    Object.assign(this, { onAdd, has, shown });
    const time = (name, label) => h('input', { type: 'datetime-local', id: `x-moved-${name}`, 'aria-label': label, onchange: () => this.#fix() });
    [this.from, this.to] = [time('from', 'The stretch from'), time('to', 'The stretch to')];
    const choice = (name, label, options, then) => h('select', { id: `x-moved-${name}`, 'aria-label': label, onchange: then },
      ...Object.entries(options).map(([value, text]) => h('option', { value }, text)));
    this.baseline = choice('baseline', 'Compared with', BASELINES, () => this.load());
    this.order = choice('order', 'Order', ORDERS, () => this.#list());
    this.hint = h('p.xnote', {}, 'Drag in the plot to choose a stretch, or press [ and ] where it begins and ends.');
    this.list = h('ul', { 'aria-label': 'What else moved' });
    this.note = h('p.xnote', { role: 'status' });
    this.element = h('details.xmoved', { ontoggle: () => this.#toggled() }, h('summary', {}, 'What else moved?'),
      h('div.xbar', {}, h('div.group', {}, this.from, h('span', { 'aria-hidden': 'true' }, '–'), this.to),
        h('div.group', {}, h('label', { for: 'x-moved-baseline' }, 'against'), this.baseline, this.order)),
      this.hint, this.note, this.list);
  }

  get isOpen() { return this.element.open; }

  /** Takes what the plot shows now; a live plot that has only gone on does not change the stretch. */
  set(plot, data) {
    this.#plot = plot;
    this.#mark();
    if (!data) return;
    if (chosen) {
      const stretch = chosen;
      chosen = null;
      this.element.open = true;
      this.choose(stretch);
    } else if (this.isOpen && !this.stretch) {
      this.#suggest();
    } else {
      this.#showStretch();
    }
  }

  /** Chooses a stretch, and asks. */
  choose(stretch) {
    this.stretch = wholeMinutes(stretch, now());
    this.#isFresh = false;
    if (!this.isOpen) this.element.open = true;
    this.load();
  }

  /** Sets one end, from the keyboard; an end that is behind the other takes it along. */
  chooseEnd(end, seconds) {
    const stretch = { ...this.stretch ?? suggested(this.shown().data, this.shown().cursor, now()), [end]: seconds };
    if (stretch.to <= stretch.from) stretch[end === 'from' ? 'to' : 'from'] = seconds + (end === 'from' ? 1 : -1) * MINUTES[0] * 60;
    this.choose(stretch);
  }

  #suggest() {
    const { data, cursor } = this.shown() ?? {};
    if (data) this.choose(suggested(data, cursor, now()));
  }

  #toggled() {
    const plot = this.shown();
    if (plot) plot.isChoosing = this.isOpen;
    if (this.isOpen && this.#isFresh) this.#suggest();
    this.#showStretch();
  }

  #fix() {
    const [from, to] = [this.from, this.to].map(({ value }) => instantOfField(value, this.#plot.zone));
    if (!Number.isNaN(from) && !Number.isNaN(to)) this.choose({ from, to });
  }

  #showStretch() {
    const plot = this.shown();
    plot?.mark(this.isOpen ? this.stretch : null);
    if (!this.stretch || !this.#plot) return;
    for (const [input, seconds] of [[this.from, this.stretch.from], [this.to, this.stretch.to]]) {
      if (document.activeElement !== input) input.value = fieldOf(seconds, this.#plot.zone);
    }
  }

  async load() {
    const mine = ++this.#asked;
    this.#showStretch();
    if (!this.isOpen || !this.stretch) return;
    const problem = problemOf(this.stretch);
    if (problem) return this.#say(problem);
    this.element.setAttribute('aria-busy', 'true');
    put(this.note, 'Comparing all statistics …');
    try {
      const { from, to } = this.stretch;
      const answer = await ask(`moved?${new URLSearchParams({ from, to, baseline: this.baseline.value, tz: this.#plot.zone, limit: ROWS_MAX })}`);
      if (mine !== this.#asked) return;
      this.#answer = answer;
      this.#list();
      this.#tell();
    } catch (error) {
      if (mine === this.#asked) this.#say(`It was not compared: ${error.message}.`);
    } finally {
      if (mine === this.#asked) this.element.removeAttribute('aria-busy');
    }
  }

  #say(words) {
    this.#answer = null;
    this.list.replaceChildren();
    put(this.note, words);
  }

  #tell() {
    const { of, compared, moved, from } = this.#answer;
    const many = of > moved.length ? `The ${moved.length} furthest of ${number(of)}` : of ? number(of) : 'None';
    put(this.note, `${many} of ${counted(compared, 'statistic')} moved further from ${moment(from, this.#plot.zone, now())} on than ${BASELINES[this.baseline.value]} does by itself. `
      + 'The number at the end is how many times as far: it sorts, and is no probability.');
  }

  #list() {
    if (!this.#answer) return;
    this.list.replaceChildren(...ordered(this.#answer.moved, this.order.value).map(row => this.#row(row)));
    this.#mark();
  }

  #row(row) {
    const { from } = this.#answer;
    const { before, after, change } = valueWords(row);
    const direction = directionOf(row);
    const button = h('button', { type: 'button', onclick: () => this.onAdd(row.typ, row.pth, figureOf(row)) },
      badge(row.typ), h('span.path', {}, row.pth, row.typ === 'ms' && h('small', {}, row.figure === 'per-minute' ? 'per minute' : figureOf(row))),
      drawing(row, this.#answer.drawing, this.#answer),
      h(`span.way.${direction}`, {}, `${SIGNS[direction]} ${change || { appeared: 'new', silent: 'silent' }[direction] || ''}`.trim()),
      h('span.values', {}, `${before} → ${after}`),
      h('span.since', { title: moment(row.began, this.#plot.zone, now()) }, `${row.earlier ? '' : `${moment(row.began, this.#plot.zone, now())}, `}${sinceWords(row, from)}`),
      h('b', { title: 'How many times as far as it moves by itself' }, `×${number(row.score)}`));
    const item = h('li', {}, button);
    item.row = row;
    return item;
  }

  /** Says which rows are in the plot. */
  #mark() {
    for (const { row, children: [button] } of this.list.children) {
      button.disabled = this.has({ kind: row.typ, path: row.pth });
      button.title = button.disabled ? 'It is in the plot' : 'Add it to the plot';
      button.setAttribute('aria-label', `${rowWords(row, this.#answer.from)}${button.disabled ? '; it is in the plot' : ': add it to the plot'}`);
    }
  }
}
