// A day of a statistic beside its usual day, in a sentence or three.

import { reach } from './axis.js';
import { compare, mean, versus } from './comparison.js';
import { valueOf } from './format.js';

/** More gaps than this are counted instead of named. */
const MOST_NAMED = 3;
/** So much should have come before the silence of a counter is worth a word: there is none by chance once in a thousand times. */
const MISSED = 7;

const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

/**
 * The steps of which nothing is known, as they are said. Before the first data and after the last they count where there usually
 * is something: what began today missed nothing, and what ended is not to be overlooked.
 */
function gaps({ columns: [usual, main], axis, step, over }, first, last) {
  const time = index => axis.time(index * step);
  const isExpected = (from, to) => usual.slice(from, to).some(value => value > 0 || value < 0);
  const found = [];
  const longest = Math.max(1, reach(main.flatMap((value, i) => value == null ? [] : [i])));
  if (first >= Math.floor(longest) && isExpected(0, first)) found.push(`before ${time(first)}`);
  for (let i = first + 1, previous = first; i <= last; i++) {
    if (main[i] == null) continue;
    if (i - previous > longest) found.push(`${time(previous + 1)}–${time(i)}`);
    previous = i;
  }
  if (over - 1 - last >= Math.floor(longest) && isExpected(last + 1, over)) found.push(`since ${time(last + 1)}`);
  return found;
}

/** Since when a counter counts nothing, where it usually would. */
function silence({ columns: [usual, main], axis, step }, last) {
  const from = main.findLastIndex(value => value > 0 || value < 0) + 1;
  const expected = usual.slice(from, last + 1).reduce((sum, value) => sum + (value ?? 0) * step, 0);
  return from <= last && expected >= MISSED ? ` Silent since ${axis.time(from * step)}.` : '';
}

/**
 * What the day had on average, how that compares over the steps that both days know, and its highest step. The steps in which a
 * counter was silent are known, and zero; those of timers and gauges are not. `unit` is what the statistic is measured in.
 */
export function summary(kind, name, data, unit = kind) {
  const { columns: [usual, main], axis, step, days, over } = data;
  const clocks = axis.words && ` ${axis.words}`;
  const known = main.flatMap((value, i) => value == null ? [] : [i]);
  const usualDay = `mean of ${count(days, 'day')}`;
  if (!known.length) return `${name}: no data${days ? `; the usual day is the ${usualDay}` : ''}.${clocks}`;
  const [first, last] = [known[0], known.at(-1)];
  // A step of which a minute or two are over says little of its rate, and would weigh as much as the others.
  const end = known.some(i => i < over) ? over : main.length;
  const compared = compare(main.slice(0, end), usual);
  const against = !compared ? ', no usual day yet'
    : compared.usual > 0 ? `, ${versus(unit, compared)} vs the usual day (${usualDay})`
    : `, ${versus(unit, compared)} (${usualDay})`;
  const average = compared?.value ?? mean(known.filter(i => i < end).map(i => main[i]));
  const peak = known.reduce((best, i) => main[i] > main[best] ? i : best);
  const words = { c: ' per minute', ms: ' (median)', g: '' }[kind];
  const missing = gaps(data, first, last);
  const sparse = missing.length > MOST_NAMED ? ` ${count(missing.length, 'gap')}.`
    : missing.length ? ` No data ${missing.join(', ')}.` : '';
  const silent = kind === 'c' ? silence(data, last) : '';
  return `${name} ${valueOf(unit, average)}${words} on average${against}; highest `
    + `${valueOf(unit, main[peak])} at ${axis.time(peak * step)}.${sparse}${silent}${clocks}`;
}
