// The stream of what changes, and whether the page may still call itself live.

import { routeOf } from './api.js';
import { moment, span } from './format.js';

/** The server sends something every other second. When nothing came for longer than this, it hangs, or what is in between does. */
export const HUNG_SECONDS = 5;
/** Then another connection is tried. */
const GIVEN_UP_SECONDS = 30;

/** What the page says of its connection; times are epoch seconds of the browser. */
export function connectionWords({ since = null, heardAt = null, isSignedOut = false, isRemoved = false }, time, zone) {
  if (isRemoved) return { text: 'No longer in this team.', isLive: false };
  if (isSignedOut) return { text: 'Signed out.', isLive: false };
  if (since != null) return { text: `Not connected since ${moment(since, zone, time)}`, isLive: false };
  if (heardAt == null) return { text: 'Connecting …', isLive: true };
  if (time - heardAt > HUNG_SECONDS) return { text: `Last update ${span(time - heardAt)} ago`, isLive: false };
  return { text: 'Live', isLive: true };
}

/** Server-sent events, for as long as the page is open; `onState({ since, heardAt })` is called when one changes, and every second. */
export function listen({ onStatus, onProcesses, onState }) {
  const state = { since: null, heardAt: null };
  const seconds = () => Date.now() / 1000;
  let openedAt = 0;
  let wait = 1000;
  let source = null;
  let isEnded = false;
  const heard = () => {
    state.heardAt = seconds();
    state.since = null;
    onState(state);
  };
  const open = () => {
    openedAt = seconds();
    source = new EventSource(routeOf('live'));
    source.addEventListener('open', () => { wait = 1000; heard(); });
    source.addEventListener('status', event => { heard(); onStatus(event.data); });
    source.addEventListener('processes', event => { heard(); onProcesses(JSON.parse(event.data).processes); });
    source.addEventListener('beat', heard);
    source.addEventListener('error', () => {
      state.since ??= seconds();
      onState(state);
      // After an answer that is no stream the browser gives up; we do not.
      if (source.readyState !== EventSource.CLOSED) return;
      source = null;
      setTimeout(() => source || isEnded || open(), wait);
      wait = Math.min(wait * 2, 15000);
    });
  };
  const close = () => { source?.close(); source = null; };
  open();
  const ticking = setInterval(() => {
    onState(state);
    if (!source || document.hidden || seconds() - Math.max(state.heardAt ?? 0, openedAt) < GIVEN_UP_SECONDS) return;
    close();
    open();
  }, 1000);
  // A browser has six connections for all tabs of a server: a tab that nobody sees for long gives its own back.
  let leaving = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (isEnded) return;
    if (!document.hidden) source ?? open();
    else leaving = setTimeout(close, 60000);
  });
  addEventListener('pagehide', close);
  addEventListener('pageshow', event => { if (event.persisted && !isEnded) source ?? open(); });
  return { end() { isEnded = true; clearInterval(ticking); close(); } };
}
