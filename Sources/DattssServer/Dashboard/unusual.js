// What is unusual now, over all statistics: as the server finds it at the end of each step, the most unusual first.

import { ask } from './api.js';
import { $, h, svg, put, badge } from './dom.js';
import { counted, moment } from './format.js';
import { isPast, now, parse } from './statistics.js';

const WIDTH = 96;
const HEIGHT = 22;
const MOST_SHOWN = 8;
/** The server looks at a minute when it is over and written. */
const LATE_SECONDS = 3;
const RETRY_SECONDS = 60;

/** The paths of a sparkline and of the band behind it, over the same values. */
export function bandPaths(points) {
  const values = points.flatMap(({ value, low, high }) => [value, low, high]).filter(value => value != null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = i => (points.length > 1 ? i * WIDTH / (points.length - 1) : 0).toFixed(1);
  const y = value => (most > least ? (HEIGHT - 2) * (most - value) / (most - least) + 1 : HEIGHT / 2).toFixed(1);
  const path = (name, order) => order.map(i => `${x(i)} ${y(points[i][name])}`).join('L');
  const known = points.flatMap(({ low, high }, i) => low == null || high == null ? [] : [i]);
  return {
    line: points.length ? `M${path('value', points.map((_, i) => i))}` : '',
    band: known.length > 1 ? `M${path('high', known)}L${path('low', known.toReversed())}Z` : '',
  };
}

export class Unusual {
  #askedAt = -Infinity;
  #asked = 0;

  constructor(page) {
    this.page = page;
    this.section = $('#unusual');
  }

  /** At another moment other things are unusual. */
  reset() {
    this.#askedAt = -Infinity;
    this.section.hidden = true;
    put($('#unusual-title'), isPast() ? 'Unusual then' : 'Unusual now');
    return this.tick();
  }

  /** Every second, and once before anything is shown, which it would push down: asks once a minute. */
  async tick(time = now()) {
    const due = Math.floor((time - LATE_SECONDS) / 60);
    if (due <= this.#askedAt) return;
    this.#askedAt = due;
    const asked = ++this.#asked;
    const answer = await ask(isPast() ? `unusual?at=${time}` : 'unusual').catch(() => null);
    if (asked !== this.#asked) return;
    if (answer) this.show(answer);
    else this.#askedAt = due + RETRY_SECONDS / 60 - 1;
  }

  show({ unusual, known, unknown }) {
    this.section.hidden = !known && !unusual.length;
    put($('#unusual-note'), unusual.length ? '' : `nothing, of ${counted(known, 'statistic')}${unknown ? `; ${unknown} ${isPast() ? 'not known of then' : 'not yet known'}` : ''}`);
    const more = unusual.length - MOST_SHOWN;
    put($('#unusual-more'), more > 0 ? `and ${more} more` : '');
    $('#unusual-list').replaceChildren(...unusual.slice(0, MOST_SHOWN).map(found => this.#row(found)));
  }

  #row({ typ, pth, since, score, points }) {
    const stat = this.page.statistics.all.get(`${typ}:${pth}`) ?? parse(`${typ}:${pth}`);
    const { line, band } = bandPaths(points);
    return h(`li.${score < 0 ? 'below' : 'above'}`, {},
      h('button', { type: 'button', onclick: () => this.page.isPlotted(stat) || this.page.toggle(stat) },
        badge(typ), h('span.path', { title: pth }, pth),
        h('span.since', {}, `${score < 0 ? '↓' : '↑'} since ${moment(since, this.page.zone, now())}`),
        svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' },
          svg('path', { class: 'band', d: band }), svg('path', { class: 'line', d: line }))));
  }
}
