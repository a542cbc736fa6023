"""Nanoseconds a call, with all that it causes later; the best of many runs, in this thread's own time. And what a live path costs in memory."""

import time
import tracemalloc

from dattss import Dattss
from dattss._recorder import Recorder

CALLS = 40_000
client = Dattss(auth="none", push_period=3600, exit_timeout=0)
paths = [f"routes.get_{i}" for i in range(100)]
texts = [f"{i * 7919 % 10007}.{i % 10}ms" for i in range(20_000)]


def best(call) -> int:
    least = float("inf")
    for _ in range(40):
        client._recorder.flush(True)
        start = time.thread_time()
        for i in range(CALLS):
            call(i)
        client._recorder.flush(True)
        least = min(least, time.thread_time() - start)
    return round(least / CALLS * 1e9)


# The loop and the work on its arguments are none of ours.
floor = best(lambda i: paths[i % 100])
for what, call in [
    ("agg(path, '1c')", lambda i: client.agg(paths[i % 100], "1c")),
    ("agg(path, text), 20,000 texts", lambda i: client.agg(paths[i % 100], texts[i % 20_000])),
    ("time(path, number)", lambda i: client.time(paths[i % 100], 1 + i % 1000)),
    ("count(path)", lambda i: client.count(paths[i % 100])),
]:
    print(f"{what:34} {best(call) - floor} ns")

for samples in (1, 64, 1000):
    tracemalloc.start()
    recorder = Recorder(0.1)
    for n in range(500):
        for i in range(samples):
            recorder.add("ms", f"p{n}", 1.0 + i * 7919 % 1009)
    print(f"memory a path, {samples:5} samples       {tracemalloc.get_traced_memory()[0] // 500} bytes")
    tracemalloc.stop()
