'use strict';

// The buckets of a sketch: 32 for each doubling. Bucket i holds the magnitudes in (2^(i/32), 2^((i+1)/32)].

const BUCKETS_MAX = 512;
const GAMMA = 1.0218971486541166;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const [LOW, HIGH] = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

// 2^(k/32) - 1 in units of 2^-52, rounded down, for k in 0..31.
const boundaries = [
  '0000000000000', '059b0d3158574', '0b5586cf9890f', '11301d0125b50', '172b83c7d517a', '1d4873168b9aa', '2387a6e756238',
  '29e9df51fdee1', '306fe0a31b715', '371a7373aa9ca', '3dea64c123422', '44e086061892d', '4bfdad5362a27', '5342b569d4f81',
  '5ab07dd485429', '6247eb03a5584', '6a09e667f3bcc', '71f75e8ec5f73', '7a11473eb0186', '82589994cce12', '8ace5422aa0db',
  '93737b0cdc5e4', '9c49182a3f090', 'a5503b23e255c', 'ae89f995ad3ad', 'b7f76f2fb5e46', 'c199bdd85529c', 'cb720dcef9069',
  'd5818dcfba487', 'dfc97337b9b5e', 'ea4afa2a490d9', 'f50765b6e4540',
];
const boundariesHigh = Uint32Array.from(boundaries, (digits) => parseInt(digits.slice(0, 5), 16));
const boundariesLow = Uint32Array.from(boundaries, (digits) => parseInt(digits.slice(5), 16));
// For each 64th of the mantissa: how many boundaries lie below its first value. At most one more lies in it.
const boundariesBelowCell = Uint8Array.from({ length: 64 }, (_, cell) =>
  boundariesHigh.reduce((count, high, k) => count + (high < cell << 14), 0));

/** The bucket of a positive, finite magnitude: from its exponent bits and a table over its mantissa, without a logarithm. */
function bucketOf(magnitude) {
  let shift = 0;
  if (magnitude < 2.2250738585072014e-308) {
    magnitude *= 18446744073709551616;
    shift = 2048;
  }
  double[0] = magnitude;
  const word = words[HIGH];
  const high = word & 0xfffff;
  const below = boundariesBelowCell[high >>> 14];
  const isPast =
    below < 32 && (high > boundariesHigh[below] || (high === boundariesHigh[below] && words[LOW] > boundariesLow[below]));
  return ((word >>> 20) - 1023) * 32 + below - (isPast ? 0 : 1) - shift;
}

/** What stands for a bucket: within 1.09 % of every magnitude in it. */
function representative(index) {
  const k = index & 31;
  const significand = 1 + (boundariesHigh[k] * 4294967296 + boundariesLow[k]) / 4503599627370496;
  const exponent = index >> 5;
  // In two steps, because 2^-1074 is not normal.
  const lower = exponent < -1022 ? significand * 2 ** (exponent + 64) * 2 ** -64 : significand * 2 ** exponent;
  return lower * ((2 * GAMMA) / (1 + GAMMA));
}

/** The counts of the buckets of one sign. Keeps the highest ones; what lies below is folded into the lowest of them. */
class BucketCounts {
  constructor() {
    this.counts = new Map();
    this.lowest = undefined;
    this.collapsed = 0;
  }

  add(index) {
    const counts = this.counts;
    const count = counts.get(index);
    if (count !== undefined) {
      counts.set(index, count + 1);
    } else {
      counts.set(index, 1);
      if (counts.size > 2 * BUCKETS_MAX) this.fold();
    }
  }

  fold() {
    const sorted = [...this.counts.keys()].sort((a, b) => a - b);
    if (sorted.length <= BUCKETS_MAX) return sorted;
    const kept = sorted.slice(-BUCKETS_MAX);
    let folded = 0;
    for (const index of sorted.slice(0, -BUCKETS_MAX)) {
      folded += this.counts.get(index);
      this.counts.delete(index);
    }
    // The one that had others folded into it is either gone now, with them, or still the lowest.
    this.collapsed = folded + (this.lowest === kept[0] ? this.collapsed : 0);
    this.lowest = kept[0];
    this.counts.set(kept[0], this.counts.get(kept[0]) + folded);
    return kept;
  }

  /** Index, count, index, count … with ascending indices. */
  pairs() {
    const pairs = [];
    for (const index of this.fold()) pairs.push(index, this.counts.get(index));
    return pairs;
  }
}

/** What a partial carries as `skt`. */
class Sketch {
  constructor() {
    this.zeros = 0;
    this.positive = new BucketCounts();
    this.negative = null;
  }

  add(value) {
    if (value > 0) {
      this.positive.add(bucketOf(value));
    } else if (value < 0) {
      if (this.negative === null) this.negative = new BucketCounts();
      this.negative.add(bucketOf(-value));
    } else {
      this.zeros += 1;
    }
  }

  toJSON() {
    const json = {};
    if (this.zeros > 0) json.z = this.zeros;
    const positive = this.positive.pairs();
    if (positive.length > 0) json.p = positive;
    if (this.positive.collapsed > 0) json.cp = this.positive.collapsed;
    if (this.negative !== null) {
      json.n = this.negative.pairs();
      if (this.negative.collapsed > 0) json.cn = this.negative.collapsed;
    }
    return json;
  }
}

/** The value at a quantile by nearest rank, out of what `Sketch.toJSON()` says. */
function quantile(json, q, count) {
  let remaining = nearestRank(q, count);
  const negative = json.n || [];
  for (let i = negative.length - 2; i >= 0; i -= 2) {
    remaining -= negative[i + 1];
    if (remaining <= 0) return -representative(negative[i]);
  }
  remaining -= json.z || 0;
  if (remaining <= 0) return 0;
  const positive = json.p || [];
  for (let i = 0; i < positive.length; i += 2) {
    remaining -= positive[i + 1];
    if (remaining <= 0) return representative(positive[i]);
  }
  return 0;
}

/** The position, from 1, of a quantile among `count` sorted samples. */
function nearestRank(q, count) {
  return Math.min(Math.max(Math.ceil(q * count), 1), count);
}

module.exports = { Sketch, bucketOf, nearestRank, quantile, representative };
