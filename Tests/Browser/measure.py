#!/usr/bin/python3
"""Measures the dashboard in headless Chromium, and prints a Markdown table: `scripts/bench dashboard`.

First paint: with 1,000 live statistics and an empty cache, from navigation to the frame that first shows the list and its
numbers. Update: main-thread time of a live update of 1,000 changed statistics, which is the handler from the event's text on
(the page's own measure `live`), and the style and layout after it (Chromium's counters). Weight: bytes that a first visit
transfers, packed with gzip as the server sends them. Frames: main-thread time of the page's own script, style and layout in each frame in
which a list of 20,000 statistics is scrolled, and in which a plot of Explore over a year of hours is moved by a mouse.
"""

import os
import statistics
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if __name__ == "__main__":
    os.environ.setdefault("DATTSS_BINARY", os.path.join(ROOT, ".build/release/dattss"))

from page import Page  # noqa: E402
from server import Server, until  # noqa: E402

STATISTICS = 1000
MANY = 20_000
FRAMES = 120
FRAME_MILLISECONDS = 16
YEAR = 366 * 86400
RUNS = int(os.environ.get("DATTSS_BENCH_RUNS", "5"))
UPDATES = 10
PAINT_MILLISECONDS, UPDATE_MILLISECONDS, OWN_BYTES, ALL_BYTES = 1000, 8, 120_000, 300_000


def send(server, round):
    """Changes every statistic, in one batch: a third of each kind."""
    kinds = ("c", "ms", "g")
    server.send(*((kinds[i % 3], f"fleet.host{i // 20}.part{i % 20}", 1 + (i + round) % 97) for i in range(STATISTICS)))


def first_paint(page):
    """Milliseconds from navigation to the frame after the list was filled; the browser's cache is empty."""
    page.cdp("Network.enable")
    page.cdp("Network.clearBrowserCache")
    page.open("/")
    page.dashboard()
    until(lambda: page.js("return performance.getEntriesByName('shown').length"), 30, "the list")
    return (page.js("return performance.getEntriesByName('first-contentful-paint')[0].startTime"),
            page.js("return performance.getEntriesByName('shown')[0].startTime"))


def update_times(server, page):
    """Of each update of all statistics: milliseconds of the handler, and of style and layout after it."""
    page.cdp("Performance.enable")

    def laying_out():
        metrics = {metric["name"]: metric["value"] for metric in page.cdp("Performance.getMetrics")["metrics"]}
        return 1000 * (metrics["LayoutDuration"] + metrics["RecalcStyleDuration"])

    handlers, layouts = [], []
    for round in range(UPDATES):
        count = page.js("return performance.getEntriesByName('live', 'measure').length")
        before = laying_out()
        send(server, round)
        until(lambda: page.js("return performance.getEntriesByName('live', 'measure').length") > count)
        page.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => setTimeout(done))")
        layouts.append(laying_out() - before)
        durations = page.js("return performance.getEntriesByName('live', 'measure').map(({ duration }) => duration)")
        handlers.append(max(durations[count:]))
        # Waits: updates come a second apart, and the next one is to be one of its own.
        time.sleep(1.1)
    return handlers, layouts


def weight(page):
    sizes = page.js("""return [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
        .filter(({ name }) => !name.includes('/api/')).map(({ name, encodedBodySize }) => [name, encodedBodySize])""")
    return sum(size for name, size in sizes if "dygraph" not in name), sum(size for _, size in sizes)


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


# One frame after the other, what `step(number)` takes with the style and layout after it.
EACH_FRAME = """
    const done = arguments[arguments.length - 1];
    const times = [];
    const frame = number => requestAnimationFrame(() => {
      const began = performance.now();
      step(number);
      document.body.getBoundingClientRect();
      times.push(performance.now() - began);
      number + 1 < arguments[0] ? frame(number + 1) : done(times);
    });
    frame(0);"""


def scroll_frames(page):
    """Milliseconds of each frame in which the list is scrolled, four rows a frame; everything on it is found, so that all of it is shown."""
    page.js("const search = document.querySelector('#search'); search.value = 'fleet'; search.dispatchEvent(new InputEvent('input'))")
    until(lambda: "of" in page.text("#found"), 30, "what is found")
    return page.driver.execute_async_script("""
        const tree = document.querySelector('#tree');
        const step = () => { tree.scrollTop += 176; tree.dispatchEvent(new Event('scroll')); };""" + EACH_FRAME, FRAMES)


def pan_frames(page, statistic):
    """Milliseconds of each frame in which a plot over a year, in steps of six hours, is moved by a mouse with the shift key."""
    page.open(f"/#explore?v=1&q={statistic}&range=365d&tz=UTC&step=360").dashboard()
    # (So many points are as many as a plot draws.)
    until(lambda: page.js("return document.querySelector('.xplot')?.explore.data?.lines.length"), 60, "the plot")
    times = page.driver.execute_async_script("""
        const chart = document.querySelector('.xchart');
        const { left, top, width } = chart.getBoundingClientRect();
        const send = (type, x) => chart.dispatchEvent(new PointerEvent(type, {
          bubbles: true, clientX: left + x, clientY: top + 90, button: 0, pointerId: 1, pointerType: 'mouse', shiftKey: true }));
        chart.setPointerCapture = () => {};
        const step = number => send(number ? 'pointermove' : 'pointerdown', 200 + number);""" + EACH_FRAME, FRAMES)
    page.js("""
        const chart = document.querySelector('.xchart');
        chart.dispatchEvent(new PointerEvent('pointerup', { bubbles: true, clientX: chart.getBoundingClientRect().left + 320, button: 0, pointerId: 1, pointerType: 'mouse' }))""")
    until(lambda: "from=" in page.driver.current_url and not page.all(".xplot[aria-busy]"), 30, "the part that it was moved to")
    return times


def send_many(server):
    """So many statistics as a user may have, in one batch."""
    server.send(*(("c", f"fleet.region{i % 10}.host{i // 10 % 200}.disk{i // 2000}.reads", 1) for i in range(MANY - STATISTICS - 1)))


def main():
    server = Server("--max-partials", str(MANY), "--max-body-bytes", str(64 << 20))
    try:
        now = int(time.time()) // 3600 * 3600
        server.load([(at, "g", "year.load", 10 + at // 3600 % 24) for at in range(now - YEAR, now, 3600)])
        server.start()
        send(server, 0)
        page = Page(server, "Europe/Paris")
        try:
            page.sign_in()
            paints = [first_paint(page) for _ in range(RUNS)]
            own, everything = weight(page)
            handlers, layouts = update_times(server, page)
            moved = pan_frames(page, "g:year.load")
            send_many(server)
            page.open("/#show=").dashboard()
            scrolled = scroll_frames(page)
        finally:
            page.close()
    finally:
        server.discard()
    update = [handler + layout for handler, layout in zip(handlers, layouts)]
    rows = [
        ("first contentful paint", f"{statistics.median(first for first, _ in paints):.0f} ms", ""),
        (f"list of {STATISTICS:,} statistics painted", f"{statistics.median(shown for _, shown in paints):.0f} ms",
         f"≤ {PAINT_MILLISECONDS} ms"),
        (f"update of {STATISTICS:,} statistics: handler", f"{statistics.median(handlers):.1f} ms", ""),
        ("… with style and layout", f"{statistics.median(update):.1f} ms", f"≤ {UPDATE_MILLISECONDS} ms"),
        ("page weight, our own", f"{own / 1000:.1f} KB", f"≤ {OWN_BYTES // 1000} KB"),
        ("page weight, with dygraphs", f"{everything / 1000:.1f} KB", f"≤ {ALL_BYTES // 1000} KB"),
    ]
    for what, frames in ((f"list of {MANY:,} scrolled, a frame", scrolled), ("a year of hours moved, a frame", moved)):
        rows.append((what, f"{statistics.median(frames):.2f} ms, 95 % within {percentile(frames, 95):.2f} ms", f"≤ {FRAME_MILLISECONDS} ms"))
    print("| dashboard | measured | promised |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
