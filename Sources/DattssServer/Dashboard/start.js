// The page of a user without statistics: the key, and lines that work as they stand.

import { $, copy, h } from './dom.js';

const partial = '{"prt":{"c":[{"typ":"c","pth":"hello.world","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}],"ms":[],"g":[]}}';

/** By language: where it runs, and the lines. */
function examples({ key, udp }) {
  const { protocol, hostname, host, port } = location;
  const number = Number(port) || (protocol === 'https:' ? 443 : 80);
  const plain = hostname.replace(/[[\]]/g, '');
  const datagrams = udp ?? 8125;
  return {
    curl: ['In any terminal.', `curl -X PUT '${protocol}//${host}/agg?auth=${key}' \\\n  -d '${partial}'`],
    Shell: ['In bash, without anything else; or with the functions of clients/shell, from the project’s folder.',
      `echo "${key}:hello:hello.world:1c" > /dev/udp/${plain}/${datagrams}\n\n`
      + `export DATTSS_AUTH=${key} DATTSS_HOST=${plain} DATTSS_PORT=${datagrams}\n. clients/shell/dattss.sh\ndattss hello.world 1c\ndattss hello.time 153ms`],
    Swift: ['With the product DattssClient of this package.',
      `import DattssClient\n\nlet stats = Dattss(auth: "${key}", host: "${plain}", port: ${number}, process: "hello")\nstats.start()\nstats.count("hello.world")`],
    Node: ['From the project’s folder.',
      `NODE_PATH=clients node -e '\nconst stats = require("dattss").dattss({\n  auth: "${key}",\n  http_host: "${plain}", http_port: ${number}, process: "hello" })\nsetInterval(() => stats.agg("hello.world", "1c"), 1000)'`.replace('NODE_PATH=clients node', 'npm install --no-save ./clients/nodejs\nnode')],
    Python: ['From the project’s folder.',
      `PYTHONPATH=clients/python python3 -c '\nimport time\nfrom dattss import Dattss\nstats = Dattss(auth="${key}", host="${plain}", port=${number})\nwhile True:\n    stats.agg("hello.world", "1c")\n    time.sleep(1)'`],
    PHP: ['From the project’s folder.',
      `php -r '\nrequire "clients/php/dattss.php";\n$stats = new Dattss("${key}", "${plain}");\n$stats->agg("hello.world", "1c");'`],
    statsd: ['With any statsd or DogStatsD client: the key and a dot before the name. In bash it looks like this.',
      `echo "${key}.hello.world:1|c" > /dev/udp/${plain}/${datagrams}`],
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
