"""Lines over UDP, against a bare loop in C."""

import json
import time

from .load import load, udp_options
from .receivers import Floor, Server
from .report import keep, line, rate, row, table
from .runs import by_turns, highest


def warmed_up(paths):
    """Every path once, when there are many: what is measured is traffic, not the first sight of its names."""
    return udp_options(20, paths, paths, 1.5) if paths > 1000 else None


def udp_server(samples, rate, paths, seconds):
    """Samples sent a second, the share that was lost, and CPU seconds of the receiver a million."""
    with Server("--max-statistics", str(max(20_000, 2 * paths))) as server:
        if warm := warmed_up(paths):
            server.load(*warm)
        result = server.load(*udp_options(samples, rate, paths, seconds))
        sent, taken = result["streams"][0]["sent"]["samples"], result["server"]["udpSamples"]
        return sent / seconds, 1 - taken / sent, result["server"]["cpuSeconds"] / max(1, taken) * 1e6


def udp_floor(samples, rate, paths, seconds):
    """The same of the C loop."""
    with Floor("udp") as floor:
        sent = 0
        if warm := warmed_up(paths):
            sent = load("--udp", floor.address, "--blind", *warm)["streams"][0]["sent"]["samples"]
            time.sleep(0.3)
        warmed, before = sent, floor.cpu_seconds()
        sent += load("--udp", floor.address, "--blind", *udp_options(samples, rate, paths, seconds))["streams"][0]["sent"]["samples"]
        time.sleep(0.3)
        cpu = floor.cpu_seconds() - before
        counts = json.loads(floor.stop())
        if counts["badLines"]:
            raise SystemExit(f"the floor does not read what is sent: {counts}")
        return (sent - warmed) / seconds, 1 - counts["samples"] / sent, cpu / max(1, counts["samples"] - warmed) * 1e6


def udp_cost(samples, rate, paths, name):
    server, floor = by_turns(lambda: udp_server(samples, rate, paths, 3), lambda: udp_floor(samples, rate, paths, 3))
    row(f"{name}: CPU s a million samples, at {rate:,}/s", server[2], floor[2], f"{name}: CPU", 2)
    if server[1] or floor[1]:
        line("… of which were lost", f"{server[1]:.2%}", f"{floor[1]:.2%}", "")
    return server[2]


def udp():
    table("UDP, 1,000 paths", ["figure", "server", "C loop", "ratio"])
    for samples, rate in ((20, 1_000_000), (1, 100_000)):
        udp_cost(samples, rate, 1000, f"UDP, {samples} a datagram")


def rates():
    table("UDP, 1,000 paths: highest rate without loss, samples/s; CPU s a million at that rate",
          ["figure", "server", "C loop", "ratio", "server: CPU", "C loop: CPU"])
    for samples in (20, 1):
        server, floor = (highest(measure, samples, 1000) for measure in (udp_server, udp_floor))
        # Less is worse here: kept the other way round, so that larger is always worse.
        keep(f"UDP, {samples} a datagram: rate", floor[0] / max(1, server[0]))
        line(f"{samples} a datagram", rate(*server[:2]), rate(*floor[:2]), f"{server[0] / max(1, floor[0]):.2f}",
             f"{server[2]:.2f}", f"{floor[2]:.2f}")


def paths():
    table("UDP, 20 a datagram", ["figure", "server", "C loop", "ratio"])
    few = udp_cost(20, 500_000, 1000, "UDP, 1,000 paths")
    many = udp_cost(20, 500_000, 100_000, "UDP, 100,000 paths")
    row("100,000 paths against 1,000", many, few, "UDP, 100,000 paths against 1,000: CPU", 2)
