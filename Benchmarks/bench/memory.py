"""What a live statistic takes."""

import json
import os
import shutil
import subprocess
import tempfile

from .programs import beside
from .receivers import Server
from .report import line, table
from .runs import RUNS, median


def memory():
    """What a live statistic keeps, counted in front of malloc; and what the whole server grows by."""
    table("Bytes in use of a live statistic", ["statistic", "bytes"])
    folder = tempfile.mkdtemp()
    try:
        figures = json.loads(subprocess.run(
            [beside("HotPath"), folder, "20000"], check=True, capture_output=True, text=True,
            env={**os.environ, "LD_PRELOAD": beside("libAllocationCount.so")}).stdout)
    finally:
        shutil.rmtree(folder)
    for name, size in figures["bytes"].items():
        line(name, f"{size:,.0f}")
    table("Resident bytes of the server, a statistic more", ["kind", "bytes"])
    for kind, name in (("c", "counter"), ("g", "gauge"), ("ms", "timer without sketch")):
        line(name, f"{median(memory_of(kind) for _ in range(RUNS)):,.0f}")


def memory_of(kind, count=100_000):
    """What the second hundred thousand adds."""
    with Server("--max-statistics", str(2 * count)) as server:
        def send(paths):
            # Every path once: a pass over them in two seconds.
            server.load("--partials", 1000, "--connections", 4, "--mix", f"{kind}=1", "--paths", paths,
                        "--rate", paths // 2, "--seconds", 2.05)
            server.get("/api/v1/series/c/none")
            return server.resident_bytes()

        before = send(count)
        return (send(2 * count) - before) / count
