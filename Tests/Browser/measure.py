#!/usr/bin/python3
"""Measures the dashboard in headless Chromium, and prints a Markdown table: `scripts/bench dashboard`.

First paint: with 1,000 live statistics and an empty cache, from navigation to the frame that first shows the list and its
numbers. Update: main-thread time of a live update of 1,000 changed statistics, which is the handler from the event's text on
(the page's own measure `live`), and the style and layout after it (Chromium's counters). Weight: bytes that a first visit
transfers.
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


def main():
    server = Server()
    try:
        server.start()
        send(server, 0)
        page = Page(server, "Europe/Paris")
        try:
            page.sign_in()
            paints = [first_paint(page) for _ in range(RUNS)]
            own, everything = weight(page)
            handlers, layouts = update_times(server, page)
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
    print("| dashboard | measured | promised |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
