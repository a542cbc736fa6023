"""The ratios of an earlier run, and what has become worse since."""

import json
import os

from . import report
from .programs import ROOT

PATH = os.path.join(ROOT, "Fixtures/bench/baseline.json")
# A ratio has to grow by more than this to count as worse: medians of one machine repeat within about a tenth.
TOLERANCE = 0.2
ABOUT = "Ratios of `scripts/bench`: more is worse."


def changes(before, now):
    """By name, in order: the ratio before, the ratio now, and by which share it grew; of those that both have."""
    return [(name, before[name], now[name], now[name] / before[name] - 1) for name in sorted(before.keys() & now.keys())]


def verdict(change):
    return f"**{change:.0%} worse**" if change > TOLERANCE else f"{-change:.0%} better" if change < -TOLERANCE else ""


def compare(path=PATH):
    """Says which ratios got worse. Returns whether none did."""
    try:
        with open(path) as file:
            before = json.load(file)["ratios"]
    except FileNotFoundError:
        raise SystemExit(f"there is no {path}: scripts/bench --save makes it") from None
    report.table("Against the baseline (more is worse)", ["ratio", "baseline", "now", ""])
    found = changes(before, report.ratios)
    for name, old, new, change in found:
        report.line(name, f"{old:.2f}", f"{new:.2f}", verdict(change))
    return all(change <= TOLERANCE for *_, change in found)


def save(path=PATH):
    """Puts the ratios of this run in the place of those of the same names."""
    kept = {"about": ABOUT, "ratios": {}}
    if os.path.exists(path):
        with open(path) as file:
            kept = json.load(file)
    kept["ratios"].update(report.ratios)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(kept, file, indent=2, sort_keys=True, ensure_ascii=False)
        file.write("\n")
