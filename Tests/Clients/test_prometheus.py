"""The API of Prometheus: the real Prometheus as an oracle, and promtool and vmalert as they come from Debian."""

import base64
import json
import math
import os
import random
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from .prometheus import Prometheus, ask, free_port
from .server import Server, eventually
from .targets import VictoriaMetrics

MINUTES = 300
QUERIES = 400


class Shop:
    """Five hours of counters, gauges and timers, minute by minute, that end a minute ago."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.first = int(time.time()) // 60 - MINUTES - 1
        self.lines, self.open_metrics = [], []
        self.timers = {}
        self.add_counters()
        self.add_gauges()
        self.add_timers()

    @property
    def end(self):
        return (self.first + MINUTES) * 60

    def add_counters(self):
        for name in ("hits", "shop.orders"):
            self.open_metrics.append(f"# TYPE {name.replace('.', ':')} counter")
            for code in ("200", "404", "500"):
                for host in ("a", "b"):
                    total = 0
                    labels = f'{name.replace(".", ":")}_total{{code="{code}",host="{host}"}}'
                    self.open_metrics.append(f"{labels} 0 {self.first * 60}")
                    for minute in range(MINUTES):
                        grown = self.random.choice([0, 0, 1, 7, 130]) if minute % 20 else 3
                        if grown:
                            self.add("c", f"{name}.code:{code}.host:{host}", minute, grown)
                        total += grown
                        self.open_metrics.append(f"{labels} {total} {(self.first + minute + 1) * 60}")

    def add_gauges(self):
        for name in ("load", "disk.free"):
            self.open_metrics.append(f"# TYPE {name.replace('.', ':')} gauge")
            for host in ("a", "b", "c"):
                value = self.random.uniform(0, 100)
                for minute in range(MINUTES):
                    if self.random.random() < 0.3:
                        continue
                    value = round(value + self.random.uniform(-10, 10), 3)
                    self.add("g", f"{name}.host:{host}", minute, value)
                    at = (self.first + minute + 1) * 60
                    self.open_metrics.append(f'{name.replace(".", ":")}{{host="{host}"}} {value} {at}')

    def add_timers(self):
        for host in ("a", "b"):
            for minute in range(MINUTES):
                values = [round(self.random.lognormvariate(3, 1), 3) for _ in range(self.random.randrange(4))]
                self.timers[host, minute] = values
                for value in values:
                    self.add("ms", f"wait.host:{host}", minute, value)

    def add(self, kind, path, minute, value):
        self.lines.append(f"{(self.first + minute) * 60 + 7},{kind},{path},{value}")


class Questions:
    """Expressions that both understand, by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one_of(self, *choices):
        return self.random.choice(choices)

    def matchers(self, labels):
        chosen = [
            f'{label}{self.one_of("=", "!=", "=~", "!~")}"{self.one_of(*values)}"'
            for label, values in labels.items()
            if self.random.random() < 0.4
        ]
        return "{" + ", ".join(chosen) + "}" if chosen else ""

    def offset(self):
        return self.one_of("", "", "", " offset 1m", " offset 7m", " offset 1h")

    def window(self):
        return self.one_of("2m", "5m", "10m", "30m", "1h")

    def counter(self):
        labels = {"code": ["200", "404", "500", "4..|5..", "2.*"], "host": ["a", "b", "a|b", "[^a]"]}
        selector = self.one_of("hits_total", "shop:orders_total") + self.matchers(labels)
        if self.random.random() < 0.15:
            return selector + self.offset()
        return f"{self.one_of('rate', 'increase', 'irate', 'rate')}({selector}[{self.window()}]{self.offset()})"

    def gauge(self):
        selector = self.one_of("load", "disk:free") + self.matchers({"host": ["a", "b", "c", "a|c", "[^c]", ".+"]})
        function = self.one_of(
            "", "", "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time",
            "present_over_time", "delta", "deriv", "changes", "resets", "idelta", "stddev_over_time", "stdvar_over_time",
            "quantile_over_time", "predict_linear")  # fmt: skip
        if not function:
            return selector + self.offset()
        inner = f"{selector}[{self.window()}]{self.offset()}"
        if function == "quantile_over_time":
            return f"{function}({self.one_of(0, 0.25, 0.5, 0.9, 1)}, {inner})"
        if function == "predict_linear":
            return f"{function}({inner}, {self.one_of(60, 600)})"
        return f"{function}({inner})"

    def vector(self, leaf, depth):
        kind = self.random.random()
        if depth == 0 or kind < 0.15:
            return leaf()
        inner = self.vector(leaf, depth - 1)
        if kind < 0.45:
            name = self.one_of("sum", "avg", "min", "max", "count", "stddev", "stdvar", "group", "quantile", "topk", "bottomk")
            if name in ("topk", "bottomk"):
                # Of equal values either may be the first.
                inner = "rate(hits_total[1h])" if leaf == self.counter else f"avg_over_time(load[{self.window()}])"
            grouping = self.one_of("", " by (host)", " without (code)", " by (host, code)", " without (host)")
            parameter = {"quantile": f"{self.one_of(0.1, 0.5, 0.95)}, ", "topk": "2, ", "bottomk": "1, "}.get(name, "")
            return f"{name}{grouping} ({parameter}{inner})"
        if kind < 0.6:
            function = self.one_of("abs", "ceil", "floor", "sqrt", "ln", "log2", "log10", "sgn", "exp", "round")
            return f"{function}({inner} / 7)" if function == "exp" else f"{function}({inner})"
        if kind < 0.8:
            # Not atan2: Prometheus 2.42 forgets to take the name away there.
            op = self.one_of("+", "-", "*", "/", "%", "^", ">", "<=", "==bool", ">bool", "!=bool")
            number = self.one_of("0.5", "3", "40", "-1")
            return f"({inner} {op} {number})" if self.random.random() < 0.7 else f"({number} {op} {inner})"
        if kind < 0.95:
            op = self.one_of("+", "-", "*", "/", "and", "or", "unless", ">", "<bool")
            other = self.vector(leaf, depth - 1)
            # One series a host on either side, so that each finds its one.
            return f"(sum by (host) ({inner}) {op} on (host) max by (host) ({other}))"
        return f"-({inner})"


def series(answer):
    """By the labels: the values by their moments."""
    data = answer["data"]
    if data["resultType"] == "scalar":
        return {(): [data["result"]]}
    found = {}
    for one in data["result"]:
        values = one.get("values") or [one["value"]]
        found[tuple(sorted(one["metric"].items()))] = {round(at, 3): float(value) for at, value in values}
    return found


def are_close(a, b):
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7)


class PrometheusTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seed = int(os.environ.get("DATTSS_SEED", "2042"))
        cls.shop = Shop(cls.seed)
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)
        cls.server.kill()
        cls.server.bring_in(cls.shop.lines)
        cls.server.command("user", "add", "other")
        cls.server.start()
        cls.other_key = cls.server.command("user", "key", "other").strip()
        cls.url = f"http://{cls.server.addresses['http']}/prometheus"
        cls.bearer = {"Authorization": f"Bearer {cls.server.key}"}

    def ask(self, path, parameters, headers=None, post=False):
        return ask(self.url, path, parameters, headers or self.bearer, post)

    def value(self, query, at=None):
        status, answer = self.ask("query", {"query": query, "time": at or self.shop.end})
        self.assertEqual(status, 200, answer)
        return series(answer)

    def test_the_real_prometheus_answers_the_same(self):
        """Counters at whole minutes, where what both count from is the same; gauges between them, because what is sampled at the very
        beginning of a range is in it in Prometheus before 3.0, and not in it afterwards and here."""
        real = Prometheus("\n".join(self.shop.open_metrics) + "\n# EOF\n")
        self.addCleanup(real.discard)
        questions = Questions(self.seed)
        answered, values = 0, 0
        for number in range(QUERIES):
            is_counter = number % 2 == 0
            query = questions.vector(questions.counter if is_counter else questions.gauge, questions.random.randrange(4))
            start = (self.shop.first + 140 + questions.random.randrange(60)) * 60 + (0 if is_counter else 30)
            if number % 4 < 2:
                path, times = "query", {"time": start}
            else:
                step = questions.one_of(60, 60, 120, 300, 900)
                end = min(start + questions.random.randrange(20) * step, self.shop.end)
                path, times = "query_range", {"start": start, "end": end, "step": step}
            theirs = ask(real.url, path, {"query": query, **times})
            ours = self.ask(path, {"query": query, **times}, post=number % 3 == 0)
            told = f"seed {self.seed}, {number}: {query} {times}"
            # What it refuses is refused: duplicates that a name told apart, for instance.
            self.assertEqual(ours[0], theirs[0], f"{told}: {ours[1]} {theirs[1]}")
            if theirs[0] != 200:
                continue
            answered += 1
            ours, theirs = series(ours[1]), series(theirs[1])
            self.assertEqual(sorted(ours), sorted(theirs), told)
            for labels, expected in theirs.items():
                self.assertEqual(sorted(ours[labels]), sorted(expected), f"{told} {labels}")
                for at, value in expected.items():
                    values += 1
                    self.assertTrue(are_close(ours[labels][at], value), f"{told} {labels} at {at}: {ours[labels][at]}, {value}")
        self.assertGreater(answered, 300)
        self.assertGreater(values, 1000)

    def test_a_real_prometheus_federates(self):
        """The first of the tests, because values are only there for five minutes."""
        federation = {
            "job_name": "dattss", "scrape_interval": "1s", "honor_labels": True, "metrics_path": "/prometheus/federate",
            "params": {"match[]": ['{__name__=~"hits.*|load"}', "wait_ms_max"]},
            "basic_auth": {"username": "any", "password": self.server.key},
            "static_configs": [{"targets": [self.server.addresses["http"]]}],
        }  # fmt: skip
        real = Prometheus(configuration=json.dumps({"scrape_configs": [federation]}))
        self.addCleanup(real.discard)

        def known():
            return series(ask(real.url, "query", {"query": '{__name__=~"hits_total|load|wait_ms_max"}'})[1])

        theirs = eventually(known)
        ours = series(self.ask("query", {"query": '{__name__=~"hits_total|load|wait_ms_max"}'})[1])
        self.assertGreaterEqual(len(theirs), 9)
        for labels, values in theirs.items():
            own = tuple(one for one in labels if one[0] not in ("job", "instance"))
            self.assertEqual(list(values.values()), list(ours[own].values()), labels)
        text = self.server.request("GET", "/prometheus/federate?match[]=load")[1]
        self.assertTrue(text.startswith("# TYPE load gauge\nload{host="), text)

    def test_a_real_prometheus_scrapes_everything(self):
        """Those of a server that has nothing else."""
        lines = "\n".join(["hits:2|c|#host:a", "hits:3|c|#host:b", "load:0.25|g"] + [f"wait:{value}|ms" for value in range(1, 101)])
        server = Server("--statsd-user", "local")
        self.addCleanup(server.discard)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(lines.encode(), ("127.0.0.1", server.port("udp")))
        eventually(lambda: len(server.status()) == 4)
        path = "/api/v1/export/prometheus"
        status, text = server.request("GET", path)
        self.assertEqual((status, text.startswith("# TYPE hits_total counter\n"), "# EOF" in text), (200, True, False))
        # (It would rather have help, and seconds.)
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        wishes = ("no help text", "should not contain abbreviated units")
        self.assertEqual([line for line in done.stderr.splitlines() if not line.endswith(wishes)], [])
        status, text = server.request("GET", path, headers={"Accept": "application/openmetrics-text"})
        self.assertEqual((status, text.startswith("# TYPE hits counter\n"), text.endswith("\n# EOF\n")), (200, True, True))
        scrape = {
            "job_name": "dattss", "scrape_interval": "1s", "honor_labels": True, "metrics_path": path,
            "basic_auth": {"username": "any", "password": server.key},
            "static_configs": [{"targets": [server.addresses["http"]]}],
        }  # fmt: skip
        real = Prometheus(configuration=json.dumps({"scrape_configs": [scrape]}))
        self.addCleanup(real.discard)

        def found():
            answer = series(ask(real.url, "query", {"query": '{__name__=~"hits_total|load|wait_ms"}'})[1])
            return {
                tuple(one for one in labels if one[0] not in ("job", "instance")): list(values.values())[0]
                for labels, values in answer.items()
            }

        theirs = eventually(found)
        self.assertEqual(theirs[("__name__", "hits_total"), ("host", "a")], 2)
        self.assertEqual(theirs[("__name__", "hits_total"), ("host", "b")], 3)
        self.assertEqual(theirs[(("__name__", "load"),)], 0.25)
        for quantile in (0.5, 0.95, 0.99):
            value = theirs[("__name__", "wait_ms"), ("quantile", str(quantile))]
            self.assertLessEqual(abs(value - quantile * 100), 1.1)
        self.assertEqual(len(theirs), 6)
        self.assertEqual(server.request("GET", path, headers={"Authorization": "Bearer nobody.0123"})[0], 401)

    def test_a_real_vmagent_scrapes_everything(self):
        """And hands it on to VictoriaMetrics."""
        server, victoria = Server("--no-self"), VictoriaMetrics()
        self.addCleanup(server.discard)
        self.addCleanup(victoria.discard)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            lines = ["hits:2|c|#host:a", "load:0.25|g"] + [f"wait:{value}|ms" for value in range(1, 101)]
            udp.sendto("\n".join(lines).encode(), ("127.0.0.1", server.port("udp")))
        eventually(lambda: len(server.status()) == 3)
        scrape = {
            "job_name": "dattss", "scrape_interval": "1s", "honor_labels": True, "metrics_path": "/api/v1/export/prometheus",
            "basic_auth": {"username": "any", "password": server.key},
            "static_configs": [{"targets": [server.addresses["http"]]}],
        }  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            settings = os.path.join(folder, "scrape.yml")
            with open(settings, "w", encoding="utf-8") as file:
                json.dump({"scrape_configs": [scrape]}, file)
            process = subprocess.Popen(
                ["vmagent", f"-promscrape.config={settings}", f"-remoteWrite.url={victoria.url}/api/v1/write",
                 f"-remoteWrite.tmpDataPath={folder}/queue", f"-httpListenAddr=127.0.0.1:{free_port()}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            try:
                def found(selector):
                    values = victoria.samples(selector, int(time.time()) + 60).values()
                    return [value for one in values for value in one.values()]

                self.assertEqual(set(eventually(lambda: found('hits_total{host="a",job="dattss"}'))), {2})
                self.assertEqual(set(eventually(lambda: found("load"))), {0.25})
                for quantile in (0.5, 0.95, 0.99):
                    value = eventually(lambda quantile=quantile: found(f'wait_ms{{quantile="{quantile}"}}'))[0]
                    self.assertLessEqual(abs(value - quantile * 100), 1.1)
            finally:
                process.kill()
                process.wait()

    def test_percentiles_are_those_of_all_samples(self):
        for window in (1, 5, 60, 240):
            for share in (0.5, 0.9, 0.99):
                for hosts in (["a"], ["a", "b"]):
                    matcher = "|".join(hosts)
                    found = self.value(f'histogram_quantile({share}, sum(rate(wait_ms{{host=~"{matcher}"}}[{window}m])))')
                    samples = sorted(
                        value
                        for host in hosts
                        for minute in range(MINUTES - window, MINUTES)
                        for value in self.shop.timers[host, minute]
                    )
                    if not samples:
                        self.assertEqual(found, {})
                        continue
                    expected = samples[max(0, math.ceil(share * len(samples) - 1e-9) - 1)]
                    self.assertLessEqual(abs(found[()][self.shop.end] - expected), 0.0109 * expected)

    def test_promtool_asks(self):
        url = f"http://grafana:{self.server.key}@{self.server.addresses['http']}/prometheus"

        def promtool(*arguments):
            done = subprocess.run(["promtool", "query", *arguments], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        time_option = f"--time={self.shop.end}"
        self.assertIn("2 @", promtool("instant", time_option, url, "vector(1) + 1"))
        self.assertEqual(promtool("instant", time_option, url, "sum by (host) (rate(hits_total[5m]))").count("host="), 2)
        ranged = promtool("range", f"--start={self.shop.end - 600}", f"--end={self.shop.end}", "--step=60s", url, "sum(load)")
        self.assertGreaterEqual(ranged.count("@"), 10)
        listed = promtool("series", "--match=hits_total", f"--start={self.shop.end - 3600}", f"--end={self.shop.end}", url)
        self.assertEqual(listed.count("__name__=\"hits_total\""), 6)
        self.assertEqual(promtool("labels", url, "host").split(), ["a", "b", "c"])

    def test_vmalert_fires_upon_what_it_reads(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = os.path.join(folder, "rules.yml")
            with open(rules, "w", encoding="utf-8") as file:
                json.dump({"groups": [{"name": "shop", "interval": "1s", "rules": [
                    {"alert": "Hits", "expr": 'sum by (host) (increase(hits_total{host="a"}[1h])) > 0'},
                    {"alert": "None", "expr": "sum(increase(hits_total[1h])) < 0"},
                ]}]}, file)  # fmt: skip
            port = free_port()
            process = subprocess.Popen(
                ["vmalert", f"-rule={rules}", f"-datasource.url={self.url}", "-datasource.basicAuth.username=vmalert",
                 f"-datasource.basicAuth.password={self.server.key}", "-notifier.url=http://127.0.0.1:9",
                 f"-httpListenAddr=127.0.0.1:{port}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            try:
                def firing():
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=5) as answer:
                        return json.loads(answer.read())["data"]["alerts"]

                alerts = eventually(firing)
                self.assertEqual([(alert["name"], alert["labels"]["host"]) for alert in alerts], [("Hits", "a")])
            finally:
                process.kill()
                process.wait()

    def test_what_there_is(self):
        times = {"start": self.shop.end - 3600, "end": self.shop.end}
        self.assertEqual(self.ask("labels", times)[1]["data"], ["__name__", "code", "host"])
        names = self.ask("label/__name__/values", times)[1]["data"]
        self.assertEqual(
            names, ["disk:free", "hits_total", "load", "shop:orders_total", "wait_ms", "wait_ms_bucket", "wait_ms_count",
                    "wait_ms_max", "wait_ms_min", "wait_ms_sum"])  # fmt: skip
        self.assertEqual(self.ask("label/n1/values", times)[1]["data"], ["free", "orders"])
        found = self.ask("series", {"match[]": ['load{host="a"}', "disk:free"], **times}, post=True)[1]["data"]
        self.assertEqual([one["host"] for one in found], ["a", "b", "c", "a"])
        self.assertEqual(self.ask("metadata", {**times, "metric": "hits_total"})[1]["data"]["hits_total"][0]["type"], "counter")
        self.assertIn("version", self.ask("status/buildinfo", {})[1]["data"])
        # As Grafana asks whether all is well.
        status, answer = self.ask("query", {"query": "1+1", "time": self.shop.end}, post=True)
        self.assertEqual((status, answer["data"]["result"][1]), (200, "2"))

    def test_what_is_wrong_is_said(self):
        cases = [
            ("query", {"query": "sum("}, 400, "1:5: parse error"),
            ("query", {}, 400, "query: is missing"),
            ("query", {"query": "1", "time": "yesterday"}, 400, "time: is"),
            ("query", {"query": "label_join(a, \"b\", \"c\")"}, 422, "label_join is not supported"),
            ("query", {"query": "rate(load[5m])"}, 422, "delta"),
            ("query", {"query": "sum(rate(hits_total[450d]))"}, 422, "limit of days"),
            ("query_range", {"query": "load", "start": 0, "end": 20_000, "step": 1}, 422, "limit of instants"),
            ("query_range", {"query": "load", "start": 5, "end": 0, "step": 1}, 400, "end is before"),
            ("query_range", {"query": "load", "start": 0, "end": 5, "step": 0}, 400, "step"),
            ("series", {}, 400, "match[]"),
        ]
        for path, parameters, status, message in cases:
            found = self.ask(path, parameters)
            self.assertEqual(found[0], status, (path, parameters, found))
            self.assertEqual(found[1]["status"], "error")
            self.assertIn(message, found[1]["error"])
        self.assertEqual(self.ask("query", {"query": "1"}, {"Authorization": "Bearer nonsense"})[0], 401)
        wrong = base64.b64encode(b"grafana:nonsense").decode()
        self.assertEqual(self.ask("query", {"query": "1"}, {"Authorization": f"Basic {wrong}"})[0], 401)
        self.assertEqual(ask(self.url, "query", {"query": "1"})[0], 401)

    def test_a_user_sees_nothing_of_another(self):
        for headers in (
            {"Authorization": f"Bearer {self.other_key}"},
            {"Authorization": "Basic " + base64.b64encode(f"local:{self.other_key}".encode()).decode()},
        ):
            times = {"start": self.shop.end - 7200, "end": self.shop.end}
            everything = {"query": '{__name__=~".+"}', "time": self.shop.end, "step": 60, "match[]": '{__name__=~".+"}', **times}
            for path in ("query", "query_range", "series", "labels", "label/host/values", "metadata"):
                for post in (False, True):
                    if post and path in ("label/host/values", "metadata"):
                        continue
                    status, answer = self.ask(path, everything, headers, post)
                    self.assertEqual(status, 200, (path, answer))
                    self.assertIn(answer["data"], ([], {}, {"resultType": "vector", "result": []}, {"resultType": "matrix", "result": []}))
