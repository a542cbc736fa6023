// The page of a user without statistics: the key, and lines that work as they stand.

import { $, copy, h } from './dom.js';

const numbers = '"sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1';
const partial = `{"prt":{"c":[{"typ":"c","pth":"hello.world",${numbers}}],"ms":[],"g":[]}}`;

/** By language: where it runs, and the lines. `udp` is the server's port of datagrams, `statsd` whether statsd's lines are this user's. */
export function examples({ key, udp, statsd }) {
  const { hostname, origin } = location;
  const host = hostname.replace(/[[\]]/g, '');
  const port = udp ?? 8125;
  const project = 'From the project’s folder.';
  return {
    curl: ['In any terminal.', `curl -X PUT '${origin}/agg?auth=${key}' \\\n  -d '${partial}'`],
    Shell: ['In bash, without anything else; or in any shell with the functions of clients/shell, from the project’s folder.',
      `echo "${key}:hello:hello.world:1c" > /dev/udp/${host}/${port}\n\n`
      + `export DATTSS_AUTH_KEY=${key} DATTSS_SERVER_UDP_HOST=${host} DATTSS_SERVER_UDP_PORT=${port}\n`
      + '. clients/shell/dattss.sh\ndattss hello.world 1c hello.time 153ms'],
    Swift: ['With the product DattssClient of this package.',
      `import DattssClient\n\n`
      + `let stats = Dattss(.init(auth: "${key}", url: "${origin}", process: "hello"))\nstats.start()\nstats.count("hello.world")`],
    Node: [project,
      `node -e '\nconst stats = require("./clients/nodejs").dattss({\n`
      + `  auth: "${key}", url: "${origin}", process: "hello" })\nstats.agg("hello.world", "1c")'`],
    Python: [project,
      `PYTHONPATH=clients/python python3 -c '\nfrom dattss import Dattss\n`
      + `stats = Dattss(auth="${key}", url="${origin}", process="hello")\nstats.agg("hello.world", "1c")'`],
    PHP: [project,
      `php -r '\nrequire "clients/php/src/Client.php";\n`
      + `$stats = new Dattss\\Client(["auth" => "${key}", "process" => "hello",\n  "host" => "${host}", "port" => ${port}]);\n`
      + `$stats->agg("hello.world", "1c");'`],
    // Lines of statsd carry no key, and need none where the server was told whose they are.
    statsd: [`With any statsd or DogStatsD client${statsd ? '' : ': the key and a dot before the name'}. In bash it looks like this.`,
      `echo "${statsd ? '' : `${key}.`}hello.world:1|c" > /dev/udp/${host}/${port}`],
  };
}

export function showStart(session) {
  const all = examples(session);
  const names = Object.keys(all);
  const where = h('p.where');
  const code = h('code');
  const tabs = names.map((name, i) => h('button', {
    type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': 'example', onclick: () => choose(i),
  }, name));
  const panel = h('div', { role: 'tabpanel', id: 'example', tabindex: 0 }, where, h('pre', {}, code));
  function choose(chosen) {
    tabs.forEach((tab, i) => { tab.setAttribute('aria-selected', i === chosen); tab.tabIndex = i === chosen ? 0 : -1; });
    panel.setAttribute('aria-labelledby', tabs[chosen].id);
    [where.textContent, code.textContent] = all[names[chosen]];
  }
  const list = h('div.tabs', { role: 'tablist', 'aria-label': 'How to send' }, ...tabs);
  list.addEventListener('keydown', event => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = (tabs.indexOf(document.activeElement) + by + tabs.length) % tabs.length;
    choose(next);
    tabs[next].focus();
  });
  $('#start').replaceChildren(
    h('h1', {}, 'What is happening right now, and is that usual?'),
    h('p', {}, 'Send a first sample, and watch this page. Count with ', h('code', {}, '1c'), ', time with ', h('code', {}, '153ms'),
      ', gauge with ', h('code', {}, '23g'), '.'),
    h('div.key', {}, h('span', {}, 'Your key'), h('code', { id: 'key' }, session.key),
      h('button', { type: 'button', onclick: () => copy(session.key, 'Key') }, 'Copy')),
    list, panel,
    h('div.actions', {}, h('button.primary', { type: 'button', onclick: () => copy(code.textContent, 'Lines') }, 'Copy these lines')),
    h('p.waiting', { role: 'status' }, h('i.dot'), ' Waiting for the first sample …'));
  choose(0);
  $('#start').hidden = false;
}
