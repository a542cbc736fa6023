"""The buckets of a sketch: 32 for each doubling. Bucket i holds the magnitudes in (2^(i/32), 2^((i+1)/32)]."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from functools import partial
from typing import Any

BUCKETS_MAX = 512
GAMMA = 1.0218971486541166

# 2^(k/32) for k in 0..31, rounded down.
BOUNDARIES = tuple(
    float.fromhex(f"0x1.{digits}p0")
    for digits in (
        "0000000000000 059b0d3158574 0b5586cf9890f 11301d0125b50 172b83c7d517a 1d4873168b9aa 2387a6e756238 29e9df51fdee1"
        " 306fe0a31b715 371a7373aa9ca 3dea64c123422 44e086061892d 4bfdad5362a27 5342b569d4f81 5ab07dd485429 6247eb03a5584"
        " 6a09e667f3bcc 71f75e8ec5f73 7a11473eb0186 82589994cce12 8ace5422aa0db 93737b0cdc5e4 9c49182a3f090 a5503b23e255c"
        " ae89f995ad3ad b7f76f2fb5e46 c199bdd85529c cb720dcef9069 d5818dcfba487 dfc97337b9b5e ea4afa2a490d9 f50765b6e4540"
    ).split()
)
# The same for the significands in [0.5, 1) that frexp gives.
_HALVES = tuple(boundary / 2 for boundary in BOUNDARIES)


def bucket_of(magnitude: float) -> int:
    """The bucket of a positive, finite magnitude: from its exponent and a table, without a logarithm."""
    significand, exponent = math.frexp(magnitude)
    return exponent * 32 - 33 + bisect_left(_HALVES, significand)


def representative(index: int) -> float:
    """What stands for a bucket: within 1.09 % of every magnitude in it."""
    return math.ldexp(BOUNDARIES[index & 31], index >> 5) * (2 * GAMMA / (1 + GAMMA))


# All boundaries that usual magnitudes lie between: a search in it is one call, and many can be mapped without a loop.
_LOW_EXPONENT, _HIGH_EXPONENT = -20, 44
_TABLE = [boundary * 2.0**exponent for exponent in range(_LOW_EXPONENT, _HIGH_EXPONENT) for boundary in BOUNDARIES]
_place_of = partial(bisect_left, _TABLE)


class BucketCounts:
    """The counts of one sign. Keeps the highest buckets; what lies below is folded into the lowest of them."""

    __slots__ = ("counts", "places", "lowest", "collapsed")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        # By places in the table, until somebody asks.
        self.places: Counter[int] = Counter()
        self.lowest: int | None = None
        self.collapsed = 0

    @property
    def is_empty(self) -> bool:
        return not self.counts and not self.places

    def add_all(self, magnitudes: list[float], low: float, high: float) -> None:
        """`low` and `high` are the least and the largest of them."""
        if _TABLE[0] < low and high <= _TABLE[-1]:
            self.places.update(map(_place_of, magnitudes))
        else:
            self.counts.update(map(bucket_of, magnitudes))
            if len(self.counts) > 2 * BUCKETS_MAX:
                self.fold()

    def fold(self) -> list[int]:
        """The indices that are kept, ascending."""
        for place, count in self.places.items():
            self.counts[_LOW_EXPONENT * 32 + place - 1] += count
        self.places.clear()
        indices = sorted(self.counts)
        if len(indices) <= BUCKETS_MAX:
            return indices
        kept = indices[-BUCKETS_MAX:]
        folded = sum(self.counts.pop(index) for index in indices[:-BUCKETS_MAX])
        # The one that had others folded into it is either gone now, with them, or still the lowest.
        self.collapsed = folded + (self.collapsed if self.lowest == kept[0] else 0)
        self.lowest = kept[0]
        self.counts[kept[0]] += folded
        return kept

    def pairs(self) -> list[int]:
        return [number for index in self.fold() for number in (index, self.counts[index])]


class Sketch:
    """What a partial carries as `skt`."""

    __slots__ = ("zeros", "positive", "negative")

    def __init__(self) -> None:
        self.zeros = 0
        self.positive = BucketCounts()
        self.negative: BucketCounts | None = None

    def add_all(self, values: list[float], low: float, high: float) -> None:
        """`low` and `high` are the least and the largest of them."""
        if low > 0:
            if low == high:
                self.positive.counts[bucket_of(low)] += len(values)
            else:
                self.positive.add_all(values, low, high)
            return
        self.zeros += values.count(0)
        positive = [value for value in values if value > 0]
        if positive:
            self.positive.add_all(positive, min(positive), high)
        negative = [-value for value in values if value < 0]
        if negative:
            if self.negative is None:
                self.negative = BucketCounts()
            self.negative.add_all(negative, min(negative), -low)

    def json(self) -> dict[str, Any]:
        json: dict[str, Any] = {}
        if self.zeros:
            json["z"] = self.zeros
        for field, collapsed, counts in (("p", "cp", self.positive), ("n", "cn", self.negative)):
            if counts is not None and not counts.is_empty:
                json[field] = counts.pairs()
                if counts.collapsed:
                    json[collapsed] = counts.collapsed
        return json


def quantile(json: dict[str, Any], q: float, count: int) -> float:
    """The value at a quantile by nearest rank, out of what `Sketch.json()` says."""
    remaining = nearest_rank(q, count)
    negative = json.get("n", [])
    for place in range(len(negative) - 2, -1, -2):
        remaining -= negative[place + 1]
        if remaining <= 0:
            return -representative(negative[place])
    remaining -= json.get("z", 0)
    if remaining <= 0:
        return 0.0
    positive = json.get("p", [])
    for place in range(0, len(positive), 2):
        remaining -= positive[place + 1]
        if remaining <= 0:
            return representative(positive[place])
    return 0.0


def nearest_rank(q: float, count: int) -> int:
    """The position, from 1, of a quantile among `count` sorted samples."""
    return min(max(math.ceil(q * count), 1), count)
