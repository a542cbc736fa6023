// An address that somebody sends, or types, opens what it says, and what it says wrongly is left out.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, openAddress } from './page.mjs';

const { ownZone, View } = await load('view.js');

const opened = hash => { openAddress(hash); return new View(); };
const said = view => ({ shown: view.shown, day: view.day, at: view.at, zone: view.zone, step: view.step, zoom: view.zoom });
const OWN = { shown: null, day: null, at: null, zone: ownZone(), step: 5, zoom: null };

for (const [sentence, hash, expected] of [
  ['no address is the whole of today', '', {}],
  ['everything can be said', '#show=c:shop.orders,ms:db.query&day=2026-11-23&tz=Europe/Paris&step=15&zoom=540-720',
    { shown: ['c:shop.orders', 'ms:db.query'], day: '2026-11-23', zone: 'Europe/Paris', step: 15, zoom: [540, 720] }],
  ['nothing shown is not the same as nothing chosen', '#show=', { shown: [] }],
  ['what is named twice is shown once', '#show=c:a,c:a,g:a', { shown: ['c:a', 'g:a'] }],
  ['what is no statistic is left out', '#show=c:a,x:b,c:,c:<b>,%00', { shown: ['c:a'] }],
  ['a zone with a plus is one', '#tz=Etc/GMT%2B5', { zone: 'Etc/GMT+5' }],
  ['half an hour is a zone, too', '#tz=Asia/Kolkata', { zone: 'Asia/Kolkata' }],
  ['a zone that is none is one\'s own', '#tz=Mars/Olympus', {}],
  ['a day that does not exist is today', '#day=2026-13-01', {}],
  ['nor does the 31st of February', '#day=2026-02-31', {}],
  ['a leap day exists', '#day=2028-02-29', { day: '2028-02-29' }],
  ['a day in other words is today', '#day=yesterday', {}],
  ['a moment can be said, and has its day', '#day=2026-11-20&at=2026-11-23T09:41Z', { at: Date.UTC(2026, 10, 23, 9, 41) / 1000 }],
  ['a moment that there is not is now', '#at=2026-02-30T09:41Z', {}],
  ['nor is 25 o’clock', '#at=2026-02-20T25:00Z', {}],
  ['a moment without its zone is now', '#at=2026-11-23T09:41', {}],
  ['a moment in other words is now', '#at=yesterday&day=2026-11-23', { day: '2026-11-23' }],
  ['a moment before clocks of computers began is now', '#at=1969-12-31T23:59Z', {}],
  ['a step that is not offered is the usual one', '#step=7', {}],
  ['nor is nothing, or a fraction', '#step=', {}],
  ['an hour is', '#step=60', { step: 60 }],
  ['a zoom may lie in the 25th hour', '#zoom=1440-1500', { zoom: [1440, 1500] }],
  ['a zoom of nothing is the whole day', '#zoom=600-600', {}],
  ['backwards, too', '#zoom=700-600', {}],
  ['beyond all days, too', '#zoom=0-99999', {}],
  ['before midnight, too', '#zoom=-5-10', {}],
  ['and with what is no number', '#zoom=a-b', {}],
  ['a part that nobody knows is nothing', '#colour=red&step=10', { step: 10 }],
]) {
  test(sentence, () => assert.deepEqual(said(opened(hash)), { ...OWN, ...expected }));
}

test('a view is its address, to the letter', () => {
  for (const hash of [
    '#show=c:a,ms:b.c&tz=Europe/Paris&step=15', '#show=&day=2026-11-23&tz=Etc/GMT%2B5&step=5&zoom=540-720', '#show=g:a:b!c-d_e&tz=UTC&step=60',
    '#show=c:a&at=2026-11-23T09:41Z&tz=UTC&step=5', '#show=&at=2026-11-23T00:00Z&tz=Asia/Kolkata&step=60&zoom=540-720',
  ]) {
    const view = opened(hash);
    assert.equal(view.address(), `http://stats.example/${hash}`);
    assert.deepEqual(said(opened(new URL(view.address()).hash)), said(view));
  }
});

test('a link to today names the day, so that it shows the same tomorrow', () => {
  const view = opened('#show=c:a&tz=UTC&step=5');
  assert.equal(new URL(view.address('2026-11-29')).hash, '#show=c:a&day=2026-11-29&tz=UTC&step=5');
  const past = opened('#show=c:a&at=2026-11-23T09:41Z&tz=UTC&step=5');
  assert.equal(past.address('2026-11-29'), past.address());
  const other = opened('#show=c:a&day=2026-11-23&tz=UTC&step=5');
  assert.equal(new URL(other.address('2026-11-29')).hash, '#show=c:a&day=2026-11-23&tz=UTC&step=5');
});

test('a zoom by hand is whole minutes in the address', () => {
  const view = opened('#show=c:a&tz=UTC&step=5');
  view.zoom = [540.4, 720.6];
  assert.match(view.address(), /zoom=540-721$/);
});

test('another statistic is a step back, a zoom is none, and what has not changed is not written', () => {
  const written = [];
  globalThis.history = {
    pushState: (state, title, address) => written.push(`push ${new URL(address).hash}`),
    replaceState: (state, title, address) => written.push(`replace ${new URL(address).hash}`),
  };
  const view = opened('#show=c:a&tz=UTC&step=5');
  view.write();
  view.shown = [];
  view.write(true);
  view.zoom = [60, 120];
  view.write();
  assert.deepEqual(written, ['push #show=&tz=UTC&step=5', 'replace #show=&tz=UTC&step=5&zoom=60-120']);
});

test('where the browser does not know its zone, it is UTC', () => {
  const { DateTimeFormat } = Intl;
  const resolved = timeZone => {
    Intl.DateTimeFormat = function (locale, options) {
      const format = new DateTimeFormat(locale, options);
      return options ? format : { resolvedOptions: () => ({ timeZone }) };
    };
  };
  try {
    for (const [timeZone, expected] of [['Europe/Paris', 'Europe/Paris'], ['Etc/Unknown', 'UTC'], [undefined, 'UTC']]) {
      resolved(timeZone);
      assert.equal(ownZone(), expected);
    }
  } finally {
    Intl.DateTimeFormat = DateTimeFormat;
  }
});
