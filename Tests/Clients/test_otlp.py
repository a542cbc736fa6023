"""The OpenTelemetry SDK as it comes from PyPI, and exports by hand."""

import gzip
import json
import logging
import math
import unittest

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter, UpDownCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from .server import Server, eventually

logging.disable(logging.WARNING)


class OpenTelemetryTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)

    def provider(self, temporality, exponential=True, compression=Compression.NoCompression):
        exporter = OTLPMetricExporter(
            f"http://{self.server.addresses['http']}/v1/metrics",
            headers={"Authorization": f"Bearer {self.server.key}"},
            compression=compression,
            preferred_temporality={kind: temporality for kind in (Counter, Histogram, ObservableCounter)},
        )
        views = []
        if exponential:
            views = [View(instrument_type=Histogram, aggregation=ExponentialBucketHistogramAggregation(max_size=320))]
        provider = MeterProvider(
            [PeriodicExportingMetricReader(exporter, export_interval_millis=1e9)], views=views,
            resource=Resource({"service.name": "checkout service"}))  # fmt: skip
        self.addCleanup(provider.shutdown)
        return provider

    def use(self, provider, prefix):
        meter = provider.get_meter("tests")
        hits = meter.create_counter(f"{prefix}.hits")
        open_ones = meter.create_up_down_counter(f"{prefix}.open")
        wait = meter.create_histogram(f"{prefix}.wait", unit="ms")
        meter.create_observable_gauge(f"{prefix}.load", [lambda options: [Observation(0.75, {"cpu": 1})]])
        meter.create_observable_counter(f"{prefix}.seen", [lambda options: [Observation(41)]])
        values = [1 + (i * 37) % 30 + 0.5 for i in range(500)]
        for part in range(5):
            for value in values[part * 100 : part * 100 + 100]:
                hits.add(1, {"method": "GET", "az": "b c"})
                hits.add(0.5, {"method": "PUT"})
                open_ones.add(1 if value > 10 else -1)
                wait.record(value)
            self.assertTrue(provider.force_flush())
        self.assertTrue(provider.force_flush())
        status = self.server.status()
        self.assertEqual(status[("c", f"{prefix}.hits.az:b_c.method:GET")]["sum"], 500)
        self.assertEqual(status[("c", f"{prefix}.hits.method:PUT")]["sum"], 250)
        self.assertEqual(status[("c", f"{prefix}.seen")]["sum"], 41)
        self.assertEqual(status[("g", f"{prefix}.open")]["lst"], sum(1 if value > 10 else -1 for value in values))
        self.assertEqual(status[("g", f"{prefix}.load.cpu:1")]["lst"], 0.75)
        series = self.server.series("ms", f"{prefix}.wait")
        self.assertEqual((series["cnt"], series["sum"]), (500, sum(values)))
        return series, values

    def assert_percentiles(self, series, values, error):
        if len(series["points"]) != 1:
            return
        values = sorted(values)
        for quantile, rank in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            true = values[math.ceil(rank * len(values)) - 1]
            self.assertLess(abs(series["points"][0][quantile] / true - 1), error, quantile)

    def test_deltas_with_exponential_histograms_are_exact(self):
        series, values = self.use(self.provider(AggregationTemporality.DELTA), "delta")
        self.assertEqual((series["min"], series["max"], series["exact"]), (min(values), max(values), True))
        self.assert_percentiles(series, values, 0.0110)
        names = [process["name"] for process in self.server.get("/api/v1/processes")["processes"]]
        self.assertIn("checkout_service", names)

    def test_totals_are_exact_too(self):
        series, values = self.use(self.provider(AggregationTemporality.CUMULATIVE, compression=Compression.Gzip), "total")
        # Of later exports the least and the largest are only known by their buckets.
        self.assertTrue(series["exact"])
        self.assert_percentiles(series, values, 0.0110)

    def test_explicit_bounds_are_marked_as_not_exact(self):
        series, values = self.use(self.provider(AggregationTemporality.DELTA, exponential=False), "explicit")
        self.assertFalse(series["exact"])
        self.assertEqual((series["min"], series["max"]), (min(values), max(values)))
        self.assert_percentiles(series, values, 0.6)

    # ---- By hand

    def export(self, metric, resource=None, **headers):
        body = {"resourceMetrics": [{"resource": resource or {}, "scopeMetrics": [{"metrics": [metric]}]}]}
        return self.post(json.dumps(body).encode(), **headers)

    def post(self, body, content_type="application/json", **headers):
        status, text = self.server.request("POST", "/v1/metrics", body, {"Content-Type": content_type, **headers})
        return status, json.loads(text) if content_type == "application/json" else text

    def total(self, name, value, start, time, **more):
        point = {"startTimeUnixNano": str(start), "timeUnixNano": str(time), "asInt": str(value)}
        return {"name": name, "sum": {"dataPoints": [point], "aggregationTemporality": 2, "isMonotonic": True}, **more}

    def sum_of(self, name):
        return self.server.status().get(("c", name), {}).get("sum")

    def test_a_total_counts_by_its_differences_and_from_a_new_start_whole(self):
        soon = 2 * 10**18
        for value, start, time, expected in [
            (5, soon, 1, 5), (9, soon, 2, 9), (9, soon, 2, 9), (9, soon, 3, 9), (12, soon, 4, 12),
            (4, soon + 9, 5, 16),  # It began anew.
            (3, soon + 9, 6, 19),  # It fell: that is another beginning.
        ]:  # fmt: skip
            self.assertEqual(self.export(self.total("reset.hits", value, start, time)), (200, {}))
            self.assertEqual(self.sum_of("reset.hits"), expected)

    def test_a_total_from_before_the_server_only_says_where_counting_begins(self):
        self.export(self.total("old.hits", 1000, 1, 1))
        self.assertEqual(self.sum_of("old.hits"), None)
        self.export(self.total("old.hits", 1007, 1, 2))
        self.assertEqual(self.sum_of("old.hits"), 7)

    def test_totals_of_two_processes_are_two(self):
        soon = 2 * 10**18
        for process, value in (("a", 5), ("b", 3), ("a", 6), ("b", 10)):
            resource = {"attributes": [{"key": "service.instance.id", "value": {"stringValue": process}}]}
            self.export(self.total("two.hits", value, soon, value), resource)
        self.assertEqual(self.sum_of("two.hits"), 16)

    def test_a_delta_that_comes_twice_counts_once(self):
        metric = self.total("twice.hits", 5, 10, 20)
        metric["sum"]["aggregationTemporality"] = 1
        for _ in range(2):
            self.assertEqual(self.export(metric)[0], 200)
        self.assertEqual(self.sum_of("twice.hits"), 5)

    def histogram(self, name, scale, counts, offset=0, **more):
        total = sum(count * 2 ** ((offset + place + 0.5) / 2**scale) for place, count in enumerate(counts))
        point = {"count": str(sum(counts)), "sum": total, "scale": scale, "positive": {"offset": offset, "bucketCounts": counts}}
        return {"name": name, "unit": "ms", "exponentialHistogram": {"dataPoints": [point | more], "aggregationTemporality": 1}}

    def test_integers_may_be_text_and_open_buckets_have_no_end(self):
        metric = {"name": "text.wait", "unit": "ms"}
        metric["exponential_histogram"] = {"aggregation_temporality": "1", "data_points": [
            {"count": 2, "sum": "3", "scale": "0", "positive": {"offset": "0", "bucket_counts": ["2"]}, "flags": None}]}  # fmt: skip
        self.assertEqual(self.export(metric), (200, {}))
        self.assertEqual(self.server.series("ms", "text.wait")["sum"], 3)
        point = {"count": "3", "sum": 3000, "explicitBounds": [10], "bucketCounts": ["0", "3"]}
        self.export({"name": "open.wait", "unit": "ms", "histogram": {"dataPoints": [point], "aggregationTemporality": 1}})
        found = self.server.series("ms", "open.wait")
        self.assertLess(found["min"], 1000)
        self.assertGreater(found["max"], 1000)
        self.assertFalse(found["exact"])
        # Live, too, what is an estimate says so.
        self.assertEqual(self.server.status()[("ms", "open.wait")]["exact"], False)
        self.export(self.histogram("near.wait", 5, [3]))
        self.assertNotIn("exact", self.server.status()[("ms", "near.wait")])

    def own_metric(self, name):
        metrics = self.server.request("GET", "/metrics")[1].splitlines()
        return next(float(one[len(name) + 1 :]) for one in metrics if one.startswith(name + " "))

    def dropped(self, reason):
        return self.own_metric(f'dattss_otlp_points_dropped_total{{reason="{reason}"}}')

    def test_names_are_rewritten_as_statsd_does_and_counted(self):
        before = self.own_metric("dattss_otlp_names_rewritten_total")
        self.export(self.total("GET /caf\u00e9 au lait", 5, 2 * 10**18, 1))
        self.assertEqual(self.sum_of("GET_-caf_au_lait"), 5)
        self.assertEqual(self.own_metric("dattss_otlp_names_rewritten_total"), before + 1)

    def test_late_and_repeated_points_are_counted_in_the_metrics(self):
        soon = 2 * 10**18
        late, repeated = self.dropped("late"), self.dropped("repeated")
        for value, time in [(100, 10), (120, 12), (110, 11), (130, 13), (130, 13)]:
            self.export(self.total("late.hits", value, soon, time))
        self.assertEqual(self.sum_of("late.hits"), 130)
        self.assertEqual((self.dropped("late"), self.dropped("repeated")), (late + 1, repeated + 1))

    def test_finer_scales_merge_down_and_coarser_ones_are_marked(self):
        # At scale 7, buckets 0 to 3 are bucket 0 of scale 5, and 4 to 7 bucket 1.
        self.assertEqual(self.export(self.histogram("scale.fine", 7, [1] * 8))[0], 200)
        fine = self.server.series("ms", "scale.fine")
        self.assertEqual((fine["cnt"], fine["exact"]), (8, True))
        gamma = 2 ** (1 / 32)
        self.assertAlmostEqual(fine["points"][0]["p50"], 2 * gamma / (1 + gamma), places=9)
        self.assertAlmostEqual(fine["points"][0]["p95"], gamma * 2 * gamma / (1 + gamma), places=9)
        # At scale 2 a bucket is eight of ours.
        self.assertEqual(self.export(self.histogram("scale.coarse", 2, [800]))[0], 200)
        coarse = self.server.series("ms", "scale.coarse")
        self.assertEqual((coarse["cnt"], coarse["exact"]), (800, False))
        self.assertTrue(1 < coarse["points"][0]["p50"] < 2 ** (1 / 4))

    def test_seconds_become_milliseconds(self):
        metric = self.histogram("unit.wait", 5, [10], min=1.01, max=1.02) | {"unit": "s"}
        metric["exponentialHistogram"]["dataPoints"][0]["sum"] = 10.15
        self.export(metric)
        series = self.server.series("ms", "unit.wait")
        self.assertEqual((series["sum"], series["min"], series["max"], series["exact"]), (10150, 1010, 1020, False))

    def test_rejected_points_are_counted_and_the_others_are_taken_in(self):
        points = [{"asInt": "1"}, {"asDouble": "NaN"}, {"flags": 1}, {"asInt": "2", "attributes": [{"key": "x" * 300}]}]
        gauge = {"name": "partly", "gauge": {"dataPoints": points}}
        status, answer = self.export(gauge)
        self.assertEqual((status, answer["partialSuccess"]["rejectedDataPoints"]), (200, "2"))
        self.assertIn("partly: no finite value", answer["partialSuccess"]["errorMessage"])
        self.assertEqual(self.server.status()[("g", "partly")]["lst"], 1)
        status, answer = self.export({"name": "quantiles", "summary": {"dataPoints": [{}, {}]}})
        self.assertEqual(answer, {"partialSuccess": {
            "rejectedDataPoints": "2", "errorMessage": "quantiles: summaries are not taken in"}})  # fmt: skip

    def test_what_is_no_export_is_refused_and_says_why(self):
        self.assertEqual(self.post(b"{")[0], 400)
        self.assertEqual(self.post(b'{"resourceMetrics": 5}')[1]["error"]["name"], "malformed")
        self.assertEqual(self.post(b"\xff\xff", "application/x-protobuf")[0], 400)
        self.assertEqual(self.post(b"{}", "text/plain")[0], 415)
        self.assertEqual(self.post(b"{}", Authorization="Bearer nobody")[0], 401)
        self.assertEqual(self.post(b"x" * (1 << 21))[0], 413)
        self.assertEqual(self.post(gzip.compress(b" " * (1 << 21)), **{"Content-Encoding": "gzip"})[0], 413)
        self.assertEqual(self.post(b"{}"), (200, {}))
        self.assertEqual(self.post(b"", "application/x-protobuf"), (200, ""))
        many = {"name": "many", "gauge": {"dataPoints": [{"asInt": "1"}] * 10_001}}
        self.assertEqual(self.export(many)[1]["error"]["name"], "too_many_partials")
