// The server's own page: names that senders of lines write otherwise than paths are, and what became of them.

import { ask } from './api.js';
import { $, h, put } from './dom.js';

const PERIOD_MS = 10_000;

export async function showRewrittenNames() {
  const details = $('#rewritten');
  const show = async () => {
    if (document.hidden) return;
    // It is asked again soon. A visitor who may not ask, or whose question fails, goes on seeing what was there.
    const told = await ask('rewritten-names', { at: '' }).catch(() => null);
    if (!told) return;
    details.hidden = !told.names.length;
    put($('summary', details), `Names rewritten in ${told.count} ${told.count === 1 ? 'line' : 'lines'}, the latest`);
    $('ol', details).replaceChildren(...told.names.map(({ name, path }) => h('li', {}, h('code', {}, name), ' → ', h('b', {}, path))));
  };
  setInterval(show, PERIOD_MS);
  await show();
}
