// Numbers, durations and times, as people read them.

const SIZES = [[1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e4, ' k']];

/** Three significant digits, more for whole numbers below 10,000: 0.0531, 12.3, 4,711, 12.3 k. Nothing is a dash. */
export function number(value) {
  if (value == null || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e16 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  for (const [unit, sign] of SIZES) {
    if (size >= unit) return trim(value / (unit === 1e4 ? 1e3 : unit)) + sign;
  }
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return size >= 1000 ? Math.round(value).toLocaleString('en') : trim(value);
}

const trim = value => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits) === '0.000' ? value.toPrecision(2) : value.toFixed(digits)));
};

/** Of milliseconds. */
export function duration(value) {
  if (value == null) return '–';
  if (Math.abs(value) < 1000) return `${number(value)} ms`;
  return Math.abs(value) < 120000 ? `${number(value / 1000)} s` : `${number(value / 60000)} min`;
}

/** A value of a kind, with its unit. */
export const valueOf = (kind, value) => kind === 'ms' ? duration(value) : number(value);

/** +38 %, −7 %, ±0 %, ×12. */
export function change(ratio) {
  if (ratio >= 10) return `×${number(Math.round(ratio))}`;
  const percent = Math.round((ratio - 1) * 100);
  return `${percent < 0 ? '−' : percent ? '+' : '±'}${Math.abs(percent)} %`;
}

/** Of seconds: 40 s, 12 min, 3 h, 9 d. */
export function span(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

const formats = new Map();

function format(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }));
  return formats.get(key);
}

/** Of epoch seconds: 14:05 today, else 22 Nov 14:05. */
export function moment(seconds, zone, now) {
  const clock = format(zone, { hour: '2-digit', minute: '2-digit' }).format(seconds * 1000);
  if (now != null && date(seconds, zone) === date(now, zone)) return clock;
  return `${format(zone, { day: 'numeric', month: 'short' }).format(seconds * 1000)} ${clock}`;
}

/** Of epoch seconds: 2026-11-23. */
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

/** Of minutes since midnight: 09:30. */
export const clock = minute =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(Math.floor(minute % 60)).padStart(2, '0')}`;

export function addDays(day, days) {
  return new Date(Date.parse(`${day}T12:00Z`) + days * 86400000).toISOString().slice(0, 10);
}

export const dayName = day =>
  new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })
    .format(Date.parse(`${day}T12:00Z`));
