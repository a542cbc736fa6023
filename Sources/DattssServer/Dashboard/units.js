// What a statistic is measured in: as its user has set it, or by the ending of its name.

import { ask } from './api.js';
import { notify } from './dom.js';
import { identity } from './statistics.js';

/** The names of units, and what they are called where one is chosen. A timer's is `ms`. */
export const UNITS = { number: 'number', bytes: 'bytes', '%': 'percent', s: 'seconds', ms: 'milliseconds', us: 'microseconds', '/s': 'per second' };

const ENDINGS = [
  ['bytes', /(^|[._:-])(bytes|octets)$/i],
  ['%', /(^|[._:-])(percent|pct|percentage)$/i],
  // Before the seconds, with which it ends.
  ['/s', /(^|[._:-])(per_?sec(ond)?|rps|qps)$/i],
  ['s', /(^|[._:-])(seconds|secs?)$/i],
  ['ms', /(^|[._:-])(ms|millis|milliseconds)$/i],
  ['us', /(^|[._:-])(us|micros|microseconds)$/i],
];

/** The unit that the name of a statistic tells. */
export function unitByName(kind, path) {
  if (kind === 'ms') return 'ms';
  return ENDINGS.find(([, ending]) => ending.test(path))?.[0] ?? 'number';
}

let set = {};
/** Takes in units as the server tells them. */
export const take = ({ units }) => { set = Object.fromEntries(units.map(({ typ, pth, unit }) => [identity(typ, pth), unit])); };

/** Takes in what the user has set, in whichever tab or browser. */
export const loadUnits = async () => take(await ask('units'));

/** The unit of a statistic. */
export const unitOf = ({ id, kind, path }) => Object.hasOwn(UNITS, set[id]) ? set[id] : unitByName(kind, path);

/** Sets the unit of one, at once; what its name tells is not kept. What is for looking only is set until the page is closed. */
export async function setUnit({ id, kind, path }, unit, isReadOnly) {
  const before = set[id];
  set[id] = unit === unitByName(kind, path) ? null : unit;
  if (isReadOnly) return;
  try {
    take(await ask('units', { method: 'PUT', body: { typ: kind, pth: path, unit: set[id] } }));
  } catch (error) {
    set[id] = before;
    notify(`The unit was not saved: ${error.message}`, true);
  }
}
