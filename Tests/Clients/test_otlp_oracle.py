"""What the server counts beside what the OpenTelemetry SDK itself has counted, over many seeded schedules of deliveries: late,
doubled, lost, put together, in another order within a request, after restarts, by two processes at once."""

import http.client
import logging
import math
import os
import random
import unittest

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, UpDownCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from .server import Server

logging.disable(logging.WARNING)

SCHEDULES = int(os.environ.get("DATTSS_OTLP_SCHEDULES", "1000"))
KINDS = (Counter, UpDownCounter, Histogram)
# Two of them make one path.
ATTRIBUTES = [{"k": "1"}, {"k": 1}, {"k": True, "z": "a b"}, {}]


class Process:
    """One life of a program, with what its SDK has counted."""

    def __init__(self, prefix, number, temporality, seed):
        self.temporality, self.number, self.random = temporality, number, random.Random(seed)
        self.sent = InMemoryMetricReader(preferred_temporality={kind: temporality for kind in KINDS})
        self.total = InMemoryMetricReader(preferred_temporality={kind: AggregationTemporality.CUMULATIVE for kind in KINDS})
        self.provider = MeterProvider(
            [self.sent, self.total], Resource({"service.instance.id": str(number)}), shutdown_on_exit=False,
            views=[View(instrument_name=f"{prefix}.exp", aggregation=ExponentialBucketHistogramAggregation(max_size=160))])  # fmt: skip
        meter = self.provider.get_meter("oracle", "1.0")
        self.hits = meter.create_counter(f"{prefix}.hits")
        self.open = meter.create_up_down_counter(f"{prefix}.open")
        self.load = meter.create_gauge(f"{prefix}.load")
        self.timers = [meter.create_histogram(f"{prefix}.{name}", unit="ms") for name in ("wait", "exp")]
        self.samples = []

    def work(self):
        for _ in range(self.random.randint(1, 4)):
            self.hits.add(self.random.randint(0, 40) / 2, self.random.choice(ATTRIBUTES))
        # A gauge tells which process it is of, since the last of two has no order.
        self.open.add(self.random.randint(-5, 5), {"p": self.number})
        self.load.set(self.random.randint(0, 100) / 4, {"p": self.number})
        for _ in range(self.random.randint(0, 5)):
            value = self.random.choice([0.5, 3, 7, 40, 900, 20_000]) * (1 + self.random.randint(0, 32) / 64)
            self.samples.append(value)
            for timer in self.timers:
                timer.record(value)

    def export(self):
        data = self.sent.get_metrics_data()
        return encode_metrics(data) if data else None


def points(request):
    """The lists of points of a request, by what tells their metrics apart."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                yield (resource.resource.SerializeToString(deterministic=True), metric.name), data.data_points


def shuffle(request, other, rng):
    """Both in one, with the points of each metric in any order."""
    theirs = {key: list(found) for key, found in points(other)}
    for key, found in points(request):
        both = list(found) + theirs.get(key, [])
        rng.shuffle(both)
        del found[:]
        found.extend(both)
    known = {key for key, _ in points(request)}
    if any(key not in known for key in theirs):
        request.MergeFrom(other)
    resources = list(request.resource_metrics)
    rng.shuffle(resources)
    del request.resource_metrics[:]
    request.resource_metrics.extend(resources)
    return request


def path(name, attributes):
    text = {key: str(value).lower() if isinstance(value, bool) else str(value).replace(" ", "_") for key, value in attributes.items()}
    return name + "".join(sorted(f".{key}:{value}" for key, value in text.items()))


class Schedule:
    def __init__(self, seed):
        self.seed, rng = seed, random.Random(seed)
        self.prefix = f"s{seed}"
        self.is_delta = rng.random() < 0.4
        temporality = AggregationTemporality.DELTA if self.is_delta else AggregationTemporality.CUMULATIVE
        # Without starts nobody can tell a restart that has overtaken what was before it: one life is all then.
        self.has_start = self.is_delta or rng.random() < 0.8
        self.lives, self.requests = [], []
        process_count = rng.choice([1, 1, 2]) if self.has_start else 1
        last_of_life = []
        for life in range(rng.choice([1, 1, 2, 3]) if self.has_start else 1):
            processes = [Process(self.prefix, number, temporality, rng.random()) for number in range(process_count)]
            self.lives.append(processes)
            for turn in range(rng.randint(2, 4)):
                for process in processes:
                    process.work()
                    request = process.export()
                    if not self.has_start:
                        for _, found in points(request):
                            for point in found:
                                point.start_time_unix_nano = 0
                    self.requests.append(request)
                    last_of_life.append(False)
            last_of_life[-process_count:] = [True] * process_count
        self.deliveries = self.disturb(rng, last_of_life)

    def disturb(self, rng, must_arrive):
        """The requests in the order in which they are delivered."""
        # Each may come up to two places later, and a second time up to five.
        places = []
        for place, request in enumerate(self.requests):
            if not self.is_delta and not must_arrive[place] and rng.random() < 0.15:
                continue
            places.append((place + rng.choice([0, 0, 0, 1, 2.5]), rng.random(), request))
            if rng.random() < 0.25:
                places.append((place + rng.choice([0.1, 1.1, 5.1]), rng.random(), request))
        ordered = [request for _, _, request in sorted(places, key=lambda entry: entry[:2])]
        merged = []
        while ordered:
            request = type(ordered[0])()
            request.CopyFrom(ordered.pop(0))
            if ordered and rng.random() < 0.3:
                other = ordered.pop(0)
                request = shuffle(request, other, rng)
            merged.append(request)
        return merged

    # ---- What is to be found

    def expected(self):
        """By kind and path: a sum, a last value, or count and sum."""
        found = {}
        for processes in self.lives:
            for process in processes:
                for resource in process.total.get_metrics_data().resource_metrics:
                    for metric in resource.scope_metrics[0].metrics:
                        for point in metric.data.data_points:
                            self.add(found, metric.name, path(metric.name, point.attributes), point)
        if not self.has_start:
            self.take_away_bases(found)
        return found

    def add(self, found, name, where, point):
        kind = name.rsplit(".", 1)[1]
        if kind in ("wait", "exp"):
            count, total = found.get(("ms", where), (0, 0))
            found["ms", where] = (count + point.count, total + point.sum)
        elif kind == "hits" or (kind == "open" and self.is_delta):
            found["c", where] = found.get(("c", where), 0) + point.value
        else:
            # Of a later life the value is a later one.
            found["g", where] = point.value

    def take_away_bases(self, found):
        """The first that comes of a series says only where counting begins."""
        seen = set()
        for request in self.deliveries:
            for (resource, name), data in points(request):
                for point in sorted(data, key=lambda point: point.time_unix_nano):
                    series = (name, resource, b"".join(sorted(a.SerializeToString() for a in point.attributes)))
                    if series in seen:
                        continue
                    seen.add(series)
                    attributes = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in point.attributes}
                    where = path(name, attributes)
                    if name.endswith(".hits"):
                        found["c", where] -= point.as_double if point.HasField("as_double") else point.as_int
                    elif name.endswith((".wait", ".exp")):
                        count, total = found["ms", where]
                        found["ms", where] = (count - point.count, total - point.sum)


class OracleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)
        cls.connection = http.client.HTTPConnection(cls.server.addresses["http"], timeout=20)
        cls.addClassCleanup(cls.connection.close)

    def deliver(self, request):
        headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {self.server.key}"}
        self.connection.request("POST", "/v1/metrics", request.SerializeToString(), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.assertEqual((answer.status, text), (200, b""))

    def test_what_is_counted_is_what_the_sdk_has_counted(self):
        schedules = []
        for seed in range(SCHEDULES):
            schedule = Schedule(seed)
            for request in schedule.deliveries:
                self.deliver(request)
            schedules.append(schedule)
        status = self.server.status()
        wrong, compared = [], {"c": 0, "g": 0, "ms": 0}
        for schedule in schedules:
            for (kind, where), value in schedule.expected().items():
                compared[kind] += 1
                if kind == "ms":
                    found = self.timer(schedule, where, value)
                else:
                    found = status.get((kind, where), {}).get({"c": "sum", "g": "lst"}[kind])
                    found = found or 0
                if found != value:
                    wrong.append((schedule.seed, kind, where, "expected", value, "found", found))
        self.assertEqual(wrong, [], f"{len(wrong)} of {compared}")
        self.assertGreater(compared["c"], 2 * SCHEDULES)
        self.assertGreater(compared["ms"], SCHEDULES)

    def timer(self, schedule, where, value):
        """Count and sum of a timer, after a look at what else is said of it."""
        if value[0] == 0:
            return value
        series = self.server.series("ms", where)
        for point in series["points"]:
            mean = point["sum"] / point["cnt"]
            self.assertLessEqual(point["min"], mean * (1 + 1e-9), (schedule.seed, where))
            self.assertGreaterEqual(point["max"], mean * (1 - 1e-9), (schedule.seed, where))
        if schedule.has_start and len(series["points"]) == 1 and series["exact"]:
            samples = sorted(sample for processes in schedule.lives for process in processes for sample in process.samples)
            for name, quantile in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
                true = samples[math.ceil(quantile * len(samples)) - 1]
                self.assertLess(abs(series["points"][0][name] / true - 1), 0.0110, (schedule.seed, where, name))
        return series["cnt"], series["sum"]
