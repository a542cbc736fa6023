// A day of a statistic beside its usual day, in a sentence or three.

import { change, valueOf } from './format.js';

/** More gaps than this are counted instead of named. */
const MOST_NAMED = 3;

const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;
const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The steps without data, as they are said. Before the first data and after the last they count where there usually is something:
 * what began today missed nothing, and what ended is not to be overlooked.
 */
function gaps({ columns: [usual, main], axis, step, over }, first, last) {
  const time = index => axis.time(index * step);
  const isExpected = (from, to) => usual.slice(from, to).some(value => value > 0 || value < 0);
  const found = [];
  if (isExpected(0, first)) found.push(`before ${time(first)}`);
  for (let i = first + 1, previous = first; i <= last; i++) {
    if (main[i] == null) continue;
    if (i - previous > 1) found.push(`${time(previous + 1)}–${time(i)}`);
    previous = i;
  }
  if (last + 1 < over && isExpected(last + 1, over)) found.push(`since ${time(last + 1)}`);
  return found;
}

/**
 * What the day had on average, how that compares, and its highest step.
 *
 * A counter that is silent counts nothing, and so its silent steps count: from its first sample on for its mean, and wherever the
 * user usually sends for the comparison. Without them a rare counter would be as high as in the few steps in which it counts.
 * Timers and gauges are unknown where they are silent.
 */
export function summary(kind, name, data) {
  const { columns: [usual, main], axis, step, days, over } = data;
  const clocks = axis.words && ` ${axis.words}`;
  const known = main.flatMap((value, i) => value == null ? [] : [i]);
  const usualDay = `mean of ${count(days, 'day')}`;
  if (!known.length) return `${name}: no data${days ? `; the usual day is the ${usualDay}` : ''}.${clocks}`;
  const [first, last] = [known[0], known.at(-1)];
  // A step that is not over counts only when it has data.
  const steps = main.map((_, i) => i).slice(0, Math.max(over, last + 1));
  const counted = kind === 'c' ? steps.slice(first) : known;
  const compared = (kind === 'c' ? steps : known).filter(i => usual[i] != null);
  const usually = compared.length ? mean(compared.map(i => usual[i])) : 0;
  const ratio = mean(compared.map(i => main[i] ?? 0)) / usually;
  const versus = usually > 0 ? `, ${change(ratio)} vs the usual day (${usualDay})`
    : compared.length ? `, usually ${valueOf(kind, usually)} (${usualDay})` : ', no usual day yet';
  const peak = known.reduce((best, i) => main[i] > main[best] ? i : best);
  const unit = { c: ' per minute', ms: ' (median)', g: '' }[kind];
  const missing = gaps(data, first, last);
  const sparse = missing.length > MOST_NAMED ? ` ${count(missing.length, 'gap')}.`
    : missing.length ? ` No data ${missing.join(', ')}.` : '';
  return `${name} ${valueOf(kind, mean(counted.map(i => main[i] ?? 0)))}${unit} on average${versus}; highest `
    + `${valueOf(kind, main[peak])} at ${axis.time(peak * step)}.${sparse}${clocks}`;
}
