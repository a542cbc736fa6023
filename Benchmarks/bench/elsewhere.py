"""What other programs measure: the log, and the page in a browser."""

import os
import subprocess
import tempfile

from .programs import ROOT, beside, dattss, prepare
from .report import at_most, keep, line, table


def log(*options):
    """A table of its own, with the targets in it; no ratios of it are kept."""
    print("\n### The log\n", flush=True)
    subprocess.run([beside("dattss-bench"), "log", *options], check=True)


def queries():
    """Questions about sealed files, with what they take when nothing is merged on the way. DATTSS_BENCH_STORE names a folder that keeps
    what is asked about."""
    with tempfile.TemporaryDirectory() as folder:
        store = os.environ.get("DATTSS_BENCH_STORE", folder)
        run = subprocess.run([beside("QueryBench"), store], check=True, stdout=subprocess.PIPE, text=True)
    answers(run.stdout.splitlines())


def answers(lines):
    """The table of what QueryBench told."""
    table("Questions about sealed files", ["question", "processor time", "without merging", "ratio"])
    for told in lines:
        name, figure, unit, unmerged, wanted = told.split("\t")
        figure = float(figure)
        text = at_most(name, figure, float(wanted), unit) if wanted else f"{figure:.2f} {unit}"
        if unmerged:
            ratio = keep(f"{name}: against without merging", figure / float(unmerged))
            line(name, text, f"{float(unmerged):.2f} {unit}", f"{ratio:.2f}")
        else:
            line(name, text, "", "")


def dashboard():
    """The page in a browser, with the Debian packages that the browser tests use."""
    print("\n### The dashboard\n", flush=True)
    prepare("chromium", "chromium-driver", "python3-selenium", "libjs-dygraphs")
    subprocess.run(["/usr/bin/python3", os.path.join(ROOT, "Tests/Browser/measure.py")],
                   env={**os.environ, "DATTSS_BINARY": dattss()}, check=True)
