// The tree shows every statistic once, whatever names people give.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, statistic } from './page.mjs';

const { marked, PathTree } = await load('paths.js');

function treeOf(...paths) {
  const tree = new PathTree();
  for (const path of paths) tree.add(statistic(path.includes(' ') ? path.split(' ')[0] : 'c', path.split(' ').at(-1)));
  return tree;
}
const drawn = rows => rows.map(({ level, label, node, isOpen }) => `${'  '.repeat(level - 1)}${node ? isOpen ? '- ' : '+ ' : ''}${label}`);

test('no statistics are no rows', () => {
  const tree = treeOf();
  assert.deepEqual([tree.rows(), tree.search('a'), tree.size], [[], [], 0]);
});

test('groups are in order, and a group of one is one row with its child', () => {
  assert.deepEqual(drawn(treeOf('b.x', 'a.c.d', 'a.b', 'host.web1.load').rows()), ['- a', '  b', '  c.d', 'b.x', 'host.web1.load']);
});

test('a path that is a statistic and a group is both, and one of two kinds is two rows', () => {
  const rows = treeOf('a', 'a.b', 'g a.b', 'a.c').rows();
  assert.deepEqual(drawn(rows), ['a', '- a', '  b', '  b', '  c']);
  assert.deepEqual(rows.map(row => row.key), ['c:a', '/a', 'c:a.b', 'g:a.b', 'c:a.c']);
  assert.deepEqual(rows.map(({ place, size }) => `${place} of ${size}`), ['1 of 2', '2 of 2', '1 of 3', '2 of 3', '3 of 3']);
});

for (const [sentence, ...paths] of [
  ['names with empty parts', 'a..b', '.a', 'a.', '..', '.', 'a', 'a...'],
  ['names that objects have, too', '__proto__.a', 'constructor', 'hasOwnProperty.b', 'toString'],
  ['names with other signs', 'a:b', 'a!b', 'a-b', 'a_b.c!', ':', '!', '-1'],
  ['a name of 255 dots', '.'.repeat(255), `${'a.'.repeat(127)}a`],
]) {
  test(`${sentence} are shown and found once each`, () => {
    const tree = treeOf(...paths);
    const ids = paths.map(path => `c:${path}`).sort();
    const rows = tree.rows();
    for (const row of rows) if (row.node) tree.toggle(row.node, true);
    assert.deepEqual(tree.rows().filter(row => row.stat).map(row => row.stat.id).sort(), ids);
    assert.equal(new Set(tree.rows().map(row => row.key)).size, tree.rows().length);
    for (const { node } of tree.rows()) assert.ok(!node || paths.some(path => path.startsWith(`${node.path}.`)), node?.path);
    assert.deepEqual(tree.search('').map(row => row.stat.id).sort(), ids);
    for (const path of paths) assert.ok(tree.search(path).some(row => row.label === path), path);
    assert.equal(tree.size, paths.length);
  });
}

test('labels from the top down to a statistic are its path', () => {
  const tree = treeOf('a.b.c', 'a.b.d', 'a.e', 'f..g', '.h', 'i.');
  const above = [];
  for (const { level, label, stat } of tree.rows()) {
    above.splice(level - 1, Infinity, label);
    if (stat) assert.equal(above.join('.'), stat.path);
  }
});

test('groups open of themselves while there is room, and stay as somebody left them', () => {
  const tree = new PathTree();
  for (let group = 0; group < 10; group++) for (let i = 0; i < 8; i++) tree.add(statistic('c', `g${group}.s${i}`));
  const open = () => tree.rows().filter(row => row.isOpen).map(row => row.label);
  assert.deepEqual(open(), ['g0', 'g1', 'g2', 'g3']);
  tree.toggle(tree.rows()[0].node, false);
  assert.deepEqual(open(), ['g1', 'g2', 'g3']);
  tree.add(statistic('c', 'g0.new'));
  assert.deepEqual(open(), ['g1', 'g2', 'g3']);
});

test('a statistic that comes later has its place', () => {
  const tree = treeOf('a.b', 'c');
  assert.deepEqual(drawn(tree.rows()), ['a.b', 'c']);
  tree.search('a');
  tree.add(statistic('c', 'a.a'));
  tree.add(statistic('c', 'b'));
  assert.deepEqual(drawn(tree.rows()), ['- a', '  a', '  b', 'b', 'c']);
  assert.deepEqual(tree.search('a').map(row => row.label), ['a.a', 'a.b']);
});

test('a search finds what has every word, whatever the case and the order', () => {
  const tree = treeOf('Shop.Orders.new', 'shop.pages.home', 'ms shop.orders.time', 'x');
  const found = text => tree.search(text).map(row => row.stat.id);
  assert.deepEqual(found('orders SHOP'), ['c:Shop.Orders.new', 'ms:shop.orders.time']);
  assert.deepEqual(found('  '), ['c:Shop.Orders.new', 'ms:shop.orders.time', 'c:shop.pages.home', 'c:x']);
  assert.deepEqual(found('.*'), []);
  assert.deepEqual(found('İ'), []);
  assert.deepEqual(tree.search('o').map(({ place, size }) => `${place} of ${size}`), ['1 of 3', '2 of 3', '3 of 3']);
});

test('all places of all words are marked, and the label stays what it is', () => {
  const of = (label, ...words) => marked(label, words).map(({ text, isMarked }) => isMarked ? `[${text}]` : text).join('');
  assert.equal(of('shop.orders.shop', 'shop', 'or'), '[shop].[or]ders.[shop]');
  assert.equal(of('aaa', 'aa'), '[aaa]');
  assert.equal(of('Shop', 'sh', 'ho'), '[Sho]p');
  assert.equal(of('a.b', 'x'), 'a.b');
  assert.equal(of('', 'x'), '');
});
