"""Measures the release build on this machine, over real sockets, and prints Markdown tables.

    scripts/bench                  all of it: three quarters of an hour after the build, most of it for the log
    scripts/bench http udp         some of it: udp, rates, paths, http, sketches, otlp, latency, edges, users, stages,
                                   cores, syscalls, memory, live, start, queries, log, dashboard
    scripts/bench log --quick      the log alone; what follows 'log' goes to `dattss-bench log`
    scripts/bench --compare        says which ratio got worse than in Fixtures/bench/baseline.json, and exits with 1 then
    scripts/bench --save           writes the ratios into that file
    scripts/bench edges            exits with 1 when acknowledgements at a minute's end take more than 10 ms longer (p99.9;
                                   DATTSS_BENCH_EDGE_MILLISECONDS=10)

The server is pinned to one core and the load to another (`dattss-bench load`, whose books have to balance in every run). The load is
drawn from a seed: log-normal timers, uniform counters and gauges, half of the timers and gauges with decimals, statistics in
another order each time, 400 different bodies, each with a number of its own. Rates vary with what else the machine does, CPU
seconds less, and ratios to a floor measured in the same run least: a bare C loop for UDP, a bare NIO handler and nginx for
HTTP (`dattss-bench floor`). Floor and server take turns. Only ratios are kept. Each figure is the median of several runs
(DATTSS_BENCH_RUNS=3). A rate behind ≥ was that of the load, which had no time left.
"""

import datetime
import os
from dataclasses import dataclass, field

from . import baseline, elsewhere, http, live, memory, otlp, process, programs, report, stages, start, udp
from .runs import RUNS

# By name, in the order in which all of them run. The log comes first, while nothing else has run.
PARTS = {
    "log": elsewhere.log, "udp": udp.udp, "rates": udp.rates, "paths": udp.paths, "http": http.http, "sketches": http.sketches,
    "otlp": otlp.otlp, "latency": http.latency, "edges": http.edges, "users": http.users, "stages": stages.stages,
    "cores": stages.cores, "syscalls": stages.syscalls,
    "memory": memory.memory, "live": live.live, "start": start.start, "queries": elsewhere.queries, "dashboard": elsewhere.dashboard,
}


@dataclass
class Request:
    """What the command line asks for."""
    parts: list
    log_options: list = field(default_factory=list)
    compares: bool = False
    saves: bool = False

    @staticmethod
    def read(arguments):
        log_options = []
        if "log" in arguments:
            split = arguments.index("log") + 1
            arguments, log_options = arguments[:split], arguments[split:]
        options = [argument for argument in arguments if argument.startswith("-")]
        parts = [argument for argument in arguments if not argument.startswith("-")]
        if "--help" in options or "-h" in options:
            print(__doc__)
            raise SystemExit(0)
        unknown = [part for part in parts if part not in PARTS]
        unknown += [option for option in options if option not in ("--compare", "--save")]
        if unknown:
            raise SystemExit(f"unknown: {' '.join(unknown)}\n\n{__doc__}")
        return Request(sorted(parts, key=lambda part: part != "log") or list(PARTS), log_options, "--compare" in options,
                       "--save" in options)


def main(arguments):
    request = Request.read(arguments)
    programs.build("dattss-bench", "AllocationCount", "HotPath", *(["QueryBench"] if "queries" in request.parts else []))
    print(f"{os.cpu_count()} cores, {datetime.date.today()}, {process.where()}, medians of {RUNS} runs", flush=True)
    for part in request.parts:
        PARTS[part](*(request.log_options if part == "log" else []))
    if request.saves:
        baseline.save()
    is_worse = request.compares and not baseline.compare()
    for sentence in report.exceeded:
        print(f"beyond its limit: {sentence}", flush=True)
    if is_worse or report.exceeded:
        raise SystemExit(1)
