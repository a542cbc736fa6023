// What the statistics of a plot are now, as a table that is sorted by any of its columns.

import { badge, h, put } from './dom.js';
import { exactOf, span, valueOf } from './format.js';
import { matcher } from './exploreglob.js';
import { average, now } from './statistics.js';
import { unitOf } from './units.js';

const ROWS_MAX = 500;

/** The columns: what each is called, and its number of a statistic; null where it has none. */
export const COLUMNS = [
  { name: 'Statistic', of: stat => stat.path },
  { name: 'Value', title: 'a counter’s total, a gauge’s last value, a timer’s mean', of: stat => stat.value ?? null },
  { name: 'Average', title: 'of the last minute; of a counter per minute', of: (stat, time) => average(stat, time) },
  { name: 'Min', of: stat => stat.kind === 'c' ? null : stat.min ?? null },
  { name: 'Max', of: stat => stat.kind === 'c' ? null : stat.max ?? null },
  { name: 'p50', of: stat => stat.p50 ?? null },
  { name: 'p95', of: stat => stat.p95 ?? null },
  { name: 'p99', of: stat => stat.p99 ?? null },
  { name: 'Seen', title: 'how long ago', of: (stat, time) => stat.seen ? Math.max(0, time - stat.seen) : null },
];

/** The statistics that the queries mean, each once. */
export function meant(queries, all) {
  const tests = queries.map(({ kind, pattern }) => [kind, matcher(pattern)]);
  return [...all].filter(stat => tests.some(([kind, matches]) => stat.kind === kind && matches(stat.path)));
}

/** Sorted by a column; what has no number is last either way. */
export function sorted(stats, column, isDescending, time) {
  const of = stat => COLUMNS[column].of(stat, time);
  return stats.map(stat => [of(stat), stat]).sort(([a, x], [b, y]) => {
    if (a == null || b == null) return (a == null) - (b == null) || (x.path < y.path ? -1 : 1);
    const order = a < b ? -1 : a > b ? 1 : x.path < y.path ? -1 : 1;
    return isDescending && a !== b ? -order : order;
  }).map(([, stat]) => stat);
}

export class CurrentTable {
  #column = 0;
  #isDescending = false;

  constructor(statistics) {
    this.statistics = statistics;
    this.heads = COLUMNS.map(({ name, title }, i) =>
      h('th', { scope: 'col' }, h('button', { type: 'button', title: title ?? null, onclick: () => this.#sort(i) }, name)));
    this.body = h('tbody');
    this.note = h('p.xnote');
    this.element = h('details.xtable', { ontoggle: () => this.show() }, h('summary', {}, 'Current values'),
      h('div', { tabindex: 0, role: 'group', 'aria-label': 'Current values' }, h('table', {}, h('thead', {}, h('tr', {}, ...this.heads)), this.body)), this.note);
  }

  set(queries) {
    this.queries = queries;
    this.show();
  }

  #sort(column) {
    this.#isDescending = column === this.#column ? !this.#isDescending : column > 0;
    this.#column = column;
    this.show();
  }

  /** Fills the table with what is known now. */
  show() {
    if (!this.element.open || !this.queries) return;
    const time = now();
    const stats = sorted(meant(this.queries, this.statistics.all.values()), this.#column, this.#isDescending, time);
    this.heads.forEach((head, i) => head.setAttribute('aria-sort', i !== this.#column ? 'none' : this.#isDescending ? 'descending' : 'ascending'));
    this.body.replaceChildren(...stats.slice(0, ROWS_MAX).map(stat => {
      const unit = unitOf(stat);
      return h('tr', {}, h('th', { scope: 'row' }, badge(stat.kind), ' ', stat.path), ...COLUMNS.slice(1).map(({ name, of }) => {
        const value = of(stat, time);
        if (name === 'Seen') return h('td', {}, value == null ? '–' : span(value));
        return h('td', { title: exactOf(unit, value) }, valueOf(unit, value));
      }));
    }));
    put(this.note, stats.length > ROWS_MAX ? `The first ${ROWS_MAX} of ${stats.length}.` : stats.length ? '' : 'Nothing that was heard of lately matches.');
  }
}
