// One plot: a statistic's day against its usual day, what the shared cursor reads of it, and the same in words and as a table.

import { h, put, badge, KINDS } from './dom.js';
import { change, dayName, number, valueOf } from './format.js';
import { COLUMNS, UNITS, loadDay, rowsOf } from './days.js';
import { loadLibrary, options, palette, range } from './drawing.js';
import { summary } from './summary.js';

/** What a column is called when it is read out. */
const title = (kind, name, today) =>
  name === 'usual' ? kind === 'ms' ? 'usual p50' : 'usual' : name === 'today' ? today : name;
/** What a column of a timer is where percentiles are not known. */
const ROUGH = { usual: 'usual mean', p50: 'mean', p95: 'top' };

export class Plot {
  data = null;
  loadedAt = 0;
  /** Of dygraphs, once it is drawn. */
  graph = null;
  #marked = null;

  constructor(stat, board) {
    this.stat = stat;
    this.board = board;
    this.names = COLUMNS[stat.kind];
    this.values = this.names.map(() => h('b'));
    this.labels = this.names.map(() => h('span'));
    this.at = h('time');
    this.star = h('button.icon.star', { type: 'button', onclick: () => board.page.favour(stat) });
    this.chart = h('div.chart', {
      tabindex: 0, role: 'slider', 'aria-label': `Time cursor of ${stat.path}`, 'aria-valuemin': 0, 'aria-valuemax': board.axis.length,
    });
    this.hair = h('div.hair', { hidden: true });
    this.message = h('p.message', {}, 'Loading …');
    this.summary = h('p.summary');
    this.table = h('details.table', { ontoggle: () => this.#fillTable() }, h('summary', {}, 'As a table'), h('div'));
    const item = i => h(`span.item.${this.names[i]}`, {}, h('i'), this.labels[i], ' ', this.values[i]);
    this.element = h('section.plot', { 'aria-label': `${stat.path}, ${KINDS[stat.kind]}` },
      h('header', {},
        h('h3', {}, badge(stat.kind), ' ', h('span.path', {}, stat.path)),
        h('div.actions', {}, this.star,
          h('button.icon', {
            type: 'button', 'aria-label': `Remove the plot of ${stat.path}`, title: 'Remove', onclick: () => board.page.toggle(stat),
          }, '×'))),
      h(`p.readout.${stat.kind}`, {}, this.at, item(1), item(0), this.versus = h('span.versus'),
        ...this.names.slice(2).map((_, i) => item(i + 2))),
      h('div.frame', {}, h('p.unit', {}, UNITS[stat.kind]), this.chart, this.hair, this.message),
      h('footer', {}, this.summary, this.table));
    // For whoever looks from a console.
    this.element.plot = this;
    this.refresh();
  }

  get main() { return this.data?.columns[1] ?? []; }

  /** What may have changed around the plot. */
  refresh() {
    const isFavourite = this.board.page.isFavourite(this.stat);
    this.star.setAttribute('aria-pressed', isFavourite);
    this.star.setAttribute('aria-label', `Favourite: ${this.stat.path}`);
    this.star.title = isFavourite ? 'A favourite (f)' : 'Make it a favourite (f)';
  }

  async load() {
    const asked = this.board.query;
    this.loadedAt = Date.now();
    try {
      const [data, Dygraph] = await Promise.all([loadDay(this.stat, asked), loadLibrary().catch(() => null)]);
      // Another day was chosen meanwhile.
      if (asked.key !== this.board.query.key || !this.element.isConnected) return;
      this.data = data;
      this.chart.setAttribute('aria-valuemax', data.axis.length);
      this.board.keep(data.axis);
      this.element.classList.add('loaded');
      put(this.summary, summary(this.stat.kind, this.board.view.day ? dayName(data.day) : 'Today', data));
      if (!Dygraph) {
        this.message.replaceChildren('The plots need the library dygraphs on the server: ',
          h('code', {}, 'apt-get install libjs-dygraphs'), ', then start it again. The numbers are in the table.');
        this.message.hidden = false;
      } else {
        this.draw(Dygraph);
      }
      this.read(this.board.cursor);
      if (this.table.open) this.#fillTable();
    } catch (error) {
      this.message.textContent = `Not loaded: ${error.message}`;
      this.message.hidden = false;
    }
  }

  draw(Dygraph = window.Dygraph) {
    if (!this.data || !Dygraph) return;
    const isEmpty = this.data.columns.every(column => column.every(value => value == null));
    this.message.hidden = !isEmpty;
    if (isEmpty) this.message.textContent = `Nothing was kept of ${dayName(this.data.day)}, nor of the seven days before.`;
    const { window: zoom } = this.board;
    const drawn = {
      ...options(this.stat.kind, this.names, palette(this.stat.kind), this.data.axis),
      file: rowsOf(this.data), dateWindow: [...zoom], valueRange: range(this.stat.kind, this.names, this.data, zoom),
    };
    if (this.graph) return this.graph.updateOptions(drawn);
    const { file, ...rest } = drawn;
    this.graph = new Dygraph(this.chart, file, rest);
  }

  zoom(window) {
    this.graph?.updateOptions({ dateWindow: [...window], valueRange: range(this.stat.kind, this.names, this.data, window) });
    this.read(this.board.cursor);
  }

  resize() { this.graph?.resize(); }

  /** The minute under a point of the screen. */
  minuteAt(clientX) {
    if (!this.graph) return null;
    return this.graph.toDataXCoord(clientX - this.chart.getBoundingClientRect().left);
  }

  /** Reads out the values at a minute; without one, the newest. */
  read(minute) {
    if (!this.data) return;
    const { columns, axis, step, open } = this.data;
    const last = this.main.findLastIndex(value => value != null);
    const index = minute == null ? last : Math.floor(minute / step);
    this.#mark(minute == null ? null : index);
    const today = this.board.view.day ? dayName(this.data.day) : 'today';
    const at = index < 0 ? '' : `${axis.time(index * step)}${index === open ? ', so far' : ''}`;
    put(this.at, at);
    const words = [at];
    this.names.forEach((name, i) => {
      const value = columns[i][index];
      put(this.labels[i], this.#isRough(i, index) ? ROUGH[name] : title(this.stat.kind, name, today));
      put(this.values[i], valueOf(this.stat.kind, value));
      words.push(`${this.labels[i].shown} ${value == null ? 'nothing' : this.values[i].shown}`);
    });
    const [usual, main] = [columns[0][index], columns[1][index]];
    put(this.versus, usual > 0 && main != null ? change(main / usual) : '');
    this.chart.setAttribute('aria-valuenow', Math.max(0, index * step));
    this.chart.setAttribute('aria-valuetext', words.join(', '));
  }

  #isRough(column, index) {
    return this.names[column] in ROUGH && this.data.rough[column ? 1 : 0].has(index);
  }

  #mark(index) {
    if (!this.graph) return;
    const minute = index == null ? null : index * this.data.step;
    const [from, to] = this.board.window;
    this.hair.hidden = minute == null || minute < from || minute > to;
    if (!this.hair.hidden) this.hair.style.transform = `translateX(${this.graph.toDomXCoord(minute)}px)`;
    if (index === this.#marked) return;
    this.#marked = index;
    index == null ? this.graph.clearSelection() : this.graph.setSelection(index);
  }

  #fillTable() {
    if (!this.table.open || !this.data) return;
    const { columns, axis, step } = this.data;
    const today = this.board.view.day ? dayName(this.data.day) : 'today';
    const rows = columns[0].flatMap((_, i) => columns.every(column => column[i] == null) ? [] :
      [h('tr', {}, h('th', { scope: 'row' }, axis.time(i * step)), ...columns.map((column, n) =>
        h('td', {}, `${this.#isRough(n, i) ? '≈ ' : ''}${number(column[i])}`)))]);
    const isRough = this.data.rough.some(indexes => indexes.size > 0);
    this.table.lastChild.replaceChildren(h('table', {},
      h('caption', {}, `${this.stat.path}, ${UNITS[this.stat.kind]}, steps of ${step} minutes, ${this.board.view.zone}`
        + (isRough ? '; ≈ where percentiles are not known: the mean, and the top that was sent' : '')),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'time'),
        ...this.names.map(name => h('th', { scope: 'col' }, title(this.stat.kind, name, today))))),
      h('tbody', {}, ...rows)));
  }

  remove() {
    this.graph?.destroy();
    this.element.remove();
  }
}
