// The line between the list and the plots, to drag or to move with the arrow keys.

import { $ } from './dom.js';

const STORE = 'side';
const LEAST = 280;
const STEP = 24;

/** As wide as it may be, so that there is room for both. */
const within = (width, all) => Math.round(Math.min(Math.max(width, LEAST), Math.max(LEAST, all - 420)));

export function divide() {
  const divider = $('#divider');
  const all = () => $('#dashboard').clientWidth;
  const set = width => {
    const chosen = width == null ? null : within(width, all());
    if (chosen == null) $('#dashboard').style.removeProperty('--side');
    else $('#dashboard').style.setProperty('--side', `${chosen}px`);
    tell();
    try { chosen == null ? localStorage.removeItem(STORE) : localStorage.setItem(STORE, chosen); } catch { /* Not kept, then. */ }
  };
  const tell = () => {
    divider.setAttribute('aria-valuemin', LEAST);
    divider.setAttribute('aria-valuemax', within(Infinity, all()));
    divider.setAttribute('aria-valuenow', Math.round($('#side').getBoundingClientRect().width));
  };
  divider.addEventListener('pointerdown', event => {
    event.preventDefault();
    divider.setPointerCapture(event.pointerId);
    divider.classList.add('dragged');
  });
  divider.addEventListener('pointermove', event => {
    if (divider.hasPointerCapture(event.pointerId)) set(event.clientX - $('#dashboard').getBoundingClientRect().left);
  });
  divider.addEventListener('pointerup', () => divider.classList.remove('dragged'));
  divider.addEventListener('dblclick', () => set(null));
  divider.addEventListener('keydown', event => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (by) set($('#side').getBoundingClientRect().width + by);
    else if (event.key === 'Home') set(LEAST);
    else if (event.key === 'End') set(Infinity);
    else if (event.key === 'Enter') set(null);
    else return;
    event.preventDefault();
  });
  let kept = null;
  try { kept = Number(localStorage.getItem(STORE)) || null; } catch { /* None, then. */ }
  if (kept) set(kept);
  tell();
}
