// All plots: one day, one zoom and one cursor for all of them.

import { DAY_MINUTES, DayAxis } from './axis.js';
import { $, copy, h } from './dom.js';
import { addDays, date, dayName } from './format.js';
import { Plot } from './plot.js';
import { isPast, now, parse, present } from './statistics.js';
import { ownZone, STEPS } from './view.js';

const SHORTEST_ZOOM = 15;
const SHORTEST_OPENING = 60;
const RETRY_MS = 3000;

/**
 * The part of a day that has anything, of several plots: where there is no usual day, what came since a moment ago would be a speck
 * on the axis of a day. null when it is best to show all.
 */
export function opening(all) {
  let [first, last, length] = [Infinity, -Infinity, 0];
  for (const { columns: [usual, ...day], step, axis } of all) {
    if (usual.some(value => value != null)) return null;
    length = axis.length;
    axis.steps.forEach((_, i) => {
      if (day.every(column => column[i] == null)) return;
      [first, last] = [Math.min(first, i * step), Math.max(last, (i + 1) * step)];
    });
  }
  if (last - first > length / 2 || last < first) return null;
  // Room for what comes next.
  const width = Math.max(SHORTEST_OPENING, (last - first) * 1.25);
  const from = Math.max(0, Math.floor((last + (width - (last - first)) / 2 - width) / 15) * 15);
  return [from, Math.min(length, Math.max(from + width, last))];
}

export class Plots {
  plots = [];
  cursor = null;
  axis = new DayAxis(60);
  #axisKey = null;
  #drag = null;
  #minute = 0;
  #opening = null;
  #restartsKey = '';
  /** What marks restarts, once there are any: restarts.js. */
  marking = null;
  /** What happened on the day that is seen, and what draws it: marks.js. */
  happened = null;
  #markKey = null;

  constructor(page, view) {
    this.page = page;
    this.view = view;
    this.list = $('#plots');
    this.#controls();
    this.list.addEventListener('pointermove', event => this.#move(event));
    this.list.addEventListener('pointerdown', event => this.#down(event));
    this.list.addEventListener('pointerup', event => this.#up(event));
    this.list.addEventListener('pointerleave', () => { if (!this.#drag) this.point(null); });
    this.list.addEventListener('dblclick', event => { if (this.#plotAt(event)) this.zoom(null); });
    this.list.addEventListener('keydown', event => this.#key(event));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.plots.forEach(plot => plot.draw()));
    new ResizeObserver(() => this.plots.forEach(plot => plot.resize())).observe(this.list);
  }

  /** What the plots are asked for; the key tells one question from another. */
  get query() {
    const { zone, step } = this.view;
    const day = this.view.day ?? date(now(), zone);
    return { day, zone, step, key: `${day} ${zone} ${step} ${isPast() ? now() : ''}` };
  }

  /** Whether the day that is seen is today, and follows it. */
  get isToday() { return !this.view.day && !isPast(); }

  /** The part of the day that is seen: what was chosen, or else what has anything. */
  get window() { return this.axis.part(this.view.zoom ?? this.#opening ?? [0, this.axis.length]); }

  get isWhole() { return this.window[1] - this.window[0] === this.axis.length; }

  /** The axis of the day, as the first plot that knows it tells. */
  keep(axis) {
    const isOther = axis.length !== this.axis.length;
    this.axis = axis;
    const known = this.plots.map(plot => plot.data).filter(data => data?.axis.length === axis.length);
    const opened = this.view.zoom ? null : opening(known);
    const isMoved = String(opened) !== String(this.#opening);
    this.#opening = opened;
    if (isMoved) this.plots.forEach(plot => plot.zoom(this.window));
    if (isOther || isMoved) this.#showControls();
  }

  /** What was missed while there was no connection. */
  reload() {
    for (const plot of this.plots) plot.key = null;
    this.show();
  }

  /** At another moment statistics are others, and the cursor is nowhere. */
  reset() {
    for (const plot of this.plots) plot.stat = this.page.statistics.all.get(plot.stat.id) ?? parse(plot.stat.id);
    this.#minute = Math.floor(now() / 60);
    this.point(null);
  }

  /** When the step under the cursor ends, on its day; null where there is no cursor. */
  get moment() {
    return this.cursor == null ? null : { day: this.query.day, minute: Math.min(DAY_MINUTES - 1, this.axis.wall(this.cursor) + this.view.step) };
  }

  /** Makes the plots those of the view. */
  async show() {
    const { key, step } = this.query;
    if (key !== this.#axisKey) {
      this.#axisKey = key;
      this.#opening = null;
      this.axis = new DayAxis(step);
    }
    const ids = this.view.shown ?? [];
    for (const plot of this.plots.filter(plot => !ids.includes(plot.stat.id))) plot.remove();
    this.plots = ids.map(id => this.plots.find(plot => plot.stat.id === id)
      ?? new Plot(this.page.statistics.all.get(id) ?? parse(id), this));
    this.plots.forEach((plot, i) => {
      if (this.list.children[i] !== plot.element) this.list.insertBefore(plot.element, this.list.children[i] ?? null);
    });
    this.#showControls();
    await Promise.all(this.plots.filter(plot => plot.key !== key).map(plot => {
      plot.key = key;
      return plot.load();
    }));
    await this.#loadMarks();
  }

  /** Every second: new minutes, another day, and what was heard of for the first time. */
  tick() {
    const minute = Math.floor(now() / 60);
    if (minute !== this.#minute && !isPast()) {
      // Also a day that the address names may be today; and when it is over, its last step has to be loaded once more.
      const isToday = this.query.day === date(now(), this.view.zone);
      for (const plot of this.plots) if (this.#minute && (isToday || plot.data?.open != null)) plot.key = null;
      this.#minute = minute;
      this.show();
    }
    for (const plot of this.plots) {
      plot.stat = this.page.statistics.all.get(plot.stat.id) ?? plot.stat;
      // A counter of which nothing was heard has zeros.
      const isNew = plot.data?.open === null && plot.main.every(value => !value) && plot.stat.seen > now() - 60 && this.isToday;
      if (isNew && Date.now() - plot.loadedAt > 2000 || plot.isFailed && Date.now() - plot.loadedAt > RETRY_MS) plot.load();
    }
  }

  refresh() { this.plots.forEach(plot => plot.refresh()); }

  /** Once for all plots; the plots are there first. */
  async #loadMarks() {
    const { key, day } = this.query;
    const markKey = `${key} ${this.#minute}`;
    if (!this.plots.length || markKey === this.#markKey) return;
    this.#markKey = markKey;
    try {
      const [{ loadMarks, MarkLines }, { placed }] = await Promise.all([import('./marks.js'), import('./restarts.js')]);
      const marks = await loadMarks(day);
      if (markKey !== this.#markKey) return;
      this.happened = { marks: isPast() ? marks.filter(({ at }) => at <= now()) : marks, MarkLines, placed };
      this.plots.forEach(plot => plot.showMarks());
    } catch {
      // With the next minute, then: a plot without them is a plot.
      this.#markKey = null;
    }
  }

  /** Programs may have restarted, or have been taken off the list. */
  async showRestarts() {
    const key = this.page.processes.all.map(({ name, restarts = [] }) => `${name} ${restarts.length} ${restarts.at(-1)}`).join();
    if (key === this.#restartsKey) return;
    this.#restartsKey = key;
    // The page of most does without.
    if (!this.marking && !this.page.processes.all.some(({ restarts }) => restarts?.length)) return;
    try {
      this.marking ??= await import('./restarts.js');
    } catch {
      // With the next news, then.
      this.#restartsKey = '';
    }
    this.plots.forEach(plot => plot.showRestarts());
  }

  // MARK: The cursor and the zoom

  point(minute) {
    if (minute != null) {
      const step = this.view.step;
      minute = Math.min(Math.max(0, Math.round(minute / step) * step), this.axis.length - step);
    }
    if (minute === this.cursor) return;
    this.cursor = minute;
    this.plots.forEach(plot => plot.read(minute));
  }

  /** Shows a part of the day; null is the whole. */
  zoom(part) {
    const { length } = this.axis;
    const [from, to] = this.axis.part(part ?? [0, length], SHORTEST_ZOOM);
    // Whole is said only where it would not be whole otherwise.
    this.view.zoom = to - from < length || this.#opening ? [from, to] : null;
    this.view.write();
    this.plots.forEach(plot => plot.zoom(this.window));
    this.#showControls();
  }

  /** Around the cursor, or the middle. */
  magnify(factor) {
    const [from, to] = this.window;
    const centre = this.cursor ?? (from + to) / 2;
    this.zoom([centre - (centre - from) * factor, centre + (to - centre) * factor]);
  }

  #plotAt(event) {
    // Not the event's target: that is the whole list while it has the pointer.
    const chart = document.elementFromPoint(event.clientX, event.clientY)?.closest('.frame');
    return chart && this.plots.find(plot => plot.element.contains(chart));
  }

  #move(event) {
    const plot = this.#drag?.plot ?? this.#plotAt(event);
    const minute = plot?.minuteAt(event.clientX);
    if (minute == null) return this.#drag ? null : this.point(null);
    this.point(minute);
    if (!this.#drag) return;
    if (this.#drag.isPan) {
      const moved = this.#drag.minute - minute;
      const [from, to] = this.window;
      this.zoom([from + moved, to + moved]);
    } else {
      const left = plot.chart.getBoundingClientRect().left;
      const [a, b] = [this.#drag.x - left, event.clientX - left].sort((a, b) => a - b);
      this.#drag.box.style.transform = `translateX(${a}px)`;
      this.#drag.box.style.width = `${b - a}px`;
    }
  }

  /** A mouse selects what to zoom into, or moves it with the shift key; a finger only reads. */
  #down(event) {
    const plot = this.#plotAt(event);
    if (!plot || event.button !== 0) return;
    const minute = plot.minuteAt(event.clientX);
    if (minute == null) return;
    this.point(minute);
    if (event.pointerType !== 'mouse') return;
    event.preventDefault();
    plot.chart.focus({ preventScroll: true });
    const box = h('div.box');
    if (!event.shiftKey) plot.chart.after(box);
    this.list.setPointerCapture(event.pointerId);
    this.#drag = { plot, minute, x: event.clientX, isPan: event.shiftKey, box };
  }

  #up(event) {
    if (!this.#drag) return;
    const { plot, minute, x, isPan, box } = this.#drag;
    box.remove();
    this.#drag = null;
    if (isPan || Math.abs(event.clientX - x) < 8) return;
    this.zoom([minute, plot.minuteAt(event.clientX)].sort((a, b) => a - b));
  }

  #key(event) {
    if (!event.target.classList.contains('chart') || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = this.view.step;
    const [from, to] = this.window;
    const last = Math.max(from, ...this.plots.map(plot =>
      plot.main.findLastIndex((value, i) => value != null && i * step >= from && i * step <= to) * step));
    const at = this.cursor ?? last;
    const quarter = (to - from) / 4;
    const actions = {
      ArrowLeft: () => event.shiftKey ? this.zoom([from - quarter, to - quarter]) : this.point(at - step),
      ArrowRight: () => event.shiftKey ? this.zoom([from + quarter, to + quarter]) : this.point(at + step),
      PageDown: () => this.point(at - 60), PageUp: () => this.point(at + 60), Home: () => this.point(from), End: () => this.point(last),
      c: () => this.plots.find(plot => plot.chart === event.target)?.copy(),
      '+': () => this.magnify(.5), '-': () => this.magnify(2), 0: () => this.zoom(null),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }

  // MARK: The controls

  #controls() {
    const { view } = this;
    const change = (name, value, isStep) => {
      view[name] = value;
      view.write(isStep);
      this.point(null);
      this.show();
      this.page.travel?.refresh();
    };
    const toDay = day => view.at != null ? this.page.travel.toDay(day) : change('day', day >= date(now(), view.zone) ? null : day, true);
    $('#day').addEventListener('change', event => event.target.value && toDay(event.target.value));
    $('#day-before').addEventListener('click', () => toDay(addDays(this.query.day, -1)));
    $('#day-after').addEventListener('click', () => toDay(addDays(this.query.day, 1)));
    $('#today').addEventListener('click', () => view.at != null ? this.page.travel.leave() : change('day', null, true));
    $('#travel').addEventListener('click', () => this.page.openTravel());
    $('#step').append(...STEPS.map(step => h('option', { value: step }, step < 60 ? `${step} min` : '1 hour')));
    $('#step').addEventListener('change', event => change('step', Number(event.target.value)));
    const zone = $('#zone');
    zone.append(h('option', { value: ownZone() }, ownZone()));
    if (ownZone() !== 'UTC') zone.append(h('option', { value: 'UTC' }, 'UTC'));
    zone.addEventListener('change', () => change('zone', zone.value));
    // The other four hundred when somebody looks for one.
    zone.addEventListener('focus', () => {
      const known = new Set([...zone.options].map(option => option.value));
      zone.append(...Intl.supportedValuesOf('timeZone').filter(name => !known.has(name)).map(name => h('option', { value: name }, name)));
    }, { once: true });
    $('#zoom-in').addEventListener('click', () => this.magnify(.5));
    $('#zoom-out').addEventListener('click', () => this.magnify(2));
    $('#zoom-all').addEventListener('click', () => this.zoom(null));
    $('#link').addEventListener('click', () => copy(view.address(this.query.day), 'Link to this view'));
  }

  #showControls() {
    const { view } = this;
    const today = date(present(), view.zone);
    $('#day').value = this.query.day;
    $('#day').max = today;
    $('#day-after').disabled = this.query.day >= today;
    $('#today').setAttribute('aria-pressed', this.isToday);
    $('#step').value = view.step;
    const zone = $('#zone');
    if (![...zone.options].some(option => option.value === view.zone)) zone.append(h('option', { value: view.zone }, view.zone));
    zone.value = view.zone;
    $('#zoom-all').disabled = $('#zoom-out').disabled = this.isWhole;
    const day = dayName(this.query.day);
    const [from, to] = this.window;
    $('#when').textContent = this.isWhole ? this.isToday ? `Today, ${day}` : day : `${day}, ${this.axis.time(from)}–${this.axis.time(Math.min(to, this.axis.length - 1))}`;
    $('#nothing').hidden = this.plots.length > 0;
  }
}
