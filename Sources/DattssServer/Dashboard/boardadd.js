// Adding the plot that Explore shows to a board.

import { ask } from './api.js';
import { h, notify } from './dom.js';
import { addressOfBoard, NAME_MAX, PANELS_MAX, TITLE_MAX, titleOf } from './boardchange.js';

const NEW = '';

/** Asks which board, and adds the plot of an address to it. */
export async function addToBoard(address) {
  let answer;
  try { answer = await ask('boards'); } catch (error) { return notify(`The boards were not loaded: ${error.message}`, true); }
  const { boards } = answer;
  const field = (words, control) => h('label.bfield', {}, words, control);
  const board = h('select', { onchange: () => show() }, ...boards.map(({ name, panels }) => h('option', { value: name, disabled: panels >= PANELS_MAX }, name)), h('option', { value: NEW }, 'A new board …'));
  const name = h('input', { maxlength: NAME_MAX, autocomplete: 'off', placeholder: 'Shop' });
  const title = h('input', { maxlength: TITLE_MAX, autocomplete: 'off', placeholder: titleOf({ type: 'plot', title: '', address }) });
  const width = h('select', {}, h('option', { value: 'half' }, 'half as wide as the board'), h('option', { value: 'full' }, 'as wide as the board'));
  const named = field('Its name', name);
  const show = () => { named.hidden = board.value !== NEW; name.required = board.value === NEW; };
  const dialog = h('dialog', { 'aria-labelledby': 'add-title' }, h('form', { method: 'dialog', onsubmit: event => { event.preventDefault(); add(); } },
    h('h2', { id: 'add-title' }, 'Add to board'), field('Board', board), named, field('Title', title), field('Width', width),
    h('div.actions', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button.primary', {}, 'Add'))));

  async function add() {
    const panel = { type: 'plot', address, title: title.value.trim(), width: width.value };
    try {
      const kept = board.value === NEW ? await ask('boards', { method: 'POST', body: { name: name.value.trim(), panels: [panel] } }) : await append(board.value, panel);
      dialog.close();
      const note = h('a', { href: addressOfBoard(kept.name) }, kept.name);
      notify('Added to the board ', false, note);
    } catch (error) {
      notify(error.name === 'exists' ? `There is a board “${name.value}” already.` : `It was not added: ${error.message}`, true);
    }
  }

  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  show();
  dialog.showModal();
}

/** Behind all panels of a board as it is now, also when somebody changes it meanwhile. */
async function append(name, panel, tries = 5) {
  const path = `boards/${encodeURIComponent(name)}`;
  const board = await ask(path);
  try {
    return await ask(path, { method: 'PUT', body: { ...board, panels: [...board.panels, panel] } });
  } catch (error) {
    if (error.name !== 'outdated' || tries === 0) throw error;
    return append(name, panel, tries - 1);
  }
}
