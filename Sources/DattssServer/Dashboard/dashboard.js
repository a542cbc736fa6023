// The page: who looks, what the server tells, and what is done with it.

import { addressOf, ask, base, onRemoved, onSignedOut, openSession, shownUser } from './api.js';
import { Boarding } from './boarding.js';
import { connectionWords, listen } from './connection.js';
import { divide } from './divider.js';
import { $, h, notify, put } from './dom.js';
import { Exploring } from './exploring.js';
import { Favourites } from './favourites.js';
import { Firing } from './firing.js';
import { setLocale } from './format.js';
import { Now } from './now.js';
import { Plots } from './plots.js';
import { Processes } from './processes.js';
import { isPast, now, Statistics } from './statistics.js';
import { isComplete, suggested, suggestedOfServer } from './suggestions.js';
import { Tree } from './tree.js';
import { loadUnits } from './units.js';
import { Unusual } from './unusual.js';
import { View } from './view.js';

const FIRST_PLOTS = 2;
const UNUSUAL_WAIT_MS = 500;

/** What all parts of the page share. */
class Page {
  /** What the stream tells, and what is shown: another one at a moment that is over. */
  present = new Statistics();
  statistics = this.present;
  /** What leads to other moments, once somebody goes to one: travel.js. */
  travel = null;
  view = new View();
  favourites = new Favourites(() => this.show());
  isReadOnly = base !== '';
  isConnected = false;
  #suggested = [];
  #isDue = false;

  get zone() { return this.view.zone; }
  isPlotted(stat) { return this.exploring?.has(stat) ?? this.view.shown?.includes(stat.id) ?? false; }
  isFavourite(stat) { return this.favourites.has(stat.id); }
  favour(stat) { this.favourites.toggle(stat.id); }

  /** Plots a statistic, or no longer. */
  toggle(stat) {
    if (this.exploring.toggle(stat)) return;
    const shown = this.view.shown ?? [];
    const isNew = !shown.includes(stat.id);
    this.view.shown = isNew ? [stat.id, ...shown] : shown.filter(id => id !== stat.id);
    this.view.write(true);
    this.show();
    if (!isNew) return;
    if (matchMedia('(max-width: 760px)').matches) openPanel('watch');
    this.plots.plots[0]?.element.scrollIntoView({ block: 'nearest' });
  }

  show() {
    const own = this.favourites.ids;
    // The plots first: what they ask for is to be answered first.
    this.plots.show();
    this.strip.show(own.length ? own : this.#suggested, !own.length);
    this.plots.refresh();
    this.tree.refresh();
  }

  /** Soon, once, however often it is asked for. */
  later() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => { this.#isDue = false; this.strip.refresh(); });
  }

  /** Takes in an event of the stream; how long that takes is measured. */
  take(text) {
    performance.mark('live');
    const status = JSON.parse(text);
    const added = this.present.apply(status);
    if (this.statistics !== this.present) return performance.measure('live', 'live');
    this.tree.add(added);
    // What the address or the user names may be of the past: what is silent for long is not in the status.
    const isNamed = this.view.shown?.length > 0 || this.favourites.ids.length > 0;
    const isFirst = !this.isStarted && (this.statistics.all.size > 0 || isNamed);
    if (isFirst) this.start();
    else if (this.isStarted && added.length) this.#welcome();
    if (this.isStarted) {
      this.tree.refresh();
      this.strip.refresh();
    }
    pulse();
    performance.measure('live', 'live');
  }

  start() {
    this.isStarted = true;
    $('#start').hidden = true;
    $('#start').replaceChildren();
    document.body.classList.add('started');
    this.#welcome();
    this.#choose();
    divide();
    this.tree.rebuild();
    this.show();
    requestAnimationFrame(() => setTimeout(() => performance.mark('shown')));
  }

  /** What is plotted while nobody has chosen anything. */
  #choose() {
    const first = this.favourites.ids.length ? this.favourites.ids : this.#suggested;
    this.view.shown ??= first.slice(0, FIRST_PLOTS);
  }

  /** The address is another one. */
  follow() {
    // Their addresses say times of their own.
    if (this.firing.route() || this.boarding.route() || this.exploring.route()) return this.goTo(null);
    this.view.read();
    this.goTo(this.view.at);
    if (!this.isStarted) return this.view.shown?.length && this.start();
    this.#choose();
    this.show();
  }

  // MARK: Other moments

  /** Shows the moment of a view; null is the present. */
  async goTo(at) {
    if (at == null && !this.travel) return;
    await (await this.#loadTravel())?.go(at);
  }

  /** Goes to the moment under the cursor, or lets somebody choose one. */
  async openTravel() { (await this.#loadTravel())?.open(this.plots.moment); }

  async #loadTravel() {
    try {
      const { Travel } = await import('./travel.js');
      return this.travel ??= new Travel(this);
    } catch {
      notify('Other moments could not be loaded.', true);
    }
  }

  /** Shows other statistics: those of another moment. */
  showStatistics(statistics) {
    this.statistics = statistics;
    this.#suggested = [];
    this.tree.replace(statistics.all.values());
    this.plots.reset();
    this.strip.reset();
    this.unusual.reset();
    if (!this.isStarted) return this.start();
    this.#welcome();
    this.show();
  }

  #welcome() {
    const isServer = base === '/server';
    if (this.favourites.ids.length || isComplete(this.#suggested) && !isServer) return;
    const { all } = this.statistics;
    this.#suggested = isServer ? suggestedOfServer(all) : suggested(all, now());
    if (this.isStarted) this.strip.show(this.#suggested, true);
  }

  /** The server is there again: what it was asked for meanwhile is asked for again. */
  back() {
    if (!this.isStarted) return;
    this.present.forgetHours();
    this.favourites.refresh();
    this.plots.reload();
  }

  tick() {
    // Nobody sees it; what was missed is asked for when somebody does.
    if (!this.isStarted || this.isOver || document.hidden) return;
    const time = now();
    const minute = isPast() ? null : Math.floor(time / 60);
    if (minute && this.minute && minute !== this.minute) this.tree.sparklines.prolong(this.statistics.all.values(), time, this.isConnected);
    this.minute = minute;
    this.tree.refresh();
    this.strip.refresh();
    this.processes.refresh();
    this.unusual.tick();
    this.plots.tick();
  }
}

function pulse() {
  if (isPast()) return;
  const dot = $('#live .dot');
  if (pulse.isOff) return;
  pulse.isOff = true;
  dot.classList.add('beat');
  setTimeout(() => { dot.classList.remove('beat'); pulse.isOff = false; }, 400);
}

/** Says how the page is connected; the seconds that pass are not read out. */
function showConnection(page, state) {
  const { text, isLive } = connectionWords(state, Date.now() / 1000, page.zone);
  put($('#live span'), isLive && isPast() ? 'Looking back' : text);
  put($('#connection'), text.replace(/^Last update .*/, 'The server does not answer'));
  document.body.classList.toggle('disconnected', !isLive);
  const wasLive = page.isConnected;
  page.isConnected = isLive && state.heardAt != null;
  if (page.isConnected && wasLive === false && page.wasConnected) page.back();
  page.wasConnected ||= page.isConnected;
}

/** The session has ended: nothing is asked any more, and what is shown stays. */
function showSignedOut(page, stream) {
  stream.end();
  page.isOver = true;
  showConnection(page, { isSignedOut: true });
  const link = $('#live a');
  link.hidden = false;
  link.addEventListener('click', rememberPlace);
}

/** Signing in leads back to where one was. */
function rememberPlace() {
  try { sessionStorage.setItem('back', location.href.slice(location.origin.length)); } catch { /* It leads to the first page, then. */ }
}

/** Whoever is signed in is not in the team any more: nothing of it is asked any more, and nothing of it stays. */
function showRemoved(page, stream) {
  stream.end();
  page.isOver = true;
  showConnection(page, { isRemoved: true });
  document.body.classList.remove('started');
  $('.switcher')?.remove();
  showRefusal(`You are not in the team of ${shownUser} any more.`);
}

/** Says why there is nothing to see, and where there is something. */
function showRefusal(reason) {
  const way = shownUser ? h('a', { href: '/' }, 'Show my own statistics') : h('a', { href: '/account' }, 'Sign in with another account');
  $('#start').replaceChildren(h('h1', {}, reason), h('p', {}, way));
  $('#start').hidden = false;
}

function openPanel(name) {
  document.body.dataset.panel = name;
  for (const button of document.querySelectorAll('#panels button')) {
    button.setAttribute('aria-pressed', button.dataset.panel === name);
  }
}

const help = () => import('./help.js').then(({ showHelp }) => showHelp(), () => notify('The help could not be loaded.', true));

function listenToKeys(page) {
  document.addEventListener('keydown', event => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest('dialog')) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (page.firing.isOpen && event.key !== '?') return;
    if (page.boarding.isOpen && !['?', 'a', 'b', 'e'].includes(event.key)) return;
    if (event.key === '/') {
      openPanel('statistics');
      $('#search').focus();
      $('#search').select();
    } else if (event.key === '?') {
      help();
    } else if (event.key === 'a') {
      page.firing.link.click();
    } else if (event.key === 'b') {
      page.boarding.link.click();
    } else if (event.key === 'e') {
      page.exploring.link.click();
    } else if (event.key === 't' && !page.exploring.isOpen) {
      page.openTravel();
    } else if (isPast() && page.travel.key(event.key)) {
      // It has been done.
    } else if (event.key === 'f') {
      const plot = page.plots.plots.find(plot => plot.element.contains(target));
      const stat = plot?.stat ?? page.tree.active?.stat;
      if (stat) page.favour(stat);
    } else if (event.key === 'Escape') {
      page.plots.point(null);
      if ($('#search').value) { $('#search').value = ''; page.tree.search(''); }
    } else {
      return;
    }
    event.preventDefault();
  });
  $('#help-open').addEventListener('click', help);
  // The address says what is shown, and not where the focus is.
  $('.skip').addEventListener('click', event => {
    event.preventDefault();
    if (page.firing.isOpen) return ($('#alerts h1') ?? $('#alerts')).focus();
    if (page.boarding.isOpen) return ($('#boards h1') ?? $('#boards')).focus();
    if (page.exploring.isOpen) return $('#explore').focus();
    openPanel('watch');
    $('#watch').focus();
  });
  for (const button of document.querySelectorAll('#panels button')) {
    button.addEventListener('click', () => {
      const { panel } = button.dataset;
      if (panel === 'alerts') location.hash = 'alerts';
      else if (panel === 'boards') location.hash = 'boards';
      else if (page.boarding.isOpen && panel === 'explore') page.exploring.link.click();
      else if (page.boarding.isOpen && !page.firing.isOpen) page.boarding.leave(panel);
      else if (panel === 'explore') page.exploring.isOpen ? openPanel(panel) : page.exploring.link.click();
      else if (page.exploring.isOpen && !page.firing.isOpen && panel === 'watch') page.exploring.leave(panel);
      else if (page.firing.isOpen) page.firing.leave(panel);
      else openPanel(panel);
    });
  }
}

function showSession(session, page) {
  page.isReadOnly = session.readOnly;
  page.role = session.role;
  document.body.classList.toggle('looking', session.readOnly);
  const isMember = session.teams?.length > 0;
  // Where there is more to choose from, one's own is among it.
  const places = [...(isMember ? [] : [['', 'Mine', '/']]), ['/server', 'Server', '/server']];
  if (base === '/demo') {
    const place = h('span.place', {}, 'Demo', h('span', {}, ', for looking only'));
    $('#places').append(place, h('a', { href: '/account' }, 'Sign in'));
  } else if (session.isAdmin) {
    $('#places').append(...places.map(([at, name, href]) => h('a', { href, 'aria-current': at === base ? 'page' : null }, name)));
  }
  if (base !== '/demo') $('#places').append(h('a', { href: addressOf('/account') }, 'Account'));
  if (isMember) import('./switcher.js').then(({ switcher }) => $('#places').prepend(switcher(session)), () => {});
  document.title = { '': shownUser ? `${shownUser} – DaTtSs` : 'DaTtSs', '/demo': 'Demo – DaTtSs', '/server': 'The server itself – DaTtSs' }[base];
}

async function open() {
  let session;
  try {
    session = await openSession();
  } catch (error) {
    if (error.status === 401) {
      if (shownUser) rememberPlace();
      session = base === '' && !shownUser && await import('./landing.js').then(({ showLanding }) => showLanding()).catch(() => null);
      return session ? look(session, true) : location.replace('/account');
    }
    const reason = error.status === 403 && shownUser ? `You are not in the team of ${shownUser}.`
      : error.status === 403 ? 'Only an administrator sees this page.'
      : error.status === 404 ? 'This server shows no demo.' : `This page cannot be shown: ${error.message}.`;
    showRefusal(reason);
    $('#live').hidden = true;
    return;
  }
  await look(session);
}

/** Shows the statistics of a session; to a visitor those of the demo. */
async function look(session, isVisitor = false) {
  setLocale(navigator.languages);
  const page = new Page();
  showSession(session, page);
  if (isVisitor) document.title = 'DaTtSs';
  page.tree = new Tree(page);
  page.strip = new Now(page);
  page.plots = new Plots(page, page.view);
  page.processes = new Processes(page);
  page.unusual = new Unusual(page);
  listenToKeys(page);
  openPanel('watch');
  page.firing = new Firing(page, openPanel);
  page.exploring = new Exploring(page, openPanel);
  page.boarding = new Boarding(page, openPanel);
  addEventListener('popstate', () => page.follow());
  await Promise.all([
    page.favourites.load(session.readOnly).catch(error => notify(`The favourites were not loaded: ${error.message}`, true)),
    loadUnits().catch(error => notify(`The units were not loaded: ${error.message}`, true)),
    // Otherwise it would push down what is there; but nothing waits long for it.
    Promise.race([page.unusual.tick(), new Promise(resolve => setTimeout(resolve, UNUSUAL_WAIT_MS))]),
  ]);
  if (!page.firing.isOpen && !page.boarding.isOpen && !page.exploring.isOpen) await page.goTo(page.view.at);
  if (base === '/server') (await import('./rewritten.js')).showRewrittenNames();
  let isTold = false;
  let askedAbout = null;
  const stream = listen({
    onStatus: text => {
      page.take(text);
      if (!isTold && !page.isStarted) showEmpty(session, page);
      isTold = true;
    },
    onProcesses: processes => {
      page.processes.show(processes);
      page.plots.showRestarts();
    },
    onState: state => {
      if (page.isOver) return;
      showConnection(page, state);
      // The session may have ended: then the answer says so.
      if (state.since && state.since !== askedAbout) ask('session').catch(() => {});
      askedAbout = state.since;
    },
  });
  onRemoved(() => page.isOver || showRemoved(page, stream));
  onSignedOut(() => page.isOver || showSignedOut(page, stream));
  // What was changed on another machine is there when somebody looks again.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || page.isOver) return;
    page.favourites.refresh();
    loadUnits().then(() => page.plots.refresh(), () => {});
  });
  setInterval(() => page.tick(), 1000);
}

async function showEmpty(session, page) {
  if (await import('./silent.js').then(({ showSilent }) => showSilent(page, session)).catch(() => false)) return;
  if (session.key) return (await import('./start.js')).showStart(session);
  $('#start').replaceChildren(h('h1', {}, 'Nothing has been recorded here yet.'));
  $('#start').hidden = false;
}

open();
