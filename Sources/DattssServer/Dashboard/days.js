// A day of a statistic beside the usual day, as the columns of a plot.

import { ask, statisticPath } from './api.js';
import { DayAxis } from './axis.js';
import { mean } from './comparison.js';
import { date, minuteOfDay } from './format.js';
import { isPast, now } from './statistics.js';

/** What a plot shows of each kind; the first is usual, the second today, and the rest today's spread. */
export const COLUMNS = {
  c: ['usual', 'today'],
  g: ['usual', 'today', 'min', 'max'],
  ms: ['usual', 'p50', 'min', 'p95', 'p99', 'max'],
};
/** What the numbers of a kind are. */
export const MEANING = { c: 'per minute', ms: 'duration', g: 'mean of each step' };

const meanOf = point => point.cnt > 0 ? point.sum / point.cnt : null;
/** Percentiles are not known of what old clients send: the mean stands for the median then, `top` for p95, and the page says so. */
const isRough = point => point.cnt > 0 && point.p50 === null;
const pick = {
  c: (point, minutes) => [point.sum / minutes],
  g: point => [meanOf(point), point.min, point.max],
  ms: point => [point.p50 ?? meanOf(point), point.min, point.p95 ?? point.top, point.p99 ?? null, point.max],
};

/**
 * Asks for a day; `columns[name][i]` belongs to step `i` of the axis, null where there is nothing. `rough` are the steps without
 * percentiles: of the usual day, and of this one. `open` is the step that is not over and has data; `over` is how many steps are over.
 */
export async function loadDay(stat, { day, zone, step }) {
  const answer = await ask(`day/${statisticPath(stat)}?date=${day}&tz=${encodeURIComponent(zone)}&step=${step}`);
  const axis = new DayAxis(step, answer.clocks);
  const columns = COLUMNS[stat.kind].map(() => axis.steps.map(() => null));
  const rough = [new Set(), new Set()];
  const note = (point, side, index) => { if (stat.kind === 'ms' && isRough(point)) rough[side].add(index); };
  const usual = new Map(answer.usual.map(point => [point.minute, point]));
  axis.steps.forEach(({ minute }, index) => {
    const point = usual.get(minute);
    if (!point) return;
    columns[0][index] = pick[stat.kind](point, point.minutes)[0];
    note(point, 0, index);
  });
  const over = stepsOver(axis, answer.clocks, day, zone);
  let open = null;
  for (const point of answer.today) {
    const index = axis.index(point.minute, Boolean(point.repeated));
    // What came after the moment that is shown was not known then.
    if (index < 0 || isPast() && index >= over) continue;
    const { minutes } = axis.steps[index];
    const passed = elapsed(point.at, minutes);
    const isOpen = passed < minutes;
    note(point, 1, index);
    // A rate over a few seconds would jump about.
    if (stat.kind === 'c' && isOpen && passed < 1 && answer.today.length > 1) continue;
    if (isOpen) open = index;
    pick[stat.kind](point, Math.max(1, passed)).forEach((value, i) => { columns[i + 1][index] = value; });
  }
  const days = Math.max(0, ...answer.usual.map(point => point.days));
  const band = bandOf(answer, axis, stat.kind === 'c' ? step : 1);
  if (isPast()) for (const step of band.slice(over)) if (step) step.score = null;
  fillSilence(columns, axis, answer.silent ?? [], over);
  return { columns, rough, axis, step, day, open, over, days, band };
}

/** What is usual with its spread, step by step as `{ low, high, score }`; null where that is not known. */
function bandOf({ band = [] }, axis, per) {
  const known = new Map(band.map(point => [point.minute, point]));
  return axis.steps.map(({ minute }) => {
    const point = known.get(minute);
    return point ? { low: point.low / per, high: point.high / per, score: point.score ?? null } : null;
  });
}

/** A counter that was silent while the server listened counted nothing, which is a number; before its first day it is none. */
function fillSilence([usual, main], axis, silent, over) {
  const first = main.findIndex(value => value != null);
  const isNew = usual.every(value => value == null);
  for (const { from, to, repeated } of silent) {
    axis.steps.forEach(({ minute, isRepeated }, index) => {
      if (isRepeated !== Boolean(repeated) || minute < from || minute >= to || index >= over || main[index] != null) return;
      if (!isNew || first >= 0 && index > first) main[index] = 0;
    });
  }
}

/** How many of the minutes of a step, which begins at `at`, are over. */
function elapsed(at, minutes) {
  const passed = (now() - at) / 60;
  return passed >= 0 && passed < minutes ? passed : minutes;
}

/** How many steps of a day are over. */
function stepsOver(axis, clocks, day, zone) {
  const time = now();
  const today = date(time, zone);
  if (day !== today) return day < today ? axis.steps.length : 0;
  const minute = Math.floor(minuteOfDay(time, zone));
  const isRepeated = clocks.some(({ at, from, to }) => to <= minute && minute < from && time >= at);
  return axis.index(Math.floor(minute / axis.step) * axis.step, isRepeated);
}

/** The rows that dygraphs wants: minute, then a value of each column. */
export function rowsOf(data) {
  return data.columns[0].map((_, i) => [i * data.step, ...data.columns.map(column => column[i])]);
}

/** The usual value of a statistic at this time of day, asked for once a day. */
export class UsualNow {
  #known = new Map();
  static step = 15;

  /**
   * `{ now, hour, band }`: the mean over the hour before, and how far below and above is still usual in a minute; each null, and the
   * band missing, when there is none; undefined while they are asked for. `onKnown` is called when they are known.
   */
  at(stat, zone, onKnown) {
    const time = now();
    const day = date(time, zone);
    const key = `${stat.id} ${day} ${zone}`;
    if (!this.#known.has(key)) {
      this.#known.set(key, undefined);
      ask(`day/${statisticPath(stat)}?date=${day}&tz=${encodeURIComponent(zone)}&step=${UsualNow.step}`).then(answer => {
        const usual = new Map(answer.usual.map(point =>
          [point.minute, stat.kind === 'c' ? point.sum / point.minutes : meanOf(point)]));
        this.#known.set(key, { usual, band: bands(stat.kind, answer) });
        onKnown();
      }, () => setTimeout(() => this.#known.delete(key), 30000));
    }
    const known = this.#known.get(key);
    if (!known) return known;
    const { usual } = known;
    const last = Math.floor(minuteOfDay(time, zone) / UsualNow.step) * UsualNow.step;
    // The hour before, as far as the day has it.
    const hour = [0, 1, 2, 3].map(steps => usual.get(last - steps * UsualNow.step)).filter(value => value != null);
    const band = known.band.get(last);
    return { now: usual.get(last) ?? null, hour: hour.length ? mean(hour) : null, ...band && { band } };
  }
}

/**
 * How far below and above a minute may be, by the minute of the day, as days tell it and not only the last hours. The counts of a minute vary by the
 * root of how much shorter it is than a step.
 */
function bands(kind, { band = [] }) {
  const per = kind === 'c' ? Math.sqrt(UsualNow.step) : 1;
  return new Map(band.filter(({ basis }) => basis === 'days')
    .map(({ minute, usual, low, high }) => [minute, { below: (usual - low) / per, above: (high - usual) / per }]));
}
