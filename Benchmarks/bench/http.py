"""Bodies over HTTP, against a bare handler of NIO and nginx."""

import os

from .load import load, was_limit
from .receivers import Floor, Nginx, Server
from .report import at_most, keep, line, rate, row, table
from .runs import RUNS, by_turns, median

# Those of the table: so that it can be made in pieces on a machine that others use, too.
CONNECTIONS = [int(count) for count in os.environ.get("DATTSS_BENCH_CONNECTIONS", "1,4,16,64").split(",")]


def http_server(*options, seconds=3, warm=1):
    """Partials a second, CPU microseconds of the server a partial, whether the load was the limit, and the result."""
    with Server() as server:
        server.load("--seconds", warm, *options)
        result = server.load("--seconds", seconds, *options)
        partials = result["streams"][0]["acknowledged"]["items"]
        return partials / seconds, result["server"]["cpuSeconds"] / partials * 1e6, was_limit(result, seconds), result


def http_floor(make, *options, seconds=2):
    """The same of another receiver, without the result."""
    with make() as floor:
        load("--http", floor.address, "--blind", "--seconds", 0.5, *options)
        before = floor.cpu_seconds()
        result = load("--http", floor.address, "--blind", "--seconds", seconds, *options)
        partials = result["streams"][0]["acknowledged"]["items"]
        return partials / seconds, (floor.cpu_seconds() - before) / partials * 1e6, was_limit(result, seconds)


def http():
    Nginx.install()
    receivers = {"a NIO handler": lambda: Floor("http"), "nginx": Nginx}
    for partials, what in ((50, "partials/s"), (1, "requests/s")):
        columns = [f"{name}: {figure}" for name in receivers for figure in (what, "CPU µs")]
        table(f"HTTP, {partials} a body, 1,000 paths, written ahead", ["connections", what, "CPU µs a partial", *columns,
              *(f"rate against {name}" for name in receivers)])
        for connections in CONNECTIONS:
            options = ["--partials", partials, "--connections", connections]
            server, *floors = by_turns(
                lambda: http_server(*options)[:3], *(lambda make=make: http_floor(make, *options) for make in receivers.values()))
            keep(f"HTTP, {partials} a body, {connections} connections: rate", floors[0][0] / server[0])
            keep(f"HTTP, {partials} a body, {connections} connections: CPU", server[1] / floors[0][1])
            cells = [cell for reached, cpu, limited in (server, *floors) for cell in (rate(reached, limited), f"{cpu:.2f}")]
            line(str(connections), *cells, *(f"{server[0] / floor[0]:.2f}" for floor in floors))


def sketches():
    options = ["--partials", 50, "--connections", 16]
    with_sketches, without = by_turns(
        lambda: http_server(*options, "--sketch", 100)[:2], lambda: http_server(*options)[:2])
    table("HTTP, 50 a body, 16 connections", ["figure", "with", "without", "ratio"])
    row("sketches of 100 samples in every timer: partials/s", with_sketches[0], without[0], "HTTP, with sketches: rate", 0,
        inverted=True)


def latency():
    options = ["--partials", 50, "--connections", 16]
    best = median(http_server(*options)[0] for _ in range(RUNS))
    runs = [http_server("--partials", 50, "--connections", 32, "--rate", int(best / 2), seconds=6)[3]["streams"][0]["latency"]
            for _ in range(RUNS)]
    table(f"Acknowledgement at half the highest rate, {best / 2:,.0f} partials/s, ms", ["p50", "p90", "p99", "p99.9", "max"])
    line(*(f"{median(run[part] for run in runs):.2f}" for part in ("p50", "p90", "p99", "p999", "max")))


# By how much the 99.9th percentile may be worse there.
EDGE_MILLISECONDS = float(os.environ.get("DATTSS_BENCH_EDGE_MILLISECONDS", "10"))


def edges(timers=20_000, rate=20_000, seconds=200, limit=EDGE_MILLISECONDS):
    """Acknowledgements in the first five seconds of a minute, in which the one before is closed, against the others."""
    with Server("--max-statistics", str(2 * timers)) as server:
        result = server.load("--mix", "ms=1", "--sketch", 10, "--paths", timers, "--partials", 50, "--connections", 32,
                             "--rate", rate, "--seconds", seconds)["streams"][0]
    at, between = result["edgeLatency"], result["calmLatency"]
    table(f"Minutes of {timers:,} timers with sketches, {rate:,} partials/s: acknowledgement, ms",
          ["", "p50", "p99", "p99.9", "max"])
    for name, figures in (("a minute's first five seconds", at), ("between", between)):
        line(name, *(f"{figures[part]:.2f}" for part in ("p50", "p99", "p999", "max")))
    line("difference of p99.9", "", "", at_most("p99.9 at a minute's edge", at["p999"] - between["p999"], limit, "ms"), "")


def users():
    table("Users at the same total rate: 20,000 partials/s, 20 a body", ["users", "CPU µs a partial", "against 10 users"])
    first = None
    for count in (10, 100, 1000, 10_000):
        # The same number of statistics in all, as far as a user has at least one.
        cost = median(
            # Warmed up until each of them has sent something: what is measured is traffic, not the first sight of a user.
            http_server("--partials", 20, "--connections", 32, "--rate", 20_000, "--users", count,
                        "--paths", max(1, 10_000 // count), warm=1 + count / 1000)[1] for _ in range(RUNS))
        first = first or cost
        line(f"{count:,}", f"{cost:.2f}", f"{keep(f'{count:,} users against 10: CPU', cost / first):.2f}")
