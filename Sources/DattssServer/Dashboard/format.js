// Numbers, durations and times, as people read them.

const SIZES = [[1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e3, ' k']];

/** Three significant digits, more for whole numbers below 10,000: 0.0531, 12.3, 4,711, 12.3 k. Nothing is a dash. */
export function number(value) {
  if (value == null || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size === Infinity) return value < 0 ? '-∞' : '∞';
  if (size >= 1e16 || size < 1e-4) return value.toExponential(2);
  if (size >= 999.5 && size < 9999.5 || size < 1000 && Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  // Rounded first: 999,999 is 1 M.
  const rounded = Number(value.toPrecision(3));
  const [unit, sign] = SIZES.find(([unit]) => Math.abs(rounded) >= unit) ?? [1, ''];
  return Number((rounded / unit).toPrecision(3)) + sign;
}

/** The largest unit of time in which there are 2 or more, or 1 second. */
const DURATIONS = [[7200000, 3600000, 'h'], [120000, 60000, 'min'], [999.5, 1000, 's'], [0, 1, 'ms']];

/** A number of milliseconds as text and unit; nothing has no unit. */
function duration(value) {
  if (value == null || Number.isNaN(value)) return [number(value), ''];
  const [, milliseconds, unit] = DURATIONS.find(([least]) => Math.abs(value) >= least);
  return [number(value / milliseconds), unit];
}

/** A value of a kind as its number and its unit, which only timers have. */
export const measured = (kind, value) => kind === 'ms' ? duration(value) : [number(value), ''];

/** The same in one text: 12.3 s. */
export const valueOf = (kind, value) => measured(kind, value).filter(Boolean).join(' ');

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

function format(zone, options) {
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
