// One plot: a statistic's day against its usual day, what the shared cursor reads of it, and the same in words and as a table.

import { compare, versus } from './comparison.js';
import { copy, h, put, badge, KINDS } from './dom.js';
import { dayName, exact, exactOf, valueOf } from './format.js';
import { COLUMNS, MEANING, loadDay, rowsOf } from './days.js';
import { loadLibrary, options, palette, range } from './drawing.js';
import { putName } from './names.js';
import { isPast, now } from './statistics.js';
import { summary } from './summary.js';
import { setUnit, unitByName, unitOf, UNITS } from './units.js';

/** What a column is called when it is read out. */
const title = (kind, name, today) =>
  name === 'usual' ? kind === 'ms' ? 'usual p50' : 'usual' : name === 'today' ? today : name;
/** What a column of a timer is where percentiles are not known. */
const ROUGH = { usual: 'usual mean', p50: 'mean', p95: 'top' };

/** So much before the cursor is compared where no part of the day is chosen. */
const MOVED_MINUTES = 15;
/** Less is chance: it comes once in a hundred steps. */
const UNUSUAL_SCORE = 2;

/** To nine digits: what a quotient has behind them says nothing. */
const rounded = value => value == null ? null : Number(value.toPrecision(9));

export class Plot {
  data = null;
  loadedAt = 0;
  /** Whether the last try failed. */
  isFailed = false;
  /** Of dygraphs, once it is drawn. */
  graph = null;
  #marked = null;
  /** When programs restarted that the plot may be about. */
  #restarts = [];
  /** What happened, once there is anything: marks.js. */
  #lines = null;

  constructor(stat, board) {
    this.stat = stat;
    this.board = board;
    this.names = COLUMNS[stat.kind];
    this.values = this.names.map((_, i) => h('b', { onclick: () => this.copy(i) }));
    this.labels = this.names.map(() => h('span'));
    this.at = h('time');
    this.star = h('button.icon.star', { type: 'button', onclick: () => board.page.favour(stat) });
    this.chart = h('div.chart', {
      tabindex: 0, role: 'slider', 'aria-label': `Time cursor of ${stat.path}`, 'aria-valuemin': 0, 'aria-valuemax': board.axis.length,
    });
    this.hair = h('div.hair', { hidden: true });
    this.message = h('p.message', {}, 'Loading …');
    this.summary = h('p.summary');
    this.restarts = h('p.restarts', { hidden: true });
    this.table = h('details.table', { ontoggle: () => this.#fillTable() }, h('summary', {}, 'Table, unit'), h('div'));
    this.path = h('span.path', { title: stat.path });
    putName(this.path, stat.path);
    this.choice = h('select', { 'aria-label': `Unit of ${stat.path}`, onchange: () => this.#measure() },
      ...Object.entries(UNITS).map(([unit, name]) => h('option', { value: unit }, name)));
    this.choice.value = unitOf(stat);
    const item = i => h(`span.item.${this.names[i]}`, {}, h('i'), this.labels[i], ' ', this.values[i]);
    this.element = h('section.plot', { 'aria-label': `${stat.path}, ${KINDS[stat.kind]}` },
      h('header', {},
        h('h3', {}, badge(stat.kind), ' ', this.path),
        h('div.actions', {}, this.star,
          h('button.icon', {
            type: 'button', 'aria-label': `Remove the plot of ${stat.path}`, title: 'Remove', onclick: () => board.page.toggle(stat),
          }, '×'))),
      h(`p.readout.${stat.kind}`, {}, this.at, item(1), item(0), this.versus = h('span.versus'),
        ...this.names.slice(2).map((_, i) => item(i + 2))),
      h('div.frame', {}, h('p.unit', {}, MEANING[stat.kind]), this.chart, this.hair, this.message),
      h('footer', {}, this.summary, this.restarts,
        h('a.wander', { href: `#explore?v=1&q=${stat.id}&range=1d`, 'aria-label': `Explore ${stat.path}`, onclick: event => this.#explore(event) }, 'Explore'),
        h('a.wander', {
          href: `#explore?v=1&q=${stat.id}&range=3h`, 'aria-label': `What else moved when ${stat.path} did`,
          title: 'In the part of the day that you chose to see; drag to choose one', onclick: event => this.#moved(event),
        }, 'What else moved?'),
        h('a.watch', { href: `#alerts&new=${stat.id}`, 'aria-label': `Make an alert about ${stat.path}` }, 'Make an alert'), this.table));
    // For whoever looks from a console.
    this.element.plot = this;
    this.refresh();
  }

  get unit() { return unitOf(this.stat); }

  /** The same statistic over the same time, which may go on from there. */
  async #explore(event) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { day, zone } = this.board.query;
    const link = event.target;
    try {
      const { addressOfDay } = await import('./exploreaddress.js');
      this.board.page.view.write();
      location.hash = addressOfDay(this.stat, { day, zone, isToday: this.board.isToday, part: this.board.isWhole ? null : this.board.window });
    } catch {
      location.hash = link.hash;
    }
  }

  /** What else moved in the part of the day that somebody chose to see; of any other, at the cursor or the newest. */
  async #moved(event) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { day, zone } = this.board.query;
    const link = event.target;
    try {
      const [{ addressAround, instantOf }, { choose }] = await Promise.all([import('./exploreaddress.js'), import('./exploremoved.js')]);
      const midnight = instantOf(Date.parse(`${day}T00:00Z`) / 1000, zone);
      const part = this.board.view.zoom ? this.board.window : [this.index * this.data.step - MOVED_MINUTES, (this.index + 1) * this.data.step];
      const [from, to] = part.map(minute => midnight + Math.round(minute) * 60);
      choose(from, to);
      this.board.page.view.write();
      location.hash = addressAround(this.stat, { from, to }, zone, now());
    } catch {
      location.hash = link.hash;
    }
  }

  #measure() {
    setUnit(this.stat, this.choice.value, this.board.page.isReadOnly).then(() => this.refresh());
    this.#showUnit();
  }

  #showUnit() {
    this.choice.value = this.unit;
    if (!this.data) return;
    this.#say();
    this.draw();
    this.read(this.board.cursor);
    if (this.table.open) this.#fillTable();
  }

  #say() {
    put(this.summary, summary(this.stat.kind, !this.board.isToday ? dayName(this.data.day) : 'Today', this.data, this.unit));
  }

  /** Copies a value under the cursor with all its digits; the first is that of the day itself. */
  copy(column = 1) {
    const value = this.data?.columns[column][this.index];
    if (value != null) copy(String(value), `The value of ${this.stat.path}`);
  }

  get main() { return this.data?.columns[1] ?? []; }

  /** What may have changed around the plot. */
  refresh() {
    const isFavourite = this.board.page.isFavourite(this.stat);
    this.star.setAttribute('aria-pressed', isFavourite);
    this.star.setAttribute('aria-label', `Favourite: ${this.stat.path}`);
    this.star.title = isFavourite ? 'A favourite (f)' : 'Make it a favourite (f)';
    if (this.choice.value !== this.unit) this.#showUnit();
  }

  async load() {
    const asked = this.board.query;
    this.loadedAt = Date.now();
    try {
      const [data, Dygraph] = await Promise.all([loadDay(this.stat, asked), loadLibrary().catch(() => null)]);
      // Another day was chosen meanwhile.
      if (asked.key !== this.board.query.key || !this.element.isConnected) return;
      this.data = data;
      this.loadedKey = asked.key;
      this.isFailed = false;
      this.chart.setAttribute('aria-valuemax', data.axis.length);
      this.board.keep(data.axis);
      this.element.classList.add('loaded');
      this.#placeRestarts();
      this.showMarks();
      this.#say();
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
      this.isFailed = true;
      // What was there before of the same day stays; the head of the page says that it is old.
      if (this.data && this.loadedKey === asked.key) return;
      this.message.textContent = `Not loaded: ${error.message}`;
      this.message.hidden = false;
    }
  }

  /** Programs may have restarted. */
  showRestarts() {
    if (this.data && this.#placeRestarts()) this.draw();
  }

  /** Answers whether they are others than before. */
  #placeRestarts() {
    const { page, view, marking } = this.board;
    if (!marking) return false;
    const restarts = marking.placed(marking.restartsOf(this.stat.path, page.processes.all).filter(({ at }) => !isPast() || at <= now()), this.data, view.zone);
    const isOther = JSON.stringify(restarts) !== JSON.stringify(this.#restarts);
    this.#restarts = restarts;
    this.restarts.hidden = !restarts.length;
    put(this.restarts, marking.restartWords(restarts, this.data.axis));
    return isOther;
  }

  /** What happened is told, or is another thing than before. */
  showMarks() {
    const { happened, view } = this.board;
    if (!this.data || !happened || !this.#lines && !happened.marks.length) return;
    this.#lines ??= new happened.MarkLines({ behind: this.hair, name: this.stat.path, frame: () => this.#markFrame() });
    this.#lines.set(happened.placed(happened.marks, this.data, view.zone));
  }

  #markFrame() {
    const { graph, data, board } = this;
    if (!graph || !data) return null;
    const { x, w } = graph.getArea();
    const xOf = place => graph.toDomXCoord(place);
    return { left: Math.max(x, xOf(board.window[0])), right: x + w, width: this.chart.clientWidth, xOf, axis: data.axis };
  }

  draw(Dygraph = window.Dygraph) {
    if (!this.data || !Dygraph) return;
    const isEmpty = this.data.columns.every(column => column.every(value => value == null));
    this.message.hidden = !isEmpty;
    if (isEmpty) this.message.textContent = `Nothing was kept of ${dayName(this.data.day)}, nor of the seven days before.`;
    const { window: zoom } = this.board;
    const drawn = {
      ...options(this.stat.kind, this.names, palette(this.stat.kind), this.data.axis, isEmpty ? null : this.unit, this.#restarts, this.data.band),
      file: rowsOf(this.data), dateWindow: [...zoom], valueRange: range(this.stat.kind, this.names, this.data, zoom),
    };
    const { file, ...rest } = drawn;
    if (this.graph) this.graph.updateOptions(drawn);
    else this.graph = new Dygraph(this.chart, file, rest);
    this.#lines ? this.#lines.draw() : this.showMarks();
  }

  zoom(window) {
    this.graph?.updateOptions({ dateWindow: [...window], valueRange: range(this.stat.kind, this.names, this.data, window) });
    this.#lines?.draw();
    this.read(this.board.cursor);
  }

  resize() {
    this.graph?.resize();
    this.#lines?.draw();
  }

  /** The minute under a point of the screen. */
  minuteAt(clientX) {
    if (!this.graph) return null;
    return this.graph.toDataXCoord(clientX - this.chart.getBoundingClientRect().left);
  }

  /** Reads out the values at a minute; without one, the newest that are seen. */
  read(minute) {
    if (!this.data) return;
    const { columns, axis, step, open } = this.data;
    const [from, to] = this.board.window;
    const last = this.main.findLastIndex((value, i) => value != null && i * step >= from - step && i * step <= to);
    const index = minute == null ? last : Math.floor(minute / step);
    this.index = index;
    this.#mark(minute == null ? null : index);
    const today = !this.board.isToday ? dayName(this.data.day) : 'today';
    const at = index < 0 ? '' : `${axis.time(index * step)}${index === open ? ', so far' : ''}`;
    put(this.at, at);
    const words = [at];
    this.names.forEach((name, i) => {
      const value = columns[i][index];
      put(this.labels[i], this.#isRough(i, index) ? ROUGH[name] : title(this.stat.kind, name, today));
      put(this.values[i], valueOf(this.unit, value));
      this.values[i].title = value == null ? '' : `${exactOf(this.unit, value)}; a click copies it`;
      // What old clients do not tell is not there at all.
      this.values[i].parentElement.hidden = i !== 1 && value == null && columns[i].every(value => value == null);
      words.push(`${this.labels[i].shown} ${value == null ? 'nothing' : this.values[i].shown}`);
    });
    const [usual, main] = [columns[0][index], columns[1][index]];
    const compared = usual > 0 && compare([main], [usual]);
    const score = index === open ? null : this.data.band[index]?.score;
    this.versus.className = `versus${Math.abs(score) >= UNUSUAL_SCORE ? score > 0 ? ' above' : ' below' : ''}`;
    put(this.versus, compared ? versus(this.unit, compared) : '');
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
    const today = !this.board.isToday ? dayName(this.data.day) : 'today';
    const rows = columns[0].flatMap((_, i) => columns.every(column => column[i] == null) ? [] :
      [h('tr', {}, h('th', { scope: 'row' }, axis.time(i * step)), ...columns.map((column, n) =>
        h('td', {}, `${this.#isRough(n, i) ? '≈ ' : ''}${exact(rounded(column[i]))}`)))]);
    const isRough = this.data.rough.some(indexes => indexes.size > 0);
    const tellsName = unit => unit === unitByName(this.stat.kind, this.stat.path);
    for (const option of this.choice.options) option.textContent = UNITS[option.value] + (tellsName(option.value) ? ', by its name' : '');
    this.table.lastChild.replaceChildren(
      h('p.actions', {}, h('label', {}, 'Unit ', this.choice), h('button.quiet', { type: 'button', onclick: () => copy(this.#csv(), 'The table') }, 'Copy the table')),
      h('table', {},
      h('caption', {}, `${this.stat.path}, ${UNITS[this.unit]}, ${MEANING[this.stat.kind]}, steps of ${step} min, ${this.board.view.zone}`
        + (isRough ? '; ≈ where percentiles are not known: the mean, and the top that was sent' : '')),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'time'),
        ...this.names.map(name => h('th', { scope: 'col' }, title(this.stat.kind, name, today))))),
      h('tbody', {}, ...rows)));
  }

  /** All that is known, with all digits. */
  #csv() {
    const { columns, axis, step } = this.data;
    const line = cells => cells.join(',');
    return [line(['time', ...this.names]), ...columns[0].flatMap((_, i) => columns.every(column => column[i] == null) ? []
      : [line([axis.time(i * step), ...columns.map(column => column[i] ?? '')])])].join('\n');
  }

  remove() {
    this.graph?.destroy();
    this.element.remove();
  }
}
