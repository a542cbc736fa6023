// What tells a name from others stays, however long the name is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './page.mjs';

const { excerpt, halves, telling } = await load('names.js');

test('a name is cut into a part that may be shortened and one that may not, and loses nothing', () => {
  for (const name of ['', 'a', 'cpu', 'short.name.here', 'ec2_cpu_utilization_i-0abc123', 'x'.repeat(255)]) {
    const [start, end] = halves(name);
    assert.equal(start + end, name);
    assert.ok(end.length <= 14 && end.length <= name.length / 2, name);
  }
});

test('names that differ at the end are seen to differ', () => {
  const ends = new Set(Array.from({ length: 8 }, (_, i) => halves(`ec2_cpu_utilization_i-0abc12${i}`)[1]));
  assert.equal(ends.size, 8);
});

test('names that differ in the middle are seen to differ, as long as that is not too far from the end', () => {
  const name = i => `web.production.eu-west-1.machine-000${i}.checkout-worker`;
  const ends = [1, 2, 3].map(i => halves(name(i), [name(i - 1), name(i + 1)])[1]);
  assert.deepEqual(ends, [1, 2, 3].map(i => `-000${i}.checkout-worker`));
  for (const i of [1, 2]) assert.equal(halves(name(i), [name(9)]).join(''), name(i));
  // What the beginning tells needs no longer end, and one name alone does not either.
  assert.equal(telling('api.checkout-worker-of-the-shop', ['web.checkout-worker-of-the-shop']), 14);
  assert.equal(telling(name(1), [undefined, name(1)]), 14);
  assert.equal(telling(`aaaaaa1${'x'.repeat(60)}`, [`aaaaaa2${'x'.repeat(60)}`]), 28);
});

test('names that differ near the beginning, and far from the end, keep their beginning', () => {
  const name = i => `region-${i}.very-long-service-name-of-a-component`;
  assert.deepEqual(halves(name(1), [name(0), name(2)]), [name(1), '']);
  assert.notEqual(halves(name(1), [undefined, 'api'])[1], '');
});

test('what was searched for is seen in a name that is too long, and so is its end', () => {
  const path = `service.${'checkout_backend.'.repeat(8)}orders.${'x'.repeat(60)}.confirmation_00120.seconds`;
  const shown = excerpt(path, ['orders', '0012'], 50);
  assert.ok(shown.includes('orders') && shown.includes('0012') && shown.endsWith('seconds'), shown);
  assert.ok(shown.length <= 54 && shown.includes('…'), shown);
  assert.ok(shown.startsWith('s'), shown);
});

test('a name that fits is shown whole, and one that was not searched for by its ends', () => {
  assert.equal(excerpt('a.b', ['b'], 24), 'a.b');
  const shown = excerpt('a'.repeat(40) + 'z'.repeat(40), [], 25);
  assert.equal(shown, `${'a'.repeat(12)}…${'z'.repeat(12)}`);
});

test('words that are longer than the place do not break it', () => {
  const shown = excerpt('q'.repeat(200), ['q'.repeat(100)], 24);
  assert.ok(shown.length <= 26, shown);
});
