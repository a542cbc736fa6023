// What is looked at, as the address says it: #show=c:shop.orders,ms:db.query&day=2026-11-23&tz=Europe/Paris&step=15&zoom=540-720
// With at=2026-11-23T09:41Z in the place of the day, all of the page is as it was at that moment.

import { DAY_MINUTES } from './axis.js';
import { isDay } from './format.js';
import { parse } from './statistics.js';

export const STEPS = [1, 2, 3, 4, 5, 6, 10, 15, 30, 60];
/** A narrow plot has no place for more. */
const ownStep = () => matchMedia('(max-width: 760px)').matches ? 15 : 5;
/** The browser's zone, where it knows one: some say Etc/Unknown. */
export function ownZone() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return isZone(timeZone) ? timeZone : 'UTC';
}
/** No day is longer: clocks are never set back by more than a day. */
const LONGEST = 2 * DAY_MINUTES;

export class View {
  /** Identities of statistics; null while nobody has chosen any. */
  shown = null;
  /** null is today, and follows it. */
  day = null;
  /** The moment that is shown, in epoch seconds, a whole minute; null is now. */
  at = null;
  zone = ownZone();
  step = ownStep();
  /** The first and the last minute seen, counted from midnight; null is the whole day. */
  zoom = null;

  constructor() { this.read(); }

  read() {
    const said = new URLSearchParams(location.hash.slice(1));
    const show = said.get('show');
    this.shown = show == null ? null : [...new Set(show.split(',').filter(parse))];
    this.at = readMoment(said.get('at'));
    // The moment has its day.
    this.day = this.at == null && isDay(said.get('day')) ? said.get('day') : null;
    this.zone = isZone(said.get('tz')) ? said.get('tz') : ownZone();
    this.step = STEPS.includes(Number(said.get('step'))) ? Number(said.get('step')) : ownStep();
    const [, from, to] = said.get('zoom')?.match(/^(\d+)-(\d+)$/)?.map(Number) ?? [];
    this.zoom = to <= LONGEST && to - from >= 5 ? [from, to] : null;
  }

  /** The address of this view; on another day, the day `today` is another: `fixed` names it. */
  address(fixed) {
    // Commas, colons and slashes stand for themselves after a #, and read better.
    const parts = [`show=${(this.shown ?? []).join(',')}`];
    if (this.at != null) parts.push(`at=${writeMoment(this.at)}`);
    else if (this.day ?? fixed) parts.push(`day=${this.day ?? fixed}`);
    parts.push(`tz=${this.zone.replace('+', '%2B')}`);
    parts.push(`step=${this.step}`);
    if (this.zoom) parts.push(`zoom=${this.zoom.map(Math.round).join('-')}`);
    return `${location.origin}${location.pathname}${location.search}#${parts.join('&')}`;
  }

  /** Another statistic or day is a step that the browser's back button takes back; a zoom is not. */
  write(isStep = false) {
    const address = this.address();
    if (address === location.href) return;
    isStep ? history.pushState(null, '', address) : history.replaceState(null, '', address);
  }
}

/** Epoch seconds of 2026-11-29T10:00Z; null for what is no such moment. */
function readMoment(text) {
  const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/.test(text) ? Date.parse(text) / 1000 : NaN;
  return seconds >= 0 && writeMoment(seconds) === text ? seconds : null;
}
const writeMoment = seconds => `${new Date(seconds * 1000).toISOString().slice(0, 16)}Z`;

export function isZone(name) {
  if (!name) return false;
  try { return Boolean(new Intl.DateTimeFormat('en', { timeZone: name })); } catch { return false; }
}
