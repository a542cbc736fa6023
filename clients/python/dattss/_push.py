"""The batches that the server has not acknowledged, and what to do next. Knows no clocks, threads or sockets."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

PARTIALS_MAX = 10_000
BODY_BYTES_MAX = 1 << 20
BACKOFF_FIRST = 1.0
BACKOFF_CAP = 30.0
RETRY_AFTER_MAX = 300.0


@dataclass
class Push:
    """A batch on its way: once numbered and encoded it never changes, so that the server knows it again."""

    seq: int
    body: bytes
    samples: int
    # How many earlier drops it reports.
    drops: int = 0


class Numbering:
    """Turns the partials of a period into numbered batches of a size that servers accept."""

    def __init__(self, cid: str, process: str | None) -> None:
        self.cid = cid
        self.process = process
        self.seq = 0

    def pushes(self, partials: list[dict[str, Any]], upt: int, drops: int = 0) -> list[Push]:
        if drops:
            value = dict.fromkeys(("sum", "max", "min", "top", "bot", "fst", "lst"), drops)
            report = {"typ": "c", "pth": "dattss.client.dropped", **value, "cnt": 1, "pct": 0.1, "emp": False}
            partials = [report, *partials]
        pushes: list[Push] = []
        if partials:
            self._append(partials, upt, pushes)
        if drops:
            pushes[0].drops = drops
            pushes[0].samples -= 1
        return pushes

    def _append(self, partials: list[dict[str, Any]], upt: int, pushes: list[Push]) -> None:
        if len(partials) <= PARTIALS_MAX:
            prt: dict[str, list[dict[str, Any]]] = {"c": [], "ms": [], "g": []}
            for partial in partials:
                prt[partial["typ"]].append(partial)
            batch = {"prt": prt, "upt": upt, "cid": self.cid, "seq": self.seq + 1}
            if self.process:
                batch["nam"] = self.process
            body = json.dumps(batch, separators=(",", ":")).encode()
            if len(body) <= BODY_BYTES_MAX or len(partials) == 1:
                self.seq += 1
                pushes.append(Push(self.seq, body, sum(partial["cnt"] for partial in partials)))
                return
        middle = len(partials) // 2
        self._append(partials[:middle], upt, pushes)
        self._append(partials[middle:], upt, pushes)


class Backoff:
    """Doubled by every failure up to a cap, and of that a random part between a half and the whole."""

    def __init__(self) -> None:
        self.random = random.Random()
        self.failures = 0

    def failed(self, retry_after: float = 0) -> float:
        self.failures += 1
        asked = min(max(retry_after, 0), RETRY_AFTER_MAX)
        return max(self.jittered(min(BACKOFF_CAP, BACKOFF_FIRST * 2 ** min(self.failures - 1, 20))), asked)

    def failed_for_long(self) -> float:
        self.failures += 1
        return self.jittered(BACKOFF_CAP)

    def jittered(self, seconds: float) -> float:
        return self.random.uniform(seconds / 2, seconds)


@dataclass
class Step:
    """What to do: `rest`, `send` the push, or `wait` so many seconds; and what was given up."""

    action: str
    push: Push | None = None
    seconds: float = 0.0
    losses: list[tuple[Push, str]] = field(default_factory=list)


class PushQueue:
    """One batch at a time, in the order of their numbers, the same bytes again until there is an answer."""

    def __init__(self, batches: int = 720, size: int = 16 << 20) -> None:
        self.batches_max = max(1, batches)
        self.bytes_max = size
        self.waiting: list[Push] = []
        self.bytes = 0
        self.state = "idle"
        self.backoff = Backoff()
        self.problem: str | None = None

    @property
    def is_working(self) -> bool:
        return self.backoff.failures == 0

    def enqueue(self, push: Push) -> Step:
        self.waiting.append(push)
        self.bytes += len(push.body)
        losses = self._shrink()
        return self._next(losses) if self.state == "idle" else Step("rest", losses=losses)

    def answer(self, status: int | None, body: str = "", retry_after: float = 0) -> Step:
        """`status` is None when no answer came."""
        if status is not None and 200 <= status < 300:
            self.problem = None
            self.backoff.failures = 0
            self._remove_first()
            return self._next()
        self.problem = f"no answer: {body}" if status is None else f"the server answered {status}: {body[:500]}"
        if status in (400, 413, 415, 422):
            self.backoff.failures = 0
            return self._next([(self._remove_first(), "refused")])
        is_passing = status is None or status in (408, 425, 429) or 500 <= status < 600
        seconds = self.backoff.failed(retry_after) if is_passing else self.backoff.failed_for_long()
        # The first batch is no longer under way, so an overfull buffer may let go of it.
        self.state = "pausing"
        return Step("wait", seconds=seconds, losses=self._shrink())

    def resume(self) -> Step:
        """The pause is over, or to end."""
        return self._next() if self.state == "pausing" else Step("rest")

    def abandon(self) -> list[tuple[Push, str]]:
        """Gives up what is left; what is under way may still arrive."""
        losses = [(push, "stopped") for push in self.waiting]
        self.waiting = []
        self.bytes = 0
        self.state = "idle"
        return losses

    def _next(self, losses: list[tuple[Push, str]] | None = None) -> Step:
        self.state = "sending" if self.waiting else "idle"
        if not self.waiting:
            return Step("rest", losses=losses or [])
        return Step("send", push=self.waiting[0], losses=losses or [])

    def _shrink(self) -> list[tuple[Push, str]]:
        """Drops the oldest until the bound holds, but not one under way: it may have been counted already."""
        losses = []
        kept = 1 if self.state == "sending" else 0
        while (len(self.waiting) > self.batches_max or self.bytes > self.bytes_max) and len(self.waiting) > kept:
            push = self.waiting.pop(kept)
            self.bytes -= len(push.body)
            losses.append((push, "buffer_full"))
        return losses

    def _remove_first(self) -> Push:
        push = self.waiting.pop(0)
        self.bytes -= len(push.body)
        return push
