// What the page of alerts says of rules, what it understands of patterns and numbers before the server does, and how a look back is drawn.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, NOON, serve, statistic } from './page.mjs';

const words = await load('alertwords.js');
const { timeTicks } = await load('backtest.js');
const { bodyOf, headerLines, headersOf, outcomeWords, targetWords, TYPES } = await load('channels.js');
const { countFiring } = await load('firing.js');
const { stripped } = await load('alertlist.js');
const { loadUnits } = await load('units.js');

const rule = (name, state, more = {}) => ({ id: name, name, state, severity: 'warning', enabled: true, instances: [], counts: {}, match: 'a', measure: 'value', above: 1, ...more });
const instance = (state, since, value = 1) => ({ subject: 'g:a', state, since, value });

test('what is urgent comes first: by state, by severity, what began last, by name; what is off comes last', () => {
  const rules = [
    rule('off', 'firing', { enabled: false }), rule('b', 'ok'), rule('a', 'ok'), rule('nothing', 'no-data'), rule('waits', 'pending'),
    rule('quiet', 'silenced'), rule('cared for', 'acknowledged'), rule('old', 'firing', { instances: [instance('firing', 10)] }),
    rule('new', 'firing', { instances: [instance('firing', 20), instance('pending', 1)] }), rule('worst', 'firing', { severity: 'critical' }),
    rule('strange', 'another state'),
  ];
  assert.deepEqual(words.sorted(rules).map(({ name }) => name),
    ['worst', 'new', 'old', 'cared for', 'quiet', 'waits', 'nothing', 'strange', 'a', 'b', 'off']);
  assert.equal(countFiring(rules), 3);
  assert.equal(words.overviewWords(rules), '3 firing, 1 acknowledged, 1 silenced, 1 pending, 2 no data, 1 off, of 11 rules.');
});

for (const [rules, expected] of [[[], 'No rules yet.'], [[rule('a', 'ok')], 'All is well, of 1 rule.'], [[rule('a', 'firing')], '1 firing, of 1 rule.']]) {
  test(`an overview says: ${expected}`, () => assert.equal(words.overviewWords(rules), expected));
}

test('a rule began when the first of its statistics did that has its state', () => {
  assert.equal(words.sinceOf(rule('a', 'firing', { instances: [instance('firing', 30), instance('firing', 20), instance('pending', 10)] })), 20);
  assert.equal(words.sinceOf(rule('a', 'ok')), null);
});

for (const [said, expected] of [
  [{ match: 'checkout.*', kind: 'ms', measure: 'p95', above: 800, for: 60 }, 'p95 of checkout.* above 800 ms for 1 min'],
  [{ match: 'disk.free.percent', measure: 'value', below: 5, for: 0 }, 'the last value of disk.free.percent below 5 %'],
  [{ match: 'disk.*', measure: 'value', equal: 0 }, 'the last value of disk.* is exactly 0'],
  [{ match: 'orders', kind: 'c', measure: 'rate', above: 2.5 }, 'the rate per second of orders above 2.5/s'],
  [{ match: 'work', kind: 'ms', measure: 'sum', above: 60000 }, 'the sum in a minute of work above 60 s'],
  [{ match: 'work', kind: 'ms', measure: 'count', above: 60000 }, 'the number of samples of work above 60 k'],
  [{ match: 'import.rows', measure: 'silence', process: 'importer', for: 600 }, 'nothing comes of import.rows while importer is up for 10 min'],
  [{ match: 'import.rows', measure: 'silence', for: 0 }, 'nothing comes of import.rows while others send'],
  [{ match: 'a', measure: 'absence', for: 6000 }, 'nothing comes of a for 100 min'],
  [{ match: 'shop', measure: 'process' }, 'the program shop is down'],
  [{ match: 'a.**', measure: 'usual', outside: 4 }, 'a.** is unusual: a score outside 4'],
]) {
  test(`a rule in words: ${expected}`, () => assert.equal(words.ruleWords(said), expected));
}

test('a number of a rule has the unit that its user set', async () => {
  serve(() => ({ units: [{ typ: 'g', pth: 'a.b', unit: 'bytes' }] }));
  await loadUnits();
  assert.equal(words.valueWords({ match: 'a.*', measure: 'value' }, 2e6, 'g:a.b'), '2 MB');
  assert.equal(words.valueWords({ match: 'a.*', measure: 'count' }, 2, 'g:a.b'), '2');
  assert.equal(words.valueWords({ match: 'a.*', measure: 'value' }, null, 'g:a.b'), '');
});

for (const [answer, expected] of [
  [{ times: 3, seconds: 2460, statistics: 1 }, '3 times in 8 days, 41 minutes in all'],
  [{ times: 1, seconds: 60, statistics: 1 }, 'Once in 8 days, 1 minute in all'],
  [{ times: 1200, seconds: 172800, statistics: 2 }, '1,200 times in 8 days, 2 days in all'],
  [{ times: 0, seconds: 0, statistics: 1 }, 'Never in 8 days'],
  [{ times: 0, seconds: 0, statistics: 0 }, 'It matches no statistic that is known: it would never have fired.'],
]) {
  test(`a look back says: ${expected}`, () => assert.equal(words.backtestWords({ from: NOON - 8 * 86400, to: NOON, ...answer }), expected));
}

test('what a look back does not see is said', () => {
  assert.deepEqual(words.caveats({ statistics: 1, omitted: 0, exact: true }), []);
  assert.deepEqual(words.caveats({ statistics: 0, omitted: 0, exact: false }), []);
  assert.deepEqual(words.caveats({ statistics: 50, omitted: 70, exact: false }), ['Of 50 statistics together.', '70 more statistics were not looked at.',
    'Only whole minutes are kept: what lasts less than one may be missing.']);
});

for (const [message, field, text] of [
  ['above: expected exactly one of above, below or equal', 'threshold', 'Expected exactly one of above, below or equal'],
  ['rule.outside: expected a score', 'threshold', 'Expected a score'],
  ['match: is missing', 'match', 'Is missing'],
  ['channels[2]: there is no channel \'x\'', 'channels', 'There is no channel \'x\''],
  ['headers.X-Key: expected a header\'s name', 'headers', 'Expected a header\'s name'],
  ['id: there is a rule \'x\' already', 'name', 'There is a rule \'x\' already'],
  ['the server cannot be reached', null, 'the server cannot be reached'],
  ['rule: is missing', 'rule', 'Is missing'],
]) {
  test(`a refusal is about its field: ${message}`, () => assert.deepEqual(words.fieldOf(message), { field, text }));
}

// As AlertPattern.swift has it.
for (const [pattern, yes, no] of [
  ['checkout.paid', ['checkout.paid'], ['checkout.paid2', 'checkout', 'a.checkout.paid']],
  ['checkout.*', ['checkout.paid', 'checkout.'], ['checkout.eu.paid', 'checkout']],
  ['checkout.**', ['checkout.paid', 'checkout.eu.paid'], ['checkout']],
  ['*.paid', ['eu.paid', '.paid'], ['checkout.eu.paid', 'paid']],
  ['**', ['a', 'a.b.c'], []],
  ['*a*b', ['ab', 'xaxb', 'aab'], ['a.b', 'ba']],
  ['**.p*.x', ['a.b.pq.x', 'a.p.x'], ['a.b.x', 'a.p.q.x']],
  ['a+b', [], []],
]) {
  test(`the pattern ${pattern} is about the names that the server takes it to be about`, () => {
    const isAbout = words.matcher(pattern);
    if (pattern === 'a+b') return assert.equal(isAbout, null);
    for (const name of yes) assert.ok(isAbout(name), name);
    for (const name of no) assert.ok(!isAbout(name), name);
  });
}

test('what is no pattern is none, and one with many stars takes no time', () => {
  for (const text of ['', 'a b', 'ä', 'a.***', '*.*.*.*.*.*.*.*.*', 'x'.repeat(256)]) assert.equal(words.matcher(text), null, text);
  assert.equal(words.matcher('*a*a*a*a*a*a*a*b')('a'.repeat(255)), false);
});

test('a rule is about the statistics of its kind, or of each kind that has what is measured', () => {
  const all = [statistic('c', 'a.x'), statistic('ms', 'a.x'), statistic('g', 'a.y'), statistic('ms', 'b')];
  assert.deepEqual(words.matched({ match: 'a.*', kind: '', measure: 'sum' }, all), ['c:a.x', 'ms:a.x']);
  assert.deepEqual(words.matched({ match: 'a.*', kind: 'ms', measure: 'sum' }, all), ['ms:a.x']);
  assert.deepEqual(words.matched({ match: '**', kind: '', measure: 'p95' }, all), ['ms:a.x', 'ms:b']);
  assert.equal(words.matched({ match: '', kind: '', measure: 'sum' }, all), null);
  assert.deepEqual(words.matched({ match: 'a', kind: '', measure: 'process' }, all), []);
});

test('a beginning becomes groups and names, what begins with it first', () => {
  const all = ['shop.pages.home', 'shop.pages.cart', 'shop.orders', 'old.shop.x'].map(path => statistic('c', path));
  assert.deepEqual(words.completions('shop', all), ['shop.**', 'shop.pages.*', 'shop.orders', 'shop.pages.cart', 'shop.pages.home', 'old.shop.x']);
  assert.deepEqual(words.completions('shop.pages.*', all), ['shop.pages.*', 'shop.pages.cart', 'shop.pages.home']);
  assert.deepEqual(words.completions('nothing', all), []);
  assert.equal(words.completions('', Array.from({ length: 5000 }, (_, i) => statistic('g', `a.b${i}`))).length, 30);
});

for (const [text, value] of [['', undefined], [undefined, undefined], [' 800 ', 800], ['-.5', -0.5], ['1e3', 1000], ['0,5', NaN], ['much', NaN], ['0x10', NaN], ['Infinity', NaN]]) {
  test(`typed is ${JSON.stringify(text)}: ${value}`, () => assert.deepEqual(words.typed(text), value));
}

test('what is filled in becomes the rule that the server takes, and back', () => {
  const said = words.saidOf({ match: 'checkout.*', kind: 'ms', measure: 'p95', above: 800, recover: 700, for: 120, severity: 'critical', channels: ['ops'], remind: 3600 });
  assert.equal(said.for, '2');
  assert.equal(said.forUnit, '60');
  assert.deepEqual(words.ruleOf({ ...said, name: ' Slow ' }), { problems: {}, rule: {
    name: 'Slow', match: 'checkout.*', measure: 'p95', kind: 'ms', above: 800, recover: 700, for: 120, severity: 'critical', text: '', channels: ['ops'],
    remind: 3600, enabled: true } });
});

test('a rule has no more than its measure takes', () => {
  const said = { ...words.saidOf({ measure: 'value' }), match: 'a', threshold: '5', recover: '4', process: 'shop', kind: 'g' };
  assert.deepEqual(Object.keys(words.ruleOf({ ...said, measure: 'absence' }).rule).filter(name => ['above', 'recover', 'process', 'kind'].includes(name)), ['kind']);
  assert.equal(words.ruleOf({ ...said, measure: 'silence' }).rule.process, 'shop');
  assert.equal('kind' in words.ruleOf({ ...said, measure: 'process' }).rule, false);
  const { rule } = words.ruleOf({ ...said, condition: 'equal' });
  assert.deepEqual([rule.equal, rule.recover], [5, undefined]);
});

test('what is no number is said at its field, and what is missing is left to the server', () => {
  const { problems, rule } = words.ruleOf({ ...words.saidOf({ measure: 'value' }), threshold: 'much', recover: '1,5', for: 'long' });
  assert.deepEqual(Object.keys(problems), ['threshold', 'recover', 'for']);
  assert.equal(Number.isNaN(rule.above), true);
  assert.deepEqual(words.ruleOf({ ...words.saidOf({ measure: 'value' }), threshold: '' }).problems, {});
});

test('who did it is told', () => {
  assert.deepEqual(
    ['session', 'ann@example.org', 'deploy', ''].map(words.byWords), [' in a browser', ' by “ann@example.org”', ' by “deploy”', '']);
});

test('what the server adds to a rule is not sent back', () => {
  const sent = stripped(rule('a', 'firing'));
  assert.deepEqual(['state', 'counts', 'instances'].filter(name => name in sent), []);
  assert.equal(sent.name, 'a');
});

test('a quota is told when it bites', () => {
  const calm = { rules: 5, rulesMax: 10000, instances: 10, instancesMax: 50000, instancesRefused: 0, messagesInHour: 3, messagesPerHourMax: 200 };
  assert.deepEqual(words.quotaWords(calm), []);
  assert.deepEqual(words.quotaWords(undefined), []);
  assert.deepEqual(words.quotaWords({ ...calm, rules: 10000, instancesRefused: 7, messagesInHour: 200 }), ['There are 10,000 rules: no more can be made.',
    'The rules are about more than 50,000 statistics: 7 are not watched.', 'More than 200 messages in an hour: the rest is not sent.']);
  assert.deepEqual(words.quotaWords({ ...calm, instances: 45000 }), ['45,000 of 50,000 statistics that can be watched are.']);
});

test('a silence of each week covers a rule while the server says so, and is told by its days', () => {
  const every = 'Sun 02:00-04:00 Europe/Paris';
  const all = [{ rule: '**', match: '**', from: 0, every, active: true, reason: 'backup' }, { rule: '**', match: 'a.*', from: 0, every, active: false }];
  assert.deepEqual(words.silencesOf({ id: 'a' }, all, 4).map(found => all.indexOf(found)), [0]);
  assert.equal(words.silenceWords(all[0], 'UTC', 4), `every ${every}: backup`);
  assert.equal(words.weekWords('daily 02:00-04:00 UTC'), 'daily 02:00-04:00 UTC');
  assert.equal(words.silenceWords(all[1], 'UTC', 4), `every ${every}, a.*`);
});

for (const [days, from, to, expected] of [
  [[6], '02:00', '04:00', 'Sun 02:00-04:00 UTC'], [[4, 0, 1, 2, 3], '22:00', '06:00', 'Mon-Fri 22:00-06:00 UTC'],
  [[5, 6], '00:00', '00:00', 'Sat,Sun 00:00-24:00 UTC'], [[0, 2, 3, 4], '01:00', '00:00', 'Mon,Wed-Fri 01:00-24:00 UTC'],
  [[0, 1, 2, 3, 4, 5, 6], '03:00', '03:30', 'daily 03:00-03:30 UTC'],
]) test(`days and times of a week are said as a server reads them: ${expected}`, () => assert.equal(words.everyOf({ days, from, to, zone: 'UTC' }), expected));

test('a form of a channel sends what was typed, and keeps a secret that was not', () => {
  const known = { name: 'ops', type: 'webhook', url: 'https://a/', secret: '(not shown)' };
  assert.deepEqual(bodyOf('webhook', { url: ' https://b/ ', secret: '' }, known), { type: 'webhook', url: 'https://b/', secret: '(not shown)' });
  assert.deepEqual(bodyOf('webhook', { url: 'https://a/', secret: 'new' }, known), { type: 'webhook', url: 'https://a/', secret: 'new' });
  assert.deepEqual(bodyOf('webhook', { url: 'https://a/', secret: '' }, known, ['secret']), { type: 'webhook', url: 'https://a/' });
  assert.deepEqual(bodyOf('webhook', { url: 'https://a/', secret: '' }), { type: 'webhook', url: 'https://a/' });
  assert.deepEqual(bodyOf('http', { headers: 'A: b', secret: '' }, known), { type: 'http', headers: { A: 'b' } });
  assert.equal(headerLines({ A: 'b', C: 'd: e' }), 'A: b\nC: d: e');
  assert.deepEqual(headersOf(headerLines({ A: 'b', C: 'd: e' })), { A: 'b', C: 'd: e' });
  assert.equal(targetWords({ type: 'slack', url: '(not shown)' }), 'an address that is not shown');
});

test('a silence covers a rule by its pattern, from when it begins until it ends', () => {
  const silence = (pattern, from, until) => ({ rule: pattern, match: '**', from, until });
  const all = [silence('**', 0, 10), silence('a', 0, 10), silence('b', 0, 10), silence('a', 5, 10), silence('a', 0, 4)];
  assert.deepEqual(words.silencesOf({ id: 'a' }, all, 4).map(found => all.indexOf(found)), [0, 1]);
});

test('the scale has all numbers and the threshold, and begins at zero where that costs little', () => {
  const [low, high] = words.domain([[0, 2, 10]], [20]);
  assert.equal(low, 0);
  assert.ok(high > 20 && high < 23);
  const [close] = words.domain([[0, 990, 1000]], [995]);
  assert.ok(close > 900);
  assert.deepEqual(words.domain([], [NaN]), [0, 1]);
  const [below] = words.domain([[0, -5, 5]], []);
  assert.ok(below < -5);
});

test('a band is drawn around each bin, and over no gap', () => {
  const at = value => value;
  assert.equal(words.bandPath([[0, 1, 2], [10, 1, 3], [50, 4, 4]], 10, at, at),
    'M0.0 2.0L10.0 3.0L20.0 3.0L20.0 1.0L10.0 1.0L0.0 1.0ZM50.0 4.0L60.0 4.0L60.0 4.0L50.0 4.0Z');
  assert.equal(words.bandPath([], 10, at, at), '');
});

test('a value that is dragged has as many digits as the eye has', () => {
  assert.equal(words.rounded(123.4567, 1000), 120);
  assert.equal(words.rounded(0.123456, 1), 0.12);
  assert.equal(words.rounded(5, 0), 5);
});

test('a suggestion is never nearer than it was', () => {
  for (const [value, condition, expected] of [[287.17999, 'above', 287.2], [287.17999, 'below', 287.1], [-287.17999, 'above', -287.1], [800, 'above', 800], [800, 'below', 800],
    [0, 'above', 0], [0.000123456, 'above', 0.0001235]]) {
    assert.equal(words.outward(value, condition), expected);
  }
});

test('days begin at midnight of the zone, and a day has hours that divide it', () => {
  const week = timeTicks(NOON - 8 * 86400, NOON, 'Europe/Berlin', 20);
  assert.equal(week.length, 8);
  assert.ok(week.every(({ at }) => (at + 3600) % 86400 === 0));
  assert.equal(week.at(-1).label, 'Sun 29');
  assert.equal(timeTicks(NOON - 28 * 86400, NOON, 'UTC', 5).length <= 6, true);
  assert.deepEqual(timeTicks(NOON - 86400, NOON, 'UTC', 5).map(({ label }) => label), ['12:00', '18:00', '00:00', '06:00']);
  assert.deepEqual(timeTicks(NOON - 86400, NOON, 'UTC', 0), []);
});

for (const [message, expected] of [
  [undefined, null], [{ state: 'waiting', attempts: 0 }, null], [{ state: 'sent', attempts: 1 }, 'ops took the test.'],
  [{ state: 'waiting', attempts: 1, problem: 'answered 500' }, 'ops did not take it yet, and is tried again: answered 500'],
  [{ state: 'failed', attempts: 1, problem: 'answered 403: ' }, 'ops did not take it: answered 403'],
  [{ state: 'refused', attempts: 0, problem: 'more than 200 messages in an hour' }, 'ops did not take it: more than 200 messages in an hour'],
]) {
  test(`of a test it is said: ${expected}`, () => assert.equal(outcomeWords('ops', message), expected));
}

test('headers are lines, and a channel shows where it leads and no secret', () => {
  assert.equal(headersOf(' \n'), undefined);
  assert.deepEqual(headersOf('A: b:c\n\n D '), { A: 'b:c', D: '' });
  assert.equal(targetWords({ type: 'webhook', url: 'https://a.example', secret: '(not shown)' }), 'https://a.example, with a secret');
  assert.equal(targetWords({ type: 'mail' }), 'the address of the account');
});

test('the form offers every type of channel and every measure that the API has', async () => {
  const { readFileSync } = await import('node:fs');
  const { schemas } = JSON.parse(readFileSync(new URL('../../Sources/DattssServer/Resources/openapi.json', import.meta.url))).components;
  assert.deepEqual(Object.keys(TYPES).sort(), [...schemas.AlertChannel.properties.type.enum].sort());
  assert.deepEqual(Object.keys(words.MEASURES).sort(), [...schemas.AlertRule.properties.measure.enum].sort());
  assert.deepEqual([...words.SEVERITIES].sort(), [...schemas.AlertRule.properties.severity.enum].sort());
});

test('who is refused learns what to do', () => {
  assert.match(words.refusalWords({ status: 0, name: 'unreachable', message: 'x' }), /cannot be reached/);
  assert.match(words.refusalWords({ status: 401, name: 'unauthorized', message: 'x' }), /Sign in again/);
  assert.equal(words.refusalWords({ status: 409, name: 'too_many', message: 'there are 10000 rules already' }), 'There are 10000 rules already.');
  assert.equal(words.refusalWords({ status: 400, name: 'bad_value', message: 'x' }), 'x');
});
