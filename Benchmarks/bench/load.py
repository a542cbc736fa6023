"""Running `dattss-bench load`, on a core of its own."""

import json
import subprocess

from . import process
from .programs import beside


def load(*options):
    """The result of a run, whose options are those of `dattss-bench load`."""
    run = subprocess.run(
        process.pinned(process.LOAD_CORE, [beside("dattss-bench"), "load", "--json", "--quiet", *map(str, options)]),
        capture_output=True, text=True)
    if not run.stdout:
        raise SystemExit(f"dattss-bench load {' '.join(map(str, options))}: {run.stderr}")
    return json.loads(run.stdout)


def udp_options(samples, rate, paths, seconds):
    return ["--over", "udp", "--samples", samples, "--rate", rate, "--paths", paths, "--seconds", seconds]


def was_limit(result, seconds):
    """Whether the rate was that of the load, which had no time left."""
    return result["senderCPUSeconds"] > 0.95 * seconds
