// What a statistic is measured in: as somebody set it in this browser, or by the ending of its name.

/** The names of units, and what they are called where one is chosen. A timer's is `ms`. */
export const UNITS = { number: 'number', bytes: 'bytes', '%': 'percent', s: 'seconds', ms: 'milliseconds', us: 'microseconds' };

const ENDINGS = [
  ['bytes', /(^|[._:-])(bytes|octets)$/i],
  ['%', /(^|[._:-])(percent|pct|percentage)$/i],
  ['s', /(^|[._:-])(seconds|secs?)$/i],
  ['ms', /(^|[._:-])(ms|millis|milliseconds)$/i],
  ['us', /(^|[._:-])(us|micros|microseconds)$/i],
];

/** The unit that the name of a statistic tells. */
export function unitByName(kind, path) {
  if (kind === 'ms') return 'ms';
  return ENDINGS.find(([, ending]) => ending.test(path))?.[0] ?? 'number';
}

const STORE = 'units';
let known = null;

function read() {
  try { return JSON.parse(localStorage.getItem(STORE)) ?? {}; } catch { return {}; }
}
if (typeof addEventListener === 'function') addEventListener('storage', () => { known = null; });

/** The unit of a statistic. */
export function unitOf({ id, kind, path }) {
  known ??= read();
  return Object.hasOwn(UNITS, known[id]) ? known[id] : unitByName(kind, path);
}

/** Sets the unit of one; what its name tells is not kept. */
export function setUnit({ id, kind, path }, unit) {
  // Read again: another tab may have set others.
  known = read();
  if (unit === unitByName(kind, path)) delete known[id];
  else known[id] = unit;
  try { localStorage.setItem(STORE, JSON.stringify(known)); } catch { /* It holds until the page is closed. */ }
}
