// Numbers, durations and times are written so that nobody reads another value than there is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DAY, HOUR, load, MINUTE, NOON } from './page.mjs';

const {
  addDays, change, clock, counted, date, dayName, exact, exactOf, fixed, isDay, measured, minuteOfDay, moment, number, scaleOf, setLocale, span, spread, valueOf,
} = await load('format.js');

const table = (write, cases) => {
  for (const [sentence, ...all] of cases) {
    test(sentence, () => {
      for (const [given, expected] of all) assert.equal(write(given), expected, `${given}`);
    });
  }
};

table(count => counted(count, 'statistic'), [
  ['what is counted is one, or several', [0, '0 statistics'], [1, '1 statistic'], [5001, '5,001 statistics'], [20_000, '20 k statistics']],
]);

table(number, [
  ['nothing is a dash', [null, '–'], [undefined, '–'], [NaN, '–']],
  ['whole numbers below 10,000 are written in full', [0, '0'], [7, '7'], [-12, '-12'], [999, '999'], [4711, '4,711'], [9999, '9,999']],
  ['a negative zero is zero', [-0, '0']],
  ['other numbers have three digits', [0.5, '0.5'], [1.234, '1.23'], [12.34, '12.3'], [123.4, '123'], [1234.5, '1,235'], [-0.125, '-0.125']],
  ['small numbers have three digits, too, so that an error rate is not doubled by its writing',
    [0.0531, '0.0531'], [0.0014, '0.0014'], [0.00051, '0.00051'], [0.000499, '0.000499'], [-0.0016, '-0.0016']],
  ['tiny numbers have an exponent', [0.00001, '1×10⁻⁵'], [-1e-300, '-1×10⁻³⁰⁰'], [5e-324, '4.94×10⁻³²⁴']],
  ['from 10,000 on there is a unit', [10000, '10 k'], [12345, '12.3 k'], [4.7e6, '4.7 M'], [3e9, '3 G'], [8e12, '8 T'], [-25000, '-25 k']],
  ['what is rounded up to the next unit has that unit',
    [9999.7, '10 k'], [99999, '100 k'], [999499, '999 k'], [999999, '1 M'], [999999999, '1 G'], [999.9999, '1,000'], [-999999, '-1 M']],
  ['huge numbers have units, too, and then an exponent',
    [9.737e15, '9.74 P'], [1e16, '10 P'], [1e15, '1 P'], [1.234e20, '123 E'], [-1.5e300, '-1.5×10³⁰⁰'], [9.999e20, '1×10²¹']],
  ['what is infinite says so', [Infinity, '∞'], [-Infinity, '-∞']],
]);

test('a number is never farther from its text than its third digit says', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const units = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };
  const plain = text => text.replace(/×10(.*)/, (_, raised) => `e${[...raised].map(sign => sign === '⁻' ? '-' : '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(sign)).join('')}`);
  for (let i = 0; i < 20000; i++) {
    const value = (random() < .5 ? -1 : 1) * 10 ** (random() * 24 - 6);
    const [digits, unit] = number(value).replace(/,/g, '').split(' ');
    const read = Number(plain(digits)) * (units[unit] ?? 1);
    assert.ok(Math.abs(read / value - 1) <= .00501, `${value} is written as ${number(value)} (SEED=${seed})`);
  }
});

table(value => valueOf('ms', value), [
  ['a duration that is not known is a dash without a unit', [null, '–'], [undefined, '–'], [NaN, '–']],
  ['durations have the unit in which people say them',
    [0, '0 ms'], [0.25, '0.25 ms'], [153, '153 ms'], [1000, '1 s'], [2500, '2.5 s'], [119999, '120 s'], [120000, '2 min'], [5400000, '90 min']],
  ['from two hours on they are hours, and from two days on days', [7200000, '2 h'], [8e7, '22.2 h'], [86400000, '24 h'], [45 * DAY * 1000, '45 d']],
  ['what is rounded up to a second is one', [999.7, '1 s'], [999.4, '999 ms']],
  ['negative ones, of clocks that were set, are written as they are', [-20, '-20 ms'], [-3000, '-3 s']],
]);

test('a value is its number and its unit, in this order, whatever is in the number', () => {
  assert.deepEqual(measured('ms', 12.5), ['12.5', 'ms']);
  // The k belongs to the number.
  assert.deepEqual(measured('ms', 12345 * DAY * 1000), ['12.3 k', 'd']);
  assert.deepEqual(measured('ms', null), ['–', '']);
  assert.deepEqual(measured('c', 12345), ['12.3 k', '']);
  assert.equal(valueOf('g', -2.5), '-2.5');
});

for (const [unit, ...cases] of [
  ['bytes', [0, '0 B'], [512, '512 B'], [1000, '1 kB'], [4711, '4.71 kB'], [999999, '1 MB'], [3.2e11, '320 GB'], [-2e6, '-2 MB'], [null, '–']],
  ['%', [0, '0 %'], [48.25, '48.3 %'], [null, '–']],
  ['s', [.25, '250 ms'], [90, '90 s'], [86400, '24 h'], [null, '–']],
  ['us', [250, '0.25 ms'], [3e6, '3 s']],
  ['/s', [12.34, '12.3 /s'], [12345, '12.3 k /s'], [0, '0 /s'], [null, '–']],
  ['number', [12345, '12.3 k'], [0, '0']],
]) {
  test(`values in ${unit} say so`, () => { for (const [value, expected] of cases) assert.equal(valueOf(unit, value), expected, `${value}`); });
}

test('an exact value has all its digits, and what it is measured in', () => {
  assert.equal(exact(1234567), '1,234,567');
  assert.equal(exact(.1 + .2), '0.3');
  assert.equal(exact(1.5e300), '1.5e+300');
  assert.equal(exact(null), '–');
  // Beyond 2^53 a browser does not have them all: those that it has not are zeros, and none is a wrong one.
  for (const text of ['9007199254740992', '9007199254740993', '9007199254740994']) {
    assert.equal(exact(JSON.parse(text)), '9,007,199,254,740,990');
  }
  assert.equal(exact(JSON.parse('9223372036854775807')), '9,223,372,036,854,780,000');
  assert.equal(exactOf('bytes', 1234567), '1,234,567 bytes');
  assert.equal(exactOf('number', 1234567.25), '1,234,567.25');
});

test('a spread names its unit once, or both, or is one value', () => {
  assert.equal(spread('ms', 11, 99), '11–99 ms');
  assert.equal(spread('ms', 980, 1200), '0.98–1.2 s');
  assert.equal(spread('ms', 11, 7.2e6), '11 ms–2 h');
  assert.equal(spread('bytes', 0, 2.5e9), '0–2.5 GB');
  assert.equal(spread('%', -1, 12.25), '-1–12.3 %');
  assert.equal(spread('ms', 88, 88), '88 ms');
  assert.equal(spread('number', 1, 12345), '1–12.3 k');
});

test('the scale of an axis is what its largest value is read in', () => {
  assert.deepEqual(scaleOf('ms', 8e7), [3600000, 'h']);
  assert.deepEqual(scaleOf('s', 90), [1, 's']);
  assert.deepEqual(scaleOf('bytes', 3.2e11), [1e9, 'GB']);
  assert.deepEqual(scaleOf('number', 9999), [1, '']);
  assert.deepEqual(scaleOf('number', 3e6), [1e6, 'M']);
  assert.deepEqual(scaleOf('%', 48), [1, '%']);
});

table(change, [
  ['a change is said in percent', [1.38, '+38 %'], [0.93, '−7 %'], [1, '±0 %'], [1.004, '±0 %'], [0.996, '±0 %'], [5, '+400 %']],
  ['from ten times on it is said how many times', [10, '×10'], [12.4, '×12'], [9.999, '×10'], [123456, '×123 k']],
  ['only what has ended is −100 %', [0, '−100 %'], [0.004, '< −99 %'], [0.01, '−99 %']],
  ['a gauge on the other side of zero is more than −100 %', [-0.5, '−150 %']],
  ['what cannot be compared is a dash, and what was nothing before is infinite', [NaN, '–'], [Infinity, '×∞']],
]);

table(span, [
  ['a span has one unit', [0, '0 s'], [40, '40 s'], [89, '89 s'], [720, '12 min'], [3 * HOUR, '3 h'], [9 * DAY, '9 d'], [400 * DAY, '400 d']],
  ['what is rounded up to the next unit has that unit', [89.6, '1 min'], [89.4 * MINUTE, '89 min'], [89.6 * MINUTE, '1 h'], [35.6 * HOUR, '1 d']],
  ['a clock that is a little behind makes no negative span', [-3, '0 s']],
]);

test('a moment is a time of day, with the day when that is another, and with the year when the day is ambiguous', () => {
  const at = (seconds, zone = 'UTC') => moment(seconds, zone, NOON);
  assert.equal(at(NOON - HOUR), '11:00');
  assert.equal(at(NOON - 12 * HOUR), '00:00');
  assert.equal(at(NOON - 13 * HOUR), '28 Nov 23:00');
  assert.equal(at(NOON - 365 * DAY), '29 Nov 2025 12:00');
  assert.equal(at(NOON - 366 * DAY), '28 Nov 2025 12:00');
  assert.equal(at(NOON + 13 * HOUR), '30 Nov 01:00');
  // There another day has begun two hours ago.
  assert.equal(at(NOON - HOUR, 'Pacific/Kiritimati'), '01:00');
  assert.equal(at(NOON - 3 * HOUR, 'Pacific/Kiritimati'), '29 Nov 23:00');
});

test('dates and minutes of the day are those of the zone, at half and quarter hours, too', () => {
  for (const [zone, day, minute] of [
    ['UTC', '2026-11-29', 720], ['Asia/Kolkata', '2026-11-29', 1050], ['Asia/Kathmandu', '2026-11-29', 1065],
    ['America/St_Johns', '2026-11-29', 510], ['Pacific/Kiritimati', '2026-11-30', 120], ['Pacific/Pago_Pago', '2026-11-29', 60],
    ['Etc/GMT+12', '2026-11-29', 0], ['Australia/Eucla', '2026-11-29', 1245],
  ]) {
    assert.equal(date(NOON, zone), day, zone);
    assert.equal(minuteOfDay(NOON, zone), minute, zone);
  }
  assert.equal(minuteOfDay(NOON + 90, 'UTC'), 721.5);
  assert.equal(date(NOON - 12 * HOUR, 'UTC'), '2026-11-29');
  assert.equal(minuteOfDay(NOON - 12 * HOUR, 'UTC'), 0);
  assert.equal(date(NOON - 12 * HOUR - 1, 'UTC'), '2026-11-28');
  assert.equal(date(-1, 'UTC'), '1969-12-31');
});

table(clock, [['minutes are a clock', [0, '00:00'], [570, '09:30'], [59.99, '00:59'], [1439.9, '23:59'], [1440, '24:00']]]);

test('days are counted across months, years, leap days and the days on which clocks are set', () => {
  for (const [day, days, expected] of [
    ['2026-11-29', 1, '2026-11-30'], ['2026-11-30', 1, '2026-12-01'], ['2026-12-31', 1, '2027-01-01'], ['2028-02-28', 1, '2028-02-29'],
    ['2026-03-01', -1, '2026-02-28'], ['2026-10-25', 1, '2026-10-26'], ['2026-03-29', -7, '2026-03-22'], ['2026-11-29', 0, '2026-11-29'],
  ]) assert.equal(addDays(day, days), expected);
  assert.equal(dayName('2026-11-29').replace(',', ''), 'Sun 29 Nov');
});

table(isDay, [
  ['a day is one of the calendar', ['2026-11-29', true], ['2028-02-29', true]],
  ['what only looks like one is none', ['2026-02-29', false], ['2026-02-31', false], ['2026-13-01', false], ['2026-00-10', false],
    ['2026-1-1', false], ['', false], [null, false], ['2026-11-29T00:00', false]],
]);

for (const [name, ...texts] of [
  ['de-DE', '1.235', '12,3 k', '1,23×10³⁰⁰', '1.234.567,25', '0,0531 %', '1,50'],
  ['fr', '1 235', '12,3 k', '1,23×10³⁰⁰', '1 234 567,25', '0,0531 %', '1,50'],
  ['en-IN', '1,235', '12.3 k', '1.23×10³⁰⁰', '12,34,567.25', '0.0531 %', '1.50'],
  // The digits stay those of every other place on the page.
  ['ar-EG', '1,235', '12.3 k', '1.23×10³⁰⁰', '1,234,567.25', '0.0531 %', '1.50'],
]) {
  test(`numbers are written as where the reader lives: ${name}`, () => {
    setLocale([name, 'en']);
    try {
      const found = [number(1234.5), number(12345), number(1.23e300), exact(1234567.25), valueOf('%', 0.0531), fixed(1.5, 2)];
      assert.deepEqual(found.map(text => text.replace(/[\u00a0\u202f]/g, ' ')), texts);
    } finally {
      setLocale('en');
    }
  });
}

test('a locale that is none, or that nobody knows, is English', () => {
  for (const name of ['no locale', [], ['xx-unknown'], undefined]) {
    setLocale(name);
    assert.equal(number(1234.5), '1,235', `${name}`);
  }
});
