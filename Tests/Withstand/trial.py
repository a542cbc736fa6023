"""One attack: honest traffic alone, beside it, and the end of the server in the middle of it."""

import dataclasses
import json
import os
import signal
import subprocess
import time

from Withstand.honest import FORK, Honest, PATHS, quantile
from Withstand.scene import Scene


@dataclasses.dataclass
class Outcome:
    """Times in milliseconds, of honest acknowledgements, but where another unit is named."""

    attack: str
    alone: tuple
    beside: tuple
    slowest: float
    lost: int
    tries: int
    batches: int
    memory_bytes: int
    exit_seconds: float
    exit_code: int

    @property
    def ratio(self):
        return self.beside[1] / self.alone[1]


def assail(part, ended, core):
    # Whoever attacks does not take the processor from whoever measures, not even until the end of a slice of time.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if core is not None:
        os.sched_setaffinity(0, {core})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        part(ended)
    finally:
        os._exit(0)


def trial(attack, alone_seconds, beside_seconds, history_days=8):
    scene = Scene(history_days if attack.history else 0)
    processes, ended = [], FORK.Event()
    try:
        attack.prepare(scene)
        parts = attack.parts(scene)
        honest = Honest(scene.port, scene.honest_key, scene.load_core)
        # Waits: the first batches meet new connections and new names.
        time.sleep(0.5)
        began = time.monotonic()
        # Waits: this is what is measured.
        time.sleep(alone_seconds)
        attacked = time.monotonic()
        for part in parts:
            processes.append(FORK.Process(target=assail, args=(part, ended, scene.load_core), daemon=True))
            processes[-1].start()
        memory_bytes = 0
        while time.monotonic() < attacked + beside_seconds:
            memory_bytes = max(memory_bytes, scene.resident_bytes())
            # Waits: so are these seconds.
            time.sleep(0.1)
        times, tries, batches = honest.finish()
        exit_seconds = end(scene.server.process)
        ended.set()
        counted = recovered(scene)
        alone = [took for due, took in times if began <= due < attacked]
        beside = [took for due, took in times if due >= attacked]
        return Outcome(
            attack.name, (quantile(alone, 0.5), quantile(alone, 0.99)), (quantile(beside, 0.5), quantile(beside, 0.99)),
            1000 * max(beside, default=float("nan")), sum(missing(count, batches) for count in counted), tries, batches,
            memory_bytes, *exit_seconds)
    finally:
        ended.set()
        for process in processes:
            process.kill()
            process.join()
        if scene.server.process.poll() is None:
            scene.server.discard()
        else:
            scene.server.process.stdout.close()


def missing(count, batches):
    """What was acknowledged, and not counted, or counted twice. (The last batch may have been counted without an answer.)"""
    return max(0, batches - count, count - batches - 1)


def end(process):
    """How long SIGTERM takes, and what it comes to."""
    began = time.monotonic()
    process.terminate()
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    return time.monotonic() - began, code


def recovered(scene):
    """How often each path of the honest client is counted after the server was started again."""
    scene.server.process.stdout.close()
    scene.server.start()
    status = json.loads(scene.server.request("GET", "/api/v1/status", None, scene.honest)[1])
    sums = {one["pth"]: one["sum"] for one in status["c"]}
    return [sums.get(path, 0) for path in PATHS]
