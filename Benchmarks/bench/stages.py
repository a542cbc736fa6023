"""The stages by themselves, and the system calls of all of them together."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from . import process
from .load import udp_options
from .programs import beside
from .receivers import Server
from .report import keep, line, table


def stages():
    environment = dict(os.environ)
    counter = beside("libAllocationCount.so")
    if os.path.exists(counter):
        environment["LD_PRELOAD"] = counter
    figures = json.loads(subprocess.run(
        process.pinned(process.SERVER_CORE, [beside("dattss-bench"), "stages", "--json"]), check=True, capture_output=True,
        text=True, env=environment).stdout)
    table("Stages", ["stage", "ns an item", "floor, ns", "ratio", "allocations an item", "bytes"])
    for figure in figures:
        keep(f"stage: {figure['stage']}", figure["ratio"])
        line(*stage_cells(figure))


def stage_cells(figure):
    """A row; without allocations when nothing counted them."""
    has_counted = figure["allocations"] is not None
    return [figure["stage"], f"{figure['nanoseconds']:.1f}", f"{figure['floorNanoseconds']:.2f}", f"{figure['ratio']:.2f}",
            *([f"{figure['allocations']:.2f}", f"{figure['allocatedBytes']:.1f}"] if has_counted else ["–", "–"])]


def cores():
    """Datagrams from memory into collectors that share nothing: what more UDP sockets and cores are worth."""
    figures = json.loads(subprocess.run(
        [beside("dattss-bench"), "cores", "--json"], check=True, capture_output=True, text=True).stdout)
    table("Datagrams of 20 samples from memory, 1,000 paths", ["threads", "samples/s", "against one", "CPU ns a sample"])
    for figure in figures:
        if figure["threads"] > 1:
            keep(f"{figure['threads']} collectors against one: rate", 1 / figure["ratio"])
        line(str(figure["threads"]), f"{figure['rate']:,.0f}", f"{figure['ratio']:.2f}", f"{figure['nanoseconds']:.1f}")


def syscalls():
    if not shutil.which("strace"):
        print("\n(System calls are not counted: there is no strace.)")
        return
    table("System calls of the server", ["load", "calls", "the most frequent"])
    for name, per, options in (
        ("thousand datagrams of 20 samples", 1000, udp_options(20, 200_000, 1000, 2)),
        ("thousand datagrams of 1 sample", 1000, udp_options(1, 20_000, 1000, 2)),
        ("request of 50 partials", 1, ["--partials", 50, "--rate", 20_000, "--seconds", 2]),
    ):
        bundles, calls = traced(options)
        most = sorted(calls, key=calls.get, reverse=True)[:4]
        line(f"a {name}", f"{sum(calls.values()) / bundles * per:.1f}",
             ", ".join(f"{call} {calls[call] / bundles * per:.1f}" for call in most))


def traced(options):
    """Datagrams or requests that were sent, and the server's system calls by name meanwhile."""
    with Server() as server, tempfile.NamedTemporaryFile("r") as summary:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", summary.name, "-p", str(server.process.pid)],
                                  stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        bundles = server.load(*options)["streams"][0]["sent"]["bundles"]
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        with open(summary.name) as text:
            return bundles, process.system_calls(text.read())
