"""What other programs measure: the log, and the page in a browser."""

import os
import subprocess

from .programs import ROOT, beside, dattss, prepare


def log(*options):
    """A table of its own, with the targets in it; no ratios of it are kept."""
    print("\n### The log\n", flush=True)
    subprocess.run([beside("dattss-bench"), "log", *options], check=True)


def dashboard():
    """The page in a browser, with the Debian packages that the browser tests use."""
    print("\n### The dashboard\n", flush=True)
    prepare("chromium", "chromium-driver", "python3-selenium", "libjs-dygraphs")
    subprocess.run(["/usr/bin/python3", os.path.join(ROOT, "Tests/Browser/measure.py")],
                   env={**os.environ, "DATTSS_BINARY": dattss()}, check=True)
