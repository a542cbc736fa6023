// The last hour of a statistic, minute by minute: asked for when a row is first seen, then prolonged from the live stream.

import { ask, statisticPath } from './api.js';
import { average, isPast, now } from './statistics.js';

const MINUTES = 60;
const AT_ONCE = 4;
const RETRY_MS = 30_000;
/** A minute's end is noticed within a second; later, the average of the last 60 seconds is not the minute's any more. */
const LATE_SECONDS = 5;
export const WIDTH = 60;
export const HEIGHT = 18;

export class Sparklines {
  #waiting = [];
  #running = 0;
  #isWanted;
  #onDone;

  /** `isWanted(stat)` says whether it is still looked at, `onDone(stat)` is called when its hour is there. */
  constructor(isWanted, onDone) {
    this.#isWanted = isWanted;
    this.#onDone = onDone;
  }

  /** Asks for the hour of a statistic unless it is known or asked for; to be called as long as it is looked at. */
  want(stat) {
    if (stat.hour && !stat.hour.isStale || stat.isHourAsked) return;
    stat.isHourAsked = true;
    this.#waiting.push(stat);
    this.#next();
  }

  async #next() {
    if (this.#running >= AT_ONCE) return;
    // What was seen last is looked at first.
    const stat = this.#waiting.pop();
    if (!stat) return;
    if (!this.#isWanted(stat)) {
      stat.isHourAsked = false;
      return this.#next();
    }
    this.#running++;
    try {
      const last = Math.floor(now() / 60);
      const { points } = await ask(`series/${statisticPath(stat)}?step=1&from=${(last - MINUTES + 1) * 60}${isPast() ? `&to=${last * 60}` : ''}`);
      const hour = new Array(MINUTES).fill(null);
      for (const point of points) {
        const index = point.at / 60 - last + MINUTES - 1;
        if (index >= 0 && index < MINUTES) hour[index] = stat.kind === 'c' ? point.sum : point.sum / point.cnt;
      }
      stat.hour = { last, values: hour, version: (stat.hour?.version ?? 0) + 1 };
      stat.isHourAsked = false;
      this.#onDone(stat);
    } catch {
      // The row goes without, or with what it had.
      setTimeout(() => { stat.isHourAsked = false; }, RETRY_MS);
    }
    this.#running--;
    this.#next();
  }

  /**
   * A minute is over: its average over the last 60 seconds is what the minute had, if that is known: the page was awake at the
   * minute's end, and `isConnected` to the stream. Otherwise the hour is stale, and to be asked for anew.
   */
  prolong(stats, time, isConnected = true) {
    const minute = Math.floor(time / 60);
    const isKnown = isConnected && time % 60 < LATE_SECONDS;
    for (const stat of stats) {
      const hour = stat.hour;
      if (!hour || minute <= hour.last) continue;
      hour.isStale ||= !isKnown || minute > hour.last + 1;
      const value = average(stat, time);
      const isNothing = value == null || value === 0 && stat.kind === 'c';
      hour.values[MINUTES - 1] = isNothing ? null : value;
      const passed = Math.min(minute - hour.last, MINUTES);
      hour.values.splice(0, passed);
      for (let i = 0; i < passed; i++) hour.values.push(null);
      hour.last = minute;
      hour.version++;
    }
  }
}

/** The path of a sparkline: bars for what is counted, a line for what is measured. Gaps are gaps. */
export function sparkPath(kind, values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value == null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high === -Infinity) return '';
  // A count stands on zero.
  if (kind === 'c') [low, high] = [Math.min(0, low), Math.max(0, high)];
  const scale = high > low ? (HEIGHT - 3) / (high - low) : 0;
  const middle = kind === 'c' ? 0 : (HEIGHT - 3) / 2;
  const y = value => (HEIGHT - 1.5 - (scale ? (value - low) * scale : middle)).toFixed(1);
  const ground = low < 0 ? y(0) : HEIGHT - 1;
  let path = '';
  let isPen = false;
  for (let i = 0; i < values.length; i++) {
    if (values[i] == null) { isPen = false; continue; }
    if (kind === 'c') path += `M${i + .5} ${ground}V${y(values[i])}`;
    else if (isPen) path += `L${i + .5} ${y(values[i])}`;
    else path += `M${i - .3} ${y(values[i])}h1.6`;
    isPen = true;
  }
  return path;
}
