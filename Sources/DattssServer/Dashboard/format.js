// Numbers, durations and times, as people read them.

const SIZES = [[1e18, ' E'], [1e15, ' P'], [1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e3, ' k']];
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** How numbers are written: as where the reader lives, always in the digits 0 to 9. The words of the page are English. */
let locale = 'en';
const written = new Map();

/** Writes numbers as this locale does; one that the browser does not know changes nothing. */
export function setLocale(name) {
  try { [locale] = Intl.NumberFormat.supportedLocalesOf(name).concat('en'); } catch { return; }
  written.clear();
}

/** A number in the reader's way; how that is, is made once, because it takes long. */
function write(value, options = { maximumFractionDigits: 8 }) {
  const key = Object.values(options).join();
  if (!written.has(key)) written.set(key, new Intl.NumberFormat(locale, { numberingSystem: 'latn', ...options }));
  return written.get(key).format(value);
}

/** With so many digits behind the point, also where they are zero. */
export const fixed = (value, digits) => write(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** 1.23×10³⁰⁰ */
function scientific(value) {
  const [digits, exponent] = value.toExponential(2).split('e');
  const raised = [...exponent.replace('+', '')].map(sign => sign === '-' ? '⁻' : RAISED[sign]).join('');
  return `${write(Number(digits))}×10${raised}`;
}

/** Three significant digits, more for whole numbers below 10,000: 0.0531, 12.3, 4,711, 12.3 k. Nothing is a dash. */
export function number(value) {
  if (value == null || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size === Infinity) return value < 0 ? '-∞' : '∞';
  if (size >= 999.5e18 || size < 1e-4) return scientific(value);
  if (size >= 999.5 && size < 9999.5 || size < 1000 && Number.isInteger(value)) return write(Math.round(value));
  // Rounded first: 999,999 is 1 M.
  const rounded = Number(value.toPrecision(3));
  const [unit, sign] = SIZES.find(([unit]) => Math.abs(rounded) >= unit) ?? [1, ''];
  return write(Number((rounded / unit).toPrecision(3))) + sign;
}

/** How many there are: `1 statistic`, `5,001 statistics`. */
export const counted = (count, one) => `${number(count)} ${count === 1 ? one : `${one}s`}`;

/** A number with all its digits, as far as they mean anything: 1,234,567.25. */
export function exact(value) {
  if (value == null || Number.isNaN(value)) return '–';
  return Math.abs(value) < 1e21 ? write(value, { maximumSignificantDigits: 15 }) : String(value);
}

/** The largest unit of time in which there are 2 or more, or 1 second. */
const DURATIONS = [[172800000, 86400000, 'd'], [7200000, 3600000, 'h'], [120000, 60000, 'min'], [999.5, 1000, 's'], [0, 1, 'ms']];

/** A number of milliseconds as text and unit; nothing has no unit. */
function duration(value) {
  if (value == null || Number.isNaN(value)) return [number(value), ''];
  const [, milliseconds, unit] = DURATIONS.find(([least]) => Math.abs(value) >= least);
  return [number(value / milliseconds), unit];
}

/** A number of bytes as text and unit, in steps of a thousand. */
function size(value) {
  if (value == null || Number.isNaN(value)) return [number(value), ''];
  const [text, sign = ''] = number(value).split(' ');
  const isWhole = !sign && Math.abs(value) >= 1000;
  return isWhole ? [number(value / 1000), 'kB'] : [text, `${sign}B`];
}

/** Milliseconds of one, for each unit of time. */
const TIMES = { ms: 1, s: 1000, us: .001 };

/** A value as its number and its unit, by what it is measured in: see units.js. */
export function measured(unit, value) {
  if (unit in TIMES) return duration(value == null ? null : value * TIMES[unit]);
  if (unit === 'bytes') return size(value);
  return [number(value), (unit === '%' || unit === '/s') && value != null ? unit : ''];
}

/** In what a number of this size is read: how much that is, and its sign. */
export function scaleOf(unit, size) {
  if (unit in TIMES) {
    const [, milliseconds, sign] = DURATIONS.find(([least]) => size * TIMES[unit] >= least);
    return [milliseconds / TIMES[unit], sign];
  }
  const [scale, sign] = size < (unit === 'bytes' ? 1000 : 10000) ? [1, ''] : SIZES.find(([scale]) => size >= scale);
  return [scale, unit === 'bytes' ? `${sign.trim()}B` : unit === '%' || unit === '/s' ? `${sign.trim()}${unit}` : sign.trim()];
}

/** The same in one text: 12.3 s. */
export const valueOf = (unit, value) => measured(unit, value).filter(Boolean).join(' ');

/** The exact value and what it is measured in: 1,234,567 bytes. */
export const exactOf = (unit, value) => value == null || unit === 'number' ? exact(value) : `${exact(value)} ${unit}`;

/** From the smallest to the largest, if they are not the same, in one unit where that can be: 11–99 ms, 0.98–1.2 s, 11 ms–1.2 h. */
export function spread(unit, low, high) {
  const [a, b] = [valueOf(unit, low), valueOf(unit, high)];
  if (a === b) return a;
  const [scale, sign] = scaleOf(unit, Math.max(Math.abs(low), Math.abs(high)));
  const isClose = low === 0 || Math.abs(low / scale) >= .01;
  return isClose ? `${number(low / scale)}–${number(high / scale)}${sign && ` ${sign}`}` : `${a}–${b}`;
}

/** +38 %, −7 %, ±0 %, ×12; what has not ended altogether is never −100 %. */
export function change(ratio) {
  if (Number.isNaN(ratio)) return '–';
  if (ratio >= 9.995) return `×${number(ratio < 1000 ? Math.round(ratio) : ratio)}`;
  const percent = Math.round((ratio - 1) * 100);
  if (percent === -100 && ratio > 0) return '< −99 %';
  return `${percent < 0 ? '−' : percent ? '+' : '±'}${number(Math.abs(percent))} %`;
}

/** A number of seconds: 40 s, 12 min, 3 h, 9 d. */
export function span(seconds) {
  if (seconds < 89.5) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5370) return `${Math.round(seconds / 60)} min`;
  return seconds < 127800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

const formats = new Map();

/** How times are written in a zone; made once, because that takes long. */
export function format(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }));
  return formats.get(key);
}

/** Later or earlier than this, a day of a month could be that of another year. */
const MOST_OF_A_YEAR = 300 * 86400;

/** Epoch seconds as a time of day; not today, with the day; long ago, with the year: 14:05, 22 Nov 14:05, 22 Nov 2024 14:05. */
export function moment(seconds, zone, now) {
  const clock = format(zone, { hour: '2-digit', minute: '2-digit' }).format(seconds * 1000);
  if (date(seconds, zone) === date(now, zone)) return clock;
  const year = Math.abs(now - seconds) > MOST_OF_A_YEAR ? { year: 'numeric' } : {};
  return `${format(zone, { day: 'numeric', month: 'short', ...year }).format(seconds * 1000)} ${clock}`;
}

/** Epoch seconds as a date: 2026-11-23. */
export function date(seconds, zone) {
  const parts = format(zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(seconds * 1000);
  const part = type => parts.find(part => part.type === type).value;
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** Minutes since midnight, with a fraction. */
export function minuteOfDay(seconds, zone) {
  const [hour, minute] = format(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .format(seconds * 1000).split(':').map(Number);
  return hour * 60 + minute + seconds % 60 / 60;
}

/** Minutes since midnight as a clock shows them: 09:30. */
export const clock = minute =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(Math.floor(minute % 60)).padStart(2, '0')}`;

/** Whether a text is a day of the calendar, as 2026-11-23. */
export const isDay = text => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T12:00Z`)) && addDays(text, 0) === text;

export function addDays(day, days) {
  return new Date(Date.parse(`${day}T12:00Z`) + days * 86400000).toISOString().slice(0, 10);
}

export const dayName = day =>
  new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })
    .format(Date.parse(`${day}T12:00Z`));
