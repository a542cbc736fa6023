'use strict';

// Fixtures/wire against this client: see the README there.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { PushNumbering, PushQueue } = require('../lib/push-queue');
const { Recorder, found, parseSample } = require('../lib/recorder');

function cases(name) {
  const file = path.join(__dirname, '../../../Fixtures/wire', `${name}.json`);
  const { cases: list } = JSON.parse(fs.readFileSync(file));
  assert.ok(list.length > 5);
  return list;
}

const plain = (value) => JSON.parse(JSON.stringify(value));

test("a sample's text means what the vectors say", () => {
  for (const vector of cases('samples')) {
    const isSample = parseSample(vector.text);
    assert.strictEqual(isSample, vector.reason === undefined, `'${vector.text}'`);
    if (isSample) {
      assert.deepStrictEqual(
        [found.value, found.kind, found.isEmphasised], [vector.value, vector.typ, vector.emp], `'${vector.text}'`);
    }
  }
});

test('samples become the partial of the vectors, to the last bit', () => {
  for (const vector of cases('partials')) {
    const recorder = new Recorder(vector.pct);
    for (const text of vector.samples) recorder.addText('a.b', text);
    assert.deepStrictEqual(plain(recorder.flush(true).partials), [vector.partial], vector.name);
  }
});

test("a period's calls become the batch of the vectors, with what was dropped", () => {
  for (const vector of cases('batches')) {
    const recorder = new Recorder(0.1);
    for (const [name, sample] of vector.calls) recorder.addText(name, sample);
    const dropped = Object.fromEntries(Object.entries(recorder.drops).filter(([, count]) => count > 0));
    assert.deepStrictEqual(dropped, vector.drops, vector.name);
    const { partials, drops } = recorder.flush(true);
    const numbering = new PushNumbering(vector.cid, vector.process || undefined);
    numbering.seq = vector.seq - 1;
    const [push, ...others] = numbering.pushes(partials, 12, drops);
    const body = JSON.parse(push.body);
    assert.strictEqual(body.upt, 12);
    delete body.upt;
    assert.deepStrictEqual(body, vector.body, vector.name);
    assert.deepStrictEqual(others, []);
  }
});

test('an answer has the consequence of the vectors', () => {
  for (const vector of cases('answers')) {
    const queue = new PushQueue();
    queue.enqueue({ seq: 1, body: Buffer.from('x'), samples: 1, drops: 0 });
    const step = queue.answer(vector.status, {});
    const consequence = step.action === 'wait' ? (step.milliseconds > 1000 ? 'slowly' : 'again') : step.losses.length ? 'drop' : 'done';
    assert.strictEqual(consequence, vector.then, String(vector.status));
  }
});
