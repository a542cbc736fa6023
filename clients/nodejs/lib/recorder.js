'use strict';

const { Sketch, nearestRank, quantile } = require('./sketch');

const EXACT_SAMPLES_MAX = 64;
const STATISTICS_MAX = 20000;
const IDLE_PERIODS_MAX = 720;

const VALID_PATH = /^[A-Za-z0-9_.:!-]{1,255}$/;
const NUMBER = /^(?:\+(?!-))?(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

/** What `parseSample` found: fields of one object, because one for each sample would be half of the work. */
const found = { value: 0, kind: '', isEmphasised: false };

/** Whether a text is a sample: `2c`, `153ms`, `-1.5g!`. What it says is then in `found`. */
function parseSample(text) {
  if (typeof text !== 'string') return false;
  let end = text.length;
  found.isEmphasised = text.charCodeAt(end - 1) === 33;
  if (found.isEmphasised) end -= 1;
  const unit = text.charCodeAt(end - 1);
  if (unit === 99) {
    found.kind = 'c';
    end -= 1;
  } else if (unit === 103) {
    found.kind = 'g';
    end -= 1;
  } else if (unit === 115 && text.charCodeAt(end - 2) === 109) {
    found.kind = 'ms';
    end -= 2;
  } else {
    return false;
  }
  return parseShortNumber(text, end) || parseAnyNumber(text, end);
}

/** Up to 15 digits and a point: both the digits and the power of ten are exact, so that one division rounds right. */
function parseShortNumber(text, end) {
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  let digits = 0;
  let point = -1;
  if (end - start > 16 || end === start) return false;
  for (let i = start; i < end; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
    } else if (digit === -2 && point < 0 && i > start && i < end - 1) {
      point = i;
    } else {
      return false;
    }
  }
  const count = end - start - (point < 0 ? 0 : 1);
  const integerEnd = point < 0 ? end : point;
  if (count > 15 || (integerEnd - start > 1 && text.charCodeAt(start) === 48)) return false;
  const magnitude = point < 0 ? digits : digits / POWERS_OF_TEN[end - 1 - point];
  found.value = start === 1 ? -magnitude : magnitude;
  return true;
}

function parseAnyNumber(text, end) {
  const match = NUMBER.exec(text.slice(0, end));
  if (match === null) return false;
  found.value = Number(match[1]);
  return Number.isFinite(found.value);
}

/** The samples of one statistic in one period: the first 64 as they are, then counts of buckets. */
class Statistic {
  constructor(kind, path) {
    this.kind = kind;
    this.path = path;
    this.idlePeriods = 0;
    this.samples = [];
    this.reset();
  }

  reset() {
    this.count = 0;
    this.sum = 0;
    this.max = -Infinity;
    this.min = Infinity;
    this.first = 0;
    this.last = 0;
    this.isEmphasised = false;
    this.sketch = null;
    this.samples.length = 0;
  }

  add(value) {
    if (this.count === 0) this.first = value;
    this.count += 1;
    this.last = value;
    this.sum += value;
    if (value > this.max) this.max = value;
    if (value < this.min) this.min = value;
    if (this.sketch !== null) {
      this.sketch.add(value);
    } else if (this.samples.length < EXACT_SAMPLES_MAX) {
      this.samples.push(value);
    } else {
      this.sketch = new Sketch();
      for (const sample of this.samples) this.sketch.add(sample);
      this.samples.length = 0;
      this.sketch.add(value);
    }
    if (this.sum > Number.MAX_VALUE) this.sum = Number.MAX_VALUE;
    if (this.sum < -Number.MAX_VALUE) this.sum = -Number.MAX_VALUE;
  }

  partial(pct) {
    const { count, min, max } = this;
    let bot = min;
    let top = min;
    let skt;
    if (this.sketch !== null) {
      skt = this.sketch.toJSON();
      if (min !== max) {
        bot = Math.min(Math.max(quantile(skt, pct, count), min), max);
        top = Math.min(Math.max(quantile(skt, 1 - pct, count), min), max);
      }
    } else {
      const sorted = this.samples.slice().sort((a, b) => a - b);
      bot = sorted[nearestRank(pct, count) - 1];
      top = sorted[nearestRank(1 - pct, count) - 1];
      if (this.kind === 'ms') {
        const sketch = new Sketch();
        for (const sample of sorted) sketch.add(sample);
        skt = sketch.toJSON();
      }
    }
    const partial = {
      typ: this.kind, pth: this.path, sum: this.sum, cnt: count, max, min, top, bot, fst: this.first, lst: this.last, pct,
      emp: this.isEmphasised,
    };
    if (this.kind === 'ms') partial.skt = skt;
    return partial;
  }
}

/** What a program records between two pushes, and what of it was dropped. */
class Recorder {
  constructor(pct) {
    this.pct = pct;
    this.kinds = { c: new Map(), ms: new Map(), g: new Map() };
    this.count = 0;
    /** Those with samples in this period, in the order of their first one. */
    this.touched = [];
    this.drops = { bad_path: 0, bad_sample: 0, too_many_statistics: 0, buffer_full: 0, refused: 0, stopped: 0 };
    this.unreportedDrops = 0;
  }

  addText(path, text) {
    if (!parseSample(text)) return this.drop(1, 'bad_sample');
    this.add(found.kind, path, found.value, found.isEmphasised);
  }

  add(kind, path, value, isEmphasised) {
    if (!Number.isFinite(value)) return this.drop(1, 'bad_sample');
    const statistic = this.kinds[kind].get(path) || this.insert(kind, path);
    if (statistic === undefined) return;
    if (statistic.count === 0) {
      this.touched.push(statistic);
      statistic.idlePeriods = 0;
    }
    statistic.add(value);
    if (isEmphasised) statistic.isEmphasised = true;
  }

  insert(kind, path) {
    if (typeof path !== 'string' || !VALID_PATH.test(path)) return this.drop(1, 'bad_path');
    if (this.count === STATISTICS_MAX) return this.drop(1, 'too_many_statistics');
    const statistic = new Statistic(kind, path);
    this.kinds[kind].set(path, statistic);
    this.count += 1;
    return statistic;
  }

  drop(samples, reason, alreadyReported = 0) {
    this.drops[reason] += samples;
    this.unreportedDrops += samples + alreadyReported;
  }

  get isEmpty() {
    return this.touched.length === 0 && this.unreportedDrops === 0;
  }

  /** The partials of the period that ends now, and how many drops they are to report. */
  flush(reportsDrops) {
    const partials = this.touched.map((statistic) => {
      const partial = statistic.partial(this.pct);
      statistic.reset();
      return partial;
    });
    this.touched = [];
    this.forgetIdle();
    const drops = reportsDrops ? this.unreportedDrops : 0;
    this.unreportedDrops -= drops;
    return { partials, drops };
  }

  forgetIdle() {
    for (const statistics of Object.values(this.kinds)) {
      for (const [path, statistic] of statistics) {
        statistic.idlePeriods += 1;
        if (statistic.idlePeriods > IDLE_PERIODS_MAX) {
          statistics.delete(path);
          this.count -= 1;
        }
      }
    }
  }
}

module.exports = { Recorder, found, parseSample };
