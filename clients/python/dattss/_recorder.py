"""What a program records between two pushes, and what of it was dropped."""

from __future__ import annotations

import re
import sys
import threading
from math import isfinite
from typing import Any, Callable

from ._sketch import Sketch, nearest_rank, quantile

EXACT_SAMPLES_MAX = 64
# So many samples of a statistic are kept before they are added up: together that is much cheaper than one by one.
PENDING_MAX = 256
STATISTICS_MAX = 20_000
IDLE_PERIODS_MAX = 720
TEXTS_MAX = 4096
REASONS = ("bad_path", "bad_sample", "too_many_statistics", "buffer_full", "refused", "stopped")

_PATH = re.compile(r"[A-Za-z0-9_.:!-]{1,255}")
_SAMPLE = re.compile(r"(?:\+(?!-))?(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(c|ms|g)(!?)", re.ASCII)
_MAX = sys.float_info.max


def parse_sample(text: Any) -> tuple[str, float, bool] | None:
    """`2c`, `153ms`, `-1.5g!` as kind, value and emphasis; None when it is none."""
    if isinstance(text, str):
        # What most are: nothing but digits and a point.
        kind = "ms" if text.endswith("ms") else text[-1:]
        number = text[: -len(kind)]
        if (kind == "ms" or kind == "c" or kind == "g") and number.isascii() and number.replace(".", "", 1).isdigit():
            if number[0] not in "0." and number[-1] != "." and len(number) < 300:
                return kind, float(number), False
    match = _SAMPLE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    value = float(match.group(1))
    return (match.group(2), value, match.group(3) == "!") if isfinite(value) else None


class Statistic:
    """The samples of one statistic in one period: the first 64 as they are, then counts of buckets."""

    __slots__ = (
        "kind", "path", "pending", "samples", "count", "sum", "max", "min", "first", "last", "emphasised", "sketch", "idle",
    )  # fmt: skip

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path
        self.idle = 0
        self.pending: list[float] = []
        self.reset()

    def reset(self) -> None:
        self.samples: list[float] = []
        self.count = 0
        self.sum = 0.0
        self.max = -_MAX
        self.min = _MAX
        self.first = 0.0
        self.last = 0.0
        self.emphasised = False
        self.sketch: Sketch | None = None

    def settle(self) -> None:
        """Adds up what is pending."""
        values, self.pending = self.pending, []
        if not values:
            return
        if self.count == 0:
            self.first = values[0]
        self.last = values[-1]
        low, high = min(values), max(values)
        self.min = min(self.min, low)
        self.max = max(self.max, high)
        total = self.sum
        # Not by sum(), which since Python 3.12 rounds in another way than everybody else.
        for value in values:
            total += value
        self.sum = min(max(total, -_MAX), _MAX)
        self.count += len(values)
        if self.sketch is not None:
            self.sketch.add_all(values, low, high)
        else:
            self.samples += values
            if len(self.samples) > EXACT_SAMPLES_MAX:
                self.sketch = Sketch()
                self.sketch.add_all(self.samples, self.min, self.max)
                self.samples = []

    def partial(self, pct: float) -> dict[str, Any]:
        self.settle()
        bot = top = self.min
        skt = None
        if self.sketch is not None:
            skt = self.sketch.json()
            if self.min != self.max:
                bot = min(max(quantile(skt, pct, self.count), self.min), self.max)
                top = min(max(quantile(skt, 1 - pct, self.count), self.min), self.max)
        else:
            ordered = sorted(self.samples)
            bot = ordered[nearest_rank(pct, self.count) - 1]
            top = ordered[nearest_rank(1 - pct, self.count) - 1]
            if self.kind == "ms":
                sketch = Sketch()
                sketch.add_all(ordered, self.min, self.max)
                skt = sketch.json()
        partial = {
            "typ": self.kind, "pth": self.path, "sum": self.sum, "cnt": self.count, "max": self.max, "min": self.min,
            "top": top, "bot": bot, "fst": self.first, "lst": self.last, "pct": pct, "emp": self.emphasised,
        }  # fmt: skip
        if self.kind == "ms":
            partial["skt"] = skt
        return partial


class Recorder:
    """Safe to use from any number of threads."""

    def __init__(self, pct: float) -> None:
        self.pct = pct
        # Entered again by signal handlers and finalizers that record: they interrupt whatever holds it.
        self.lock = threading.RLock()
        self.drops = dict.fromkeys(REASONS, 0)
        # Called once, before the first sample is added.
        self.on_first: Callable[[], None] | None = None
        self.clear()
        # What texts meant, for programs that say `1c` again and again.
        self._texts: dict[str, tuple[str, float, bool]] = {}

    def clear(self) -> None:
        """Forgets everything, as behind a fork."""
        self.by_kind: dict[str, dict[str, Statistic]] = {"c": {}, "ms": {}, "g": {}}
        self.touched: list[Statistic] = []
        self.unreported = 0

    def add_text(self, path: str, text: str) -> None:
        try:
            sample = self._texts.get(text)
        except TypeError:
            sample = None
        if sample is None:
            sample = parse_sample(text)
            if sample is None:
                self.drop(1, "bad_sample")
                return
            if len(self._texts) >= TEXTS_MAX:
                self._texts = {}
            self._texts[text] = sample
        kind, value, emphasised = sample
        try:
            statistic = self.by_kind[kind][path]
        except (KeyError, TypeError):
            self.add(kind, path, value, emphasised)
            return
        with self.lock:
            if emphasised or not 0 < len(statistic.pending) < PENDING_MAX:
                self._note(statistic, emphasised)
            statistic.pending.append(value)

    def add(self, kind: str, path: str, value: float, emphasised: bool = False) -> None:
        try:
            if type(value) is not float:
                value = float(value)
        except Exception:  # Whatever it was, it is no number.
            value = float("nan")
        if not isfinite(value):
            self.drop(1, "bad_sample")
            return
        with self.lock:
            try:
                statistic = self.by_kind[kind].get(path)
            except TypeError:
                statistic = None
            if statistic is None:
                statistic = self._insert(kind, path)
                if statistic is None:
                    return
            if emphasised or not 0 < len(statistic.pending) < PENDING_MAX:
                self._note(statistic, emphasised)
            statistic.pending.append(value)

    def _note(self, statistic: Statistic, emphasised: bool) -> None:
        if not statistic.pending and statistic.count == 0:
            if self.by_kind[statistic.kind].get(statistic.path) is not statistic:
                # It was forgotten while a thread was about to use it.
                self.by_kind[statistic.kind][statistic.path] = statistic
            self.touched.append(statistic)
            if self.on_first is not None:
                on_first, self.on_first = self.on_first, None
                on_first()
            statistic.idle = 0
        if emphasised:
            statistic.emphasised = True
        if len(statistic.pending) >= PENDING_MAX:
            statistic.settle()

    def _insert(self, kind: str, path: str) -> Statistic | None:
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            self._drop(1, "bad_path")
            return None
        if self.count >= STATISTICS_MAX:
            self._drop(1, "too_many_statistics")
            return None
        statistic = self.by_kind[kind][path] = Statistic(kind, path)
        return statistic

    @property
    def count(self) -> int:
        return sum(map(len, self.by_kind.values()))

    def drop(self, samples: int, reason: str, already_reported: int = 0) -> None:
        with self.lock:
            self._drop(samples, reason, already_reported)

    def _drop(self, samples: int, reason: str, already_reported: int = 0) -> None:
        self.drops[reason] += samples
        self.unreported += samples + already_reported

    def flush(self, reports_drops: bool) -> tuple[list[dict[str, Any]], int]:
        """The partials of the period that ends now, and how many drops they are to report."""
        with self.lock:
            touched, self.touched = self.touched, []
            partials = []
            for statistic in touched:
                if not statistic.pending and statistic.count == 0:
                    # It is there twice: a sample came while another one put it there.
                    continue
                partials.append(statistic.partial(self.pct))
                statistic.reset()
                if statistic.pending:
                    # It was interrupted by a sample.
                    self.touched.append(statistic)
            self._forget_idle()
            drops = self.unreported if reports_drops else 0
            self.unreported -= drops
            return partials, drops

    def _forget_idle(self) -> None:
        for statistics in self.by_kind.values():
            for path, statistic in list(statistics.items()):
                statistic.idle += 1
                if statistic.idle > IDLE_PERIODS_MAX:
                    del statistics[path]
