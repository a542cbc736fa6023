"""The API of Graphite, with the functions of the real graphite-web as an oracle."""

import calendar
import csv
import io
import json
import math
import os
import pickle
import random
import time
import unittest
import urllib.parse

from .graphite_oracle import GraphiteWeb
from .server import Server

MINUTES = 240
TARGETS = 400


class Site:
    """Four hours of counters, gauges and timers, minute by minute, that end a minute ago."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.first = int(time.time()) // 60 - MINUTES - 1
        self.lines, self.known = [], {}
        for code in ("200", "404", "500"):
            for host in ("web1", "web2", "web10"):
                for minute in range(MINUTES):
                    self.add("c", f"hits.{host}.{code}", minute, self.random.choice([1, 1, 7, 130]))
        for host in ("a", "b", "c"):
            for name in ("cpu", "disk"):
                value = self.random.uniform(0, 100)
                for minute in range(MINUTES):
                    value = round(value + self.random.uniform(-10, 10), 3)
                    if self.random.random() < 0.8:
                        self.add("g", f"servers.{host}.{name}", minute, value)
        for route in ("get", "put"):
            for minute in range(MINUTES):
                for _ in range(self.random.randrange(5)):
                    self.add("ms", f"api.{route}", minute, round(self.random.lognormvariate(3, 1), 3))

    @property
    def end(self):
        return (self.first + MINUTES) * 60

    def add(self, kind, path, minute, value):
        self.lines.append(f"{(self.first + minute) * 60 + 7},{kind},{path},{value}")
        self.known.setdefault((kind, path), {}).setdefault((self.first + minute) * 60, []).append(value)


class Questions:
    """Targets by chance, of functions that both have."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one_of(self, *choices):
        return self.random.choice(choices)

    def path(self):
        return self.one_of(
            "stats.counters.hits.*.200.rate", "stats.counters.hits.web{1,2}.*.count", "stats.hits.web1.*",
            "stats_counts.hits.*.404",
            "stats.gauges.servers.*.cpu", "servers.*.*", "servers.[ab].disk", "stats.timers.api.*.mean",
            "stats.timers.api.get.upper_90", "stats.timers.api.*.count", "api.*.upper", "hits.web?.500", "servers.c.cpu",
            "nothing.at.all")  # fmt: skip

    def single(self):
        return self.one_of("servers.c.cpu", "stats.counters.hits.web1.200.rate", f"sumSeries({self.path_of_something()})")

    def path_of_something(self):
        while True:
            path = self.path()
            if path != "nothing.at.all":
                return path

    def target(self, depth):
        if depth == 0:
            return self.path()
        return self.call(self.target(depth - 1))

    def call(self, inner):
        n = self.one_of(1, 2, 3, 5)
        value = self.one_of(0.5, 10, 42, -3)
        function = self.one_of("average", "sum", "min", "max", "last", "median", "count", "stddev", "range", "diff", "multiply")
        summary = self.one_of("sum", "avg", "max", "min", "last", "median", "count")
        interval = self.one_of("5min", "10min", "1h", "90s")
        return self.one_of(
            f"alias({inner}, 'x y')", f"aliasByNode({inner}, {self.one_of('0', '1', '-1', '1, 2')})", f"aliasByMetric({inner})",
            f"aliasSub({inner}, '(\\w+)\\.(web|a|b)', '\\2-\\1')", f"aliasSub({inner}, '^.*?\\.', '')",
            f"substr({inner}, {self.one_of('1', '0, 2', '-2')})",
            f"sumSeries({inner})", f"averageSeries({inner}, {self.path()})", f"minSeries({inner})", f"maxSeries({inner})",
            f"diffSeries({inner})", f"multiplySeries({inner})", f"countSeries({inner}, {self.path_of_something()})",
            f"stddevSeries({inner})", f"rangeOfSeries({inner})", f"aggregate({inner}, '{function}')",
            f"percentileOfSeries({inner}, {self.one_of(25, 50, 95)}, {self.one_of('true', 'false')})",
            f"groupByNode({self.path_of_something()}, {self.one_of(1, 2)}, '{self.one_of('sum', 'averageSeries', 'max')}')",
            f"groupByNodes({self.path_of_something()}, '{self.one_of('sum', 'min', 'median')}', 1, -1)",
            f"scale({inner}, {value})", f"offset({inner}, {value})", f"absolute({inner})", f"pow({inner}, 2)",
            f"squareRoot({inner})", f"invert({inner})", f"isNonNull({inner})", f"log({inner})", f"log({inner}, 2)",
            f"perSecond({inner})", f"derivative({inner})", f"nonNegativeDerivative({inner})", f"integral({inner})",
            f"delay({inner}, {n})", f"changed({inner})", f"keepLastValue({inner}{self.one_of('', ', 1', ', inf')})",
            f"interpolate({inner})", f"transformNull({inner}{self.one_of('', ', -1')})", f"removeAboveValue({inner}, {value})",
            f"removeBelowValue({inner}, {value})", f"scaleToSeconds({inner}, 10)",
            f"summarize({inner}, '{interval}', '{summary}')", f"summarize({inner}, '10min', 'sum', true)",
            f"hitcount({inner}, '{self.one_of('5min', '7min', '1h')}')", f"hitcount({self.path()}, '1h', true)",
            f"movingAverage({inner}, {self.one_of('5', repr('10min'))})",
            f"movingMedian({inner}, {self.one_of('4', repr('5min'))})",
            f"movingSum({inner}, 3)", f"movingMax({inner}, '5min')", f"movingWindow({inner}, 5, 'stddev')",
            f"movingAverage({inner}, 5, 0.9)",
            f"timeShift({inner}, '{self.one_of('1h', '-30min', '600s')}')",
            f"asPercent({self.path()})", f"asPercent({self.path_of_something()}, {self.one_of('100', self.single())})",
            f"asPercent({self.one_of('hits.*.*', 'servers.*.*')}, None, 1)", f"divideSeries({inner}, {self.single()})",
            f"highestMax({inner}, {n})", f"highestAverage({inner}, {n})", f"highestCurrent({inner}, {n})",
            f"lowestAverage({inner}, {n})", f"lowestCurrent({inner}, {n})", f"highest({inner}, {n}, 'sum')",
            f"lowest({inner}, {n}, 'median')",
            f"sortByName({inner}{self.one_of('', ', true', ', reverse=true')})", f"sortByMaxima({inner})", f"sortByMinima({inner})",
            f"sortByTotal({inner})", f"sortBy({inner}, 'median', true)", f"limit({inner}, {n})", f"mostDeviant({inner}, {n})",
            f"exclude({inner}, '{self.one_of('web1', '[ab].cpu$', '^stats')}')",
            f"grep({inner}, '{self.one_of('web(1|2)', 'cpu', 'a')}')",
            f"averageAbove({inner}, {value})", f"maximumBelow({inner}, {value})", f"currentAbove({inner}, {value})",
            f"filterSeries({inner}, 'max', '>', {value})", f"removeEmptySeries({inner})", f"group({inner}, {self.path()})",
            f"nPercentile({inner}, {self.one_of(50, 90)})",
            f"consolidateBy({inner}, '{self.one_of('sum', 'max', 'min', 'last')}')",
            f"sumSeriesWithWildcards({self.path_of_something()}, 1)", f"constantLine({value})",
            f"threshold({value}, 'limit', 'red')",
        )  # fmt: skip


def are_close(a, b):
    return a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=2e-6))


class RenderTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seed = int(os.environ.get("DATTSS_SEED", "2003"))
        cls.site = Site(cls.seed)
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)
        cls.server.kill()
        cls.server.bring_in(cls.site.lines)
        cls.server.command("user", "add", "other")
        cls.server.start()

    def ask(self, path, parameters, post=False, headers=None):
        text = urllib.parse.urlencode(parameters, doseq=True)
        if post:
            return self.server.request("POST", path, text.encode(), headers)
        return self.server.request("GET", f"{path}?{text}", None, headers)

    def render(self, target, start, end, most=None, **more):
        parameters = {"target": target, "from": start, "until": end, "format": "json", **({"maxDataPoints": most} if most else {})}
        status, text = self.ask("/graphite/render", parameters, **more)
        self.assertEqual(status, 200, f"{target}: {text}")
        return json.loads(text)

    def test_graphite_web_makes_the_same_of_the_same_series(self):
        fetched = {}

        def fetch(path, start, end):
            if (path, start, end) not in fetched:
                fetched[path, start, end] = self.render(path, start, end)
            return json.loads(json.dumps(fetched[path, start, end]))

        oracle, questions = GraphiteWeb(fetch), Questions(self.seed)
        compared, values = 0, 0
        for number in range(TARGETS):
            target = questions.target(questions.random.choice([1, 1, 2, 3])) + questions.one_of("", "", " | scale(2)")
            start = (self.site.first + 100 + questions.random.randrange(60)) * 60 + questions.random.randrange(60)
            end = start + questions.random.randrange(5, 75) * 60
            most = questions.random.choice([None, None, 7, 30, 1])
            told = f"seed {self.seed}, {number}: {target} {start} {end} {most}"
            try:
                theirs = oracle.render(target, start, end, most)
            except Exception as error:  # What it fails at by itself tells nothing.
                told += f": {error!r}"
                continue
            ours = self.render(target, start, end, most, post=number % 3 == 0)
            self.assertEqual([one["target"] for one in ours], [one["target"] for one in theirs], told)
            compared += 1
            for one, other in zip(ours, theirs):
                found, expected = one["datapoints"], other["datapoints"]
                self.assertEqual([at for _, at in found], [at for _, at in expected], f"{told} {one['target']}")
                for (value, at), (other_value, _) in zip(found, expected):
                    values += value is not None
                    self.assertTrue(are_close(value, other_value), f"{told} {one['target']} at {at}: {value}, {other_value}")
        self.assertGreater(compared, 300)
        self.assertGreater(values, 3000)

    def test_values_are_those_that_were_sent(self):
        start, end = self.site.first * 60, self.site.end - 1
        cases = {
            "stats.counters.hits.web1.200.count": ("c", "hits.web1.200", sum), "hits.web1.200": ("c", "hits.web1.200", sum),
            "stats_counts.hits.web2.404": ("c", "hits.web2.404", sum),
            "stats.counters.hits.web1.200.rate": ("c", "hits.web1.200", lambda values: sum(values) / 60),
            "stats.hits.web1.200": ("c", "hits.web1.200", lambda values: sum(values) / 60),
            "servers.a.cpu": ("g", "servers.a.cpu", lambda values: values[-1]),
            "stats.timers.api.get.upper": ("ms", "api.get", max), "stats.timers.api.get.lower": ("ms", "api.get", min),
            "stats.timers.api.get.sum": ("ms", "api.get", sum), "api.get.mean": ("ms", "api.get", lambda v: sum(v) / len(v)),
        }  # fmt: skip
        for target, (kind, path, value) in cases.items():
            (one,) = self.render(target, start, end)
            known = self.site.known[kind, path]
            self.assertEqual(len(one["datapoints"]), MINUTES - 1)
            for found, at in one["datapoints"]:
                expected = value(known[at]) if at in known else None
                self.assertTrue(are_close(found, expected), f"{target} at {at}: {found}, {expected}")
        (one,) = self.render("stats.timers.api.get.upper_90", start, end)
        for found, at in one["datapoints"]:
            samples = sorted(self.site.known["ms", "api.get"].get(at, []))
            if samples:
                expected = samples[max(0, math.ceil(0.9 * len(samples) - 1e-9) - 1)]
                self.assertLessEqual(abs(found - expected), 0.0109 * expected)
            else:
                self.assertIsNone(found)
        # As statsd does it, a gauge is repeated.
        (held,) = self.render("stats.gauges.servers.a.cpu", start + 600, end)
        self.assertNotIn(None, [value for value, _ in held["datapoints"]])

    def test_times_are_those_that_graphite_web_reads(self):
        # Zones whose clocks are never changed: graphite-web is an hour off where they were meanwhile.
        oracle, words = GraphiteWeb(lambda *_: []), (
            "-1h", "-1mon", "now-7d", "midnight", "yesterday", "noon_yesterday", "6pm_yesterday", "monday", "today-1w", "yesterday+90min",
            "00:00_20261106", "20261106", "teatime_yesterday", "11/06/26",
        )  # fmt: skip
        for zone in ("UTC", "Asia/Kolkata", "America/Phoenix"):
            for text in words:
                parameters = {"target": "constantLine(1)", "from": text, "until": "now", "tz": zone, "format": "json"}
                status, answer = self.ask("/graphite/render", parameters)
                self.assertEqual(status, 200, (text, zone, answer))
                found, expected = json.loads(answer)[0]["datapoints"][0][1], oracle.time(text, zone)
                self.assertLessEqual(abs(found - expected), 5, (text, zone))

    def test_csv_raw_and_pickle_tell_what_json_does(self):
        target, start, end = "servers.*.cpu", self.site.first * 60, self.site.first * 60 + 1800
        expected = self.render(target, start, end)

        def ask(form, **more):
            parameters = {"target": target, "from": start, "until": end, "format": form, **more}
            text = urllib.parse.urlencode(parameters)
            return self.server.bytes(f"/graphite/render?{text}")

        points = [(one["target"], at, value) for one in expected for value, at in one["datapoints"]]
        for zone, ahead in (("UTC", 0), ("Asia/Kolkata", 19800)):
            rows = list(csv.reader(io.StringIO(ask("csv", tz=zone).decode(), newline="")))
            found = [
                (name, calendar.timegm(time.strptime(at, "%Y-%m-%d %H:%M:%S")) - ahead, float(value) if value else None)
                for name, at, value in rows
            ]
            self.assertEqual(found, points)
        lines = [line.split("|") for line in ask("raw").decode().splitlines()]
        told = [(head.rsplit(",", 3), [None if value == "None" else float(value) for value in values.split(",")]) for head, values in lines]
        for (head, values), one in zip(told, expected, strict=True):
            first, last = one["datapoints"][0][1], one["datapoints"][-1][1]
            self.assertEqual(head, [one["target"], str(first), str(last + 60), "60"])
            self.assertEqual(values, [value for value, _ in one["datapoints"]])
        for found, one in zip(pickle.loads(ask("pickle")), expected, strict=True):
            first, last = one["datapoints"][0][1], one["datapoints"][-1][1]
            values = [value for value, _ in one["datapoints"]]
            self.assertEqual(
                (found["name"], found["start"], found["end"], found["step"], found["values"]),
                (one["target"], first, last + 60, 60, values))

    def find(self, query, **more):
        times = {"from": self.site.first * 60, "until": self.site.end}
        status, text = self.ask("/graphite/metrics/find", {"query": query, **times, **more})
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def test_names_are_found_as_a_tree(self):
        def names(query):
            return [(one["text"], one["leaf"]) for one in self.find(query)]

        self.assertEqual(names("*"), [("api", 0), ("hits", 0), ("servers", 0), ("stats", 0), ("stats_counts", 0)])
        self.assertEqual(names("stats.*"), [("counters", 0), ("gauges", 0), ("hits", 0), ("timers", 0)])
        self.assertEqual(names("stats.counters.hits.*"), [("web1", 0), ("web10", 0), ("web2", 0)])
        self.assertEqual(names("stats.counters.hits.web1.200.*"), [("count", 1), ("rate", 1)])
        self.assertEqual(names("servers.{a,b}.*"), [("cpu", 1), ("disk", 1)])
        self.assertIn(("upper_90", 1), names("stats.timers.api.get.*"))
        self.assertEqual(self.find("servers.a.c*")[0]["id"], "servers.a.cpu")
        completed = self.find("stats.cou", format="completer")["metrics"]
        self.assertEqual(completed, [{"path": "stats.counters.", "name": "counters", "is_leaf": "0"}])
        self.assertEqual(names("nothing.*"), [])

    def test_the_plain_paths_answer_too(self):
        for prefix in ("", "/graphite"):
            for post in (False, True):
                status, text = self.ask(f"{prefix}/render", {"target": "constantLine(5)", "format": "json"}, post)
                self.assertEqual((status, json.loads(text)[0]["datapoints"][0][0]), (200, 5))
                self.assertEqual(self.ask(f"{prefix}/metrics/find", {"query": "*"}, post)[0], 200)

    def test_what_is_not_there_is_named(self):
        times = {"from": "-1h", "until": "now", "format": "json"}
        cases = [
            ({"target": "holtWintersForecast(a)"}, 400, "holtWintersForecast is not supported"),
            ({"target": "sumSeries(a"}, 400, "expected ',' or ')'"),
            ({"target": "scale(a)"}, 400, "lacks the argument 'factor'"),
            ({"target": "scale(a, 'x')"}, 400, "expected a number"),
            ({"target": "scale(a, 1, 2)"}, 400, "at most 2"),
            ({"target": "movingAverage(a, 5, speed=1)"}, 400, "no argument 'speed'"),
            ({"target": "aliasSub(a, '(?=x)', '')"}, 400, "(?"),
            ({"target": "stats.timers.api.get.std"}, 400, "std of a timer is not kept"),
            ({"target": "a", "format": "png"}, 400, "only json, csv, raw and pickle"),
            ({"target": "a", "from": "soon"}, 400, "from: is 'soon'"),
            ({"target": "a", "from": "now", "until": "-1h"}, 400, "empty"),
            ({"target": "a", "tz": "Europe/Nowhere"}, 400, "no time zone 'Europe/Nowhere'"),
            ({"target": "a", "maxDataPoints": "0"}, 400, "maxDataPoints"),
            ({"target": "a", "from": "-500d"}, 422, "limit of days"),
        ]
        for parameters, status, message in cases:
            found = self.ask("/graphite/render", {**times, **parameters})
            self.assertEqual(found[0], status, (parameters, found))
            self.assertIn(message, found[1])
        self.assertEqual(self.ask("/graphite/render", {"target": "a", **times}, headers={"Authorization": "Bearer no"})[0], 401)

    def test_a_user_sees_nothing_of_another(self):
        key = self.server.command("user", "key", "other").strip()
        headers = {"Authorization": f"Bearer {key}"}
        for path, parameters in (
            ("/graphite/render", {"target": ["servers.*.*", "stats.counters.*.*.*.rate"], "format": "json"}),
            ("/graphite/metrics/find", {"query": "*"}),
        ):
            self.assertEqual(self.ask(path, parameters, headers=headers), (200, "[]"))
