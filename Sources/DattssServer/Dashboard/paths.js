// Dotted paths as a tree, and the rows of it that are open.

/** Groups are opened of themselves, the topmost first, while no more rows than this are shown. */
const OPEN_ROWS = 48;

const makeNode = (name, path) => ({ name, path, children: new Map(), stats: [], count: 0, order: null });
const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;

export class PathTree {
  root = makeNode('', '');
  #toggled = new Map();
  #sorted = null;

  get size() { return this.root.count; }

  /** Forgets the statistics, and not which groups somebody has opened or closed. */
  clear() {
    this.root = makeNode('', '');
    this.#sorted = null;
  }

  add(stat) {
    let node = this.root;
    node.count++;
    let end = -1;
    do {
      const start = end + 1;
      end = stat.path.indexOf('.', start);
      const name = stat.path.slice(start, end < 0 ? undefined : end);
      let child = node.children.get(name);
      if (!child) {
        child = makeNode(name, end < 0 ? stat.path : stat.path.slice(0, end));
        node.children.set(name, child);
        node.order = null;
      }
      node = child;
      node.count++;
    } while (end >= 0);
    node.stats.push(stat);
    this.#sorted = null;
  }

  toggle(node, isOpen) { this.#toggled.set(node.path, isOpen); }

  /** A group of one is one row with its only child: host.web1.load. */
  #branches(node) {
    node.order ??= [...node.children.values()].sort((a, b) => compare(a.name, b.name));
    return node.order.map(child => {
      let label = child.name;
      while (child.stats.length === 0 && child.children.size === 1) {
        child = child.children.values().next().value;
        label += `.${child.name}`;
      }
      return { node: child, label, rows: child.stats.length + (child.children.size ? 1 : 0) };
    });
  }

  #openedOfThemselves() {
    const open = new Set();
    let queue = this.#branches(this.root);
    let shown = queue.length;
    while (queue.length) {
      const next = [];
      for (const { node } of queue) {
        if (!node.children.size) continue;
        const below = this.#branches(node);
        const rows = below.reduce((sum, branch) => sum + branch.rows, 0);
        if (shown + rows > OPEN_ROWS) continue;
        shown += rows;
        open.add(node.path);
        next.push(...below);
      }
      queue = next;
    }
    return open;
  }

  /** The rows to show: `{ key, level, label, stat }` or `{ key, level, label, node, isOpen }`. */
  rows() {
    const rows = [];
    const opened = this.#openedOfThemselves();
    const emit = (parent, level) => {
      const branches = this.#branches(parent);
      const size = branches.reduce((sum, branch) => sum + branch.rows, 0);
      let place = 0;
      for (const { node, label } of branches) {
        for (const stat of node.stats) rows.push({ key: stat.id, level, label, stat, place: ++place, size });
        if (!node.children.size) continue;
        const isOpen = this.#toggled.get(node.path) ?? opened.has(node.path);
        rows.push({ key: `/${node.path}`, level, label, node, isOpen, place: ++place, size });
        if (isOpen) emit(node, level + 1);
      }
    };
    emit(this.root, 1);
    return rows;
  }

  /** All statistics whose path has every word, in the order of their paths. */
  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!this.#sorted) {
      this.#sorted = [];
      const walk = node => {
        this.#sorted.push(...node.stats);
        for (const child of node.children.values()) walk(child);
      };
      walk(this.root);
      this.#sorted.sort((a, b) => compare(a.path, b.path));
    }
    const found = this.#sorted.filter(stat => words.every(word => stat.folded.includes(word)));
    return found.map((stat, index) =>
      ({ key: stat.id, level: 1, label: stat.path, stat, words, place: index + 1, size: found.length }));
  }
}

/** A label in parts, `{ text, isMarked }`: marked are all places of the words that were searched for. */
export function marked(label, words) {
  const folded = label.toLowerCase();
  const isMarked = new Uint8Array(label.length);
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) isMarked.fill(1, at, at + word.length);
  }
  const parts = [];
  for (let start = 0; start < label.length;) {
    let end = start + 1;
    while (end < label.length && isMarked[end] === isMarked[start]) end++;
    parts.push({ text: label.slice(start, end), isMarked: isMarked[start] === 1 });
    start = end;
  }
  return parts;
}
