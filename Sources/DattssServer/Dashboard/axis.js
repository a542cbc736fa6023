// The steps of a day in the order of time, which is not always once around the clock.

import { clock } from './format.js';

export const DAY_MINUTES = 1440;

/** So many times farther apart than usual, there is a gap between two points. */
const GAP = 1.6;

/** How far apart places may lie that belong together: what comes every half hour has no gaps of half an hour. */
export function reach(places) {
  const distances = places.slice(1).map((place, i) => place - places[i]).sort((a, b) => a - b);
  // A few tell nothing.
  return distances.length < 4 ? 0 : GAP * distances[Math.floor((distances.length - 1) / 2)];
}

/**
 * Where the steps of a day lie on a plot, one behind the other. Where clocks are set back, what they show again has places of
 * its own; where they are set forward, what they miss has none. A place is counted in minutes since midnight.
 */
export class DayAxis {
  /** `{ minute, minutes, isRepeated }`: what a step is called, how many minutes there are of it, and whether clocks show it again. */
  steps = [];
  #indexes;

  /** `clocks` are the changes that the server tells of the day, `{ from, to }` in minutes of the wall. */
  constructor(step, clocks = []) {
    this.step = step;
    this.clocks = clocks;
    const forward = clocks.filter(({ from, to }) => to > from);
    const back = clocks.filter(({ from, to }) => to < from);
    const common = (minute, changes) => changes.reduce((sum, { from, to }) =>
      sum + Math.max(0, Math.min(Math.max(from, to), minute + step) - Math.max(Math.min(from, to), minute)), 0);
    const add = (minute, minutes, isRepeated) => { if (minutes > 0) this.steps.push({ minute, minutes, isRepeated }); };
    for (let minute = 0; minute < DAY_MINUTES; minute += step) {
      add(minute, step - common(minute, forward), false);
      for (const change of back) {
        if (minute >= change.from || minute + step < change.from) continue;
        for (let again = Math.floor(change.to / step) * step; again < change.from; again += step) add(again, common(again, [change]), true);
      }
    }
    // A zone that goes over the date line misses a whole day: there is nothing to show on it, but a plot needs an axis.
    if (!this.steps.length) this.steps = new DayAxis(step).steps;
    this.#indexes = new Map(this.steps.map(({ minute, isRepeated }, index) => [isRepeated ? ~minute : minute, index]));
  }

  get length() { return this.steps.length * this.step; }

  /** A part of the day, moved and cut so that it lies in the day, and is at least as wide as said. */
  part([from, to], widthMin = 0) {
    const width = Math.min(Math.max(to - from, widthMin), this.length);
    const first = Math.min(Math.max(0, from), this.length - width);
    return [first, first + width];
  }

  /** The number of a step; -1 for one that the day does not have. */
  index(minute, isRepeated = false) {
    return this.#indexes.get(isRepeated ? ~minute : minute) ?? -1;
  }

  /** What a clock shows at a place, in minutes from midnight. */
  wall(place) {
    const index = Math.min(Math.max(0, Math.floor(place / this.step)), this.steps.length - 1);
    return this.steps[index].minute + place - index * this.step;
  }

  /** The same as people say it: 02:15, or 02:15 again. */
  time(place) {
    const isRepeated = this.steps[Math.floor(place / this.step)]?.isRepeated;
    return clock(this.wall(place)) + (isRepeated ? ' again' : '');
  }

  /** The places that clocks show again, as pairs of a first and a last. */
  get repeated() {
    const found = [];
    this.steps.forEach(({ isRepeated }, i) => {
      if (!isRepeated) return;
      if (found.at(-1)?.[1] === i * this.step) found.at(-1)[1] += this.step;
      else found.push([i * this.step, (i + 1) * this.step]);
    });
    return found;
  }

  /** What the clocks did, in a sentence for each change. */
  get words() {
    return this.clocks.map(({ from, to }) => `The clocks went ${to < from ? 'back' : 'forward'} from ${clock(from)} to ${clock(to)}.`).join(' ');
  }
}
