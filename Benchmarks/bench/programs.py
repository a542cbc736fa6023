"""The programs that are measured, and how they come to be."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def dattss():
    return os.environ.get("DATTSS_BINARY") or os.path.join(ROOT, ".build/release/dattss")


def beside(name):
    """A program of Benchmarks, which lies beside the server's."""
    return os.path.join(os.path.dirname(dattss()), name)


def build(*products):
    """Builds the server and these products of Benchmarks, unless DATTSS_BINARY says where they are."""
    if os.environ.get("DATTSS_BINARY"):
        return
    prepare()
    subprocess.run(["swift", "build", "-c", "release", "--product", "dattss"], cwd=ROOT, check=True)
    for product in products:
        # The product's plan, which lies in the same folder, is not to be taken for that of Benchmarks.
        subprocess.run(["scripts/benchmarks", "build", "--disable-build-manifest-caching", "-c", "release", "--product", product],
                       cwd=ROOT, check=True)


def prepare(*packages):
    subprocess.run([os.path.join(ROOT, "scripts/prepare"), *packages], check=True)
