// The sparkline of what is unusual stands over its band, whatever is known of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './page.mjs';

const { bandPaths } = await load('unusual.js');

for (const [sentence, points, line, band] of [
  ['nothing makes no path', [], '', ''],
  ['a single point has no band', [{ value: 5, low: 4, high: 6 }], 'M0.0 11.0', ''],
  ['what lies above its band is drawn above it',
    [{ value: 10, low: 0, high: 5 }, { value: 5, low: 0, high: 5 }], 'M0.0 1.0L96.0 11.0', 'M0.0 11.0L96.0 11.0L96.0 21.0L0.0 21.0Z'],
  ['without a band there is the line', [{ value: 1, low: null, high: null }, { value: 1, low: null, high: null }], 'M0.0 11.0L96.0 11.0', ''],
]) {
  test(sentence, () => assert.deepEqual(bandPaths(points), { line, band }));
}
