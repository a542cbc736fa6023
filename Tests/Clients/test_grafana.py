"""The dashboard in Fixtures/grafana, asked as Grafana's data sources ask it, and the settings of clients/grafana.md.

What they send is in their sources: for Prometheus pkg/promlib (a health check of 1+1, query_range and query as a posted form, label
values for variables), for Graphite public/app/plugins/datasource/graphite/datasource.ts (render as a posted form, metrics/find, events)."""

import base64
import json
import math
import re
import time
import unittest
import urllib.parse

from .server import REPOSITORY, Server, eventually

HOUR = 3600


def post(**parameters):
    return urllib.parse.urlencode(parameters, doseq=True).encode()


class GrafanaTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)
        cls.server.kill()
        cls.end = int(time.time()) // 60 * 60
        lines = []
        for minute in range(1, 181):
            at = cls.end - minute * 60 + 7
            for page, count in (("home", 60), ("cart", 12)):
                lines.append(f"{at},c,shop.pages.{page},{count}")
            lines.append(f"{at},c,shop.orders,6")
            # 1, 2 … 10 ms, the same in every minute, and another timer that is slower.
            lines += [f"{at},ms,shop.checkout.time,{value}" for value in range(1, 11)]
            lines += [f"{at},ms,shop.search.time,{value}" for value in range(101, 111)]
            for host, load in (("web1", 0.5), ("web2", 1.5)):
                lines.append(f"{at},g,host.{host}.load.1m,{load}")
        cls.server.bring_in(lines)
        cls.server.start()
        # As the page says.
        cls.key = cls.server.command("user", "keys", "add", "local", "grafana", "--scope", "read").split()[-1]
        known = {"Authorization": f"Bearer {cls.key}"}
        eventually(lambda: cls.server.request("GET", "/api/v1/status", headers=known)[0] == 200)
        cls.dashboard = json.loads((REPOSITORY / "Fixtures/grafana/dashboard.json").read_text())

    def ask(self, path, body=None, status=200):
        """As Grafana's proxy does: with basic authentication."""
        credentials = base64.b64encode(f"any:{self.key}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "User-Agent": "Grafana/10.4.1"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        found, text = self.server.request("POST" if body is not None else "GET", path, body, headers)
        self.assertEqual(found, status, (path, body, text[:300]))
        return json.loads(text)

    def prometheus(self, path, **parameters):
        answer = self.ask(f"/prometheus/api/v1/{path}", post(**parameters))
        self.assertEqual(answer["status"], "success")
        return answer["data"]

    def targets(self, type):
        """The panels' questions, each with the title of its panel."""
        return [(panel["title"], target) for panel in self.dashboard["panels"] for target in panel["targets"]
                if target["datasource"]["type"] == type]  # fmt: skip

    @staticmethod
    def filled(expression, host=".+"):
        # At the least four times the scrape interval of the settings.
        return expression.replace("$__rate_interval", "4m0s").replace("$__interval", "1m0s").replace("$host", host)

    def test_the_page_prints_settings_that_work(self):
        text = (REPOSITORY / "clients/grafana.md").read_text()
        settings = re.search(r"```yaml\n(.*?)```", text, re.S)[1]
        urls = re.findall(r"url: http://127\.0\.0\.1:3002(/\S+)", settings)
        self.assertEqual(urls, ["/prometheus", "/graphite"])
        # The key in a header of its own, as the page says.
        bearer = {"Authorization": f"Bearer {self.key}"}
        self.assertEqual(self.server.request("GET", f"{urls[0]}/api/v1/status/buildinfo", headers=bearer)[0], 200)
        for url in (f"{urls[0]}/api/v1/query?query=1", f"{urls[1]}/metrics/find?query=*"):
            self.assertEqual(self.server.request("GET", url, headers={"Authorization": "Basic YW55OndyYW5n"})[0], 401)

    def test_the_data_source_of_prometheus_is_healthy(self):
        data = self.prometheus("query", query="1+1", time=f"{time.time():.3f}")
        self.assertEqual((data["resultType"], data["result"][1]), ("scalar", "2"))
        version = self.ask("/prometheus/api/v1/status/buildinfo")["data"]["version"]
        self.assertRegex(version, r"^\d+\.\d+\.\d+")
        # The query editor: names, what they are, labels and their values.
        span = f"start={self.end - HOUR}&end={self.end}"
        names = self.ask(f"/prometheus/api/v1/label/__name__/values?{span}")["data"]
        self.assertIn("shop:orders_total", names)
        self.assertIn("shop:orders_total", self.ask("/prometheus/api/v1/metadata?limit=40000")["data"])
        selector = urllib.parse.quote('{__name__="shop:orders_total"}')
        self.assertEqual(len(self.ask(f"/prometheus/api/v1/series?match[]={selector}&{span}")["data"]), 1)
        self.assertIn("__name__", self.ask(f"/prometheus/api/v1/labels?match[]={selector}&{span}")["data"])

    def test_the_variable_lists_the_hosts(self):
        variable = self.dashboard["templating"]["list"][0]
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        query = urllib.parse.urlencode({"match[]": selector, "start": self.end - HOUR, "end": self.end})
        self.assertEqual(self.ask(f"/prometheus/api/v1/label/{label}/values?{query}")["data"], ["web1", "web2"])

    def test_every_panel_of_prometheus_shows_the_right_numbers(self):
        expected = {
            "Counters by the second": {"A": {1.0, 0.2, 0.1}},
            # Of both timers together: one half of the samples is 1 … 10, the other 101 … 110.
            "Timers: median, 95th and 99th percentile of all together": {"A": {10}, "B": {109}, "C": {110}},
            "Load of $host": {"A": {0.5, 1.5}},
            "Orders in an hour": {"A": {360}},
            "Slowest timer now": {"A": {110}},
        }
        start, end = self.end - 2 * HOUR, self.end - 120
        seen = set()
        for title, target in self.targets("prometheus"):
            with self.subTest(title, target=target["refId"]):
                seen.add(title)
                query = self.filled(target["expr"])
                if target["instant"]:
                    result = self.prometheus("query", query=query, time=end)["result"]
                    values = [[float(one["value"][1])] for one in result]
                else:
                    result = self.prometheus("query_range", query=query, start=start, end=end, step=60)["result"]
                    values = [[float(value) for _, value in one["values"]] for one in result]
                    # A point a step, without a gap.
                    self.assertTrue(all(len(one["values"]) == (end - start) // 60 + 1 for one in result), result)
                self.assertTrue(result, query)
                for wanted, found in zip(sorted(expected[title][target["refId"]]), sorted(values), strict=True):
                    for value in found:
                        self.assertTrue(math.isclose(value, wanted, rel_tol=0.02), (query, value, wanted))
        self.assertEqual(seen, set(expected))

    def test_a_variable_chooses_hosts(self):
        target = next(target for title, target in self.targets("prometheus") if title.startswith("Load"))
        query = self.filled(target["expr"], "(web2)")
        result = self.prometheus("query", query=query, time=self.end - 120)["result"]
        self.assertEqual([(one["metric"], one["value"][1]) for one in result], [({"n1": "web2"}, "1.5")])

    def test_every_panel_of_graphite_shows_the_right_numbers(self):
        expected = {
            "aliasByNode(stats.counters.shop.*.rate, 3)": {"orders": 0.1},
            "alias(sumSeries(stats.counters.shop.pages.*.rate), 'pages')": {"pages": 1.2},
            "aliasSub(stats.timers.shop.*.time.upper_90, '.*timers.', '')": {
                "shop.checkout.time.upper_90": 9, "shop.search.time.upper_90": 109},
            "movingAverage(stats.timers.shop.checkout.time.mean, '15min')": {None: 5.5},
        }  # fmt: skip
        seen = set()
        for title, target in self.targets("graphite"):
            with self.subTest(title, target=target["refId"]):
                seen.add(target["target"])
                body = post(target=target["target"], **{"from": self.end - 2 * HOUR}, until=self.end - 60, format="json", maxDataPoints=1200)
                series = self.ask("/graphite/render", body)
                wanted = expected[target["target"]]
                if None not in wanted:
                    self.assertEqual({one["target"] for one in series}, set(wanted))
                for one in series:
                    values = [value for value, _ in one["datapoints"] if value is not None]
                    self.assertGreaterEqual(len(values), 100, one["target"])
                    for value in values:
                        self.assertTrue(math.isclose(value, wanted.get(one["target"], wanted.get(None)), rel_tol=0.02), (one["target"], value))
        self.assertEqual(seen, set(expected))

    def test_the_data_source_of_graphite_finds_names_and_marks(self):
        # What its test asks.
        body = post(target="constantLine(100)", **{"from": "-24h"}, until="now", format="json", maxDataPoints=300)
        self.assertEqual(self.ask("/graphite/render", body)[0]["datapoints"][0][0], 100)
        found = self.ask("/graphite/metrics/find", post(query="stats.counters.shop.*"))
        self.assertEqual([(node["text"], node["expandable"]) for node in found], [("orders", 1), ("pages", 1)])
        self.assertRegex(self.ask("/graphite/version"), r"^1\.1\.")

        for text, tags in (("deployed 1.4.2", ["api", "west"]), ("moved", ["database"])):
            body = json.dumps({"text": text, "tags": tags}).encode()
            self.assertEqual(self.server.request("POST", "/api/v1/marks", body)[0], 201)
        span = f"from={self.end - HOUR}&until={self.end + HOUR}"
        events = self.ask(f"/graphite/events/get_data?{span}&tags=")
        self.assertEqual([event["what"] for event in events], ["deployed 1.4.2", "moved"])
        self.assertLess(abs(events[-1]["when"] - time.time()), 120)
        chosen = self.ask(f"/graphite/events/get_data?{span}&tags=api+west")
        self.assertEqual([(event["what"], event["tags"], event["data"]) for event in chosen], [("deployed 1.4.2", ["api", "west"], "")])
        self.assertEqual(self.ask(f"/graphite/events/get_data?{span}&tags=api+database"), [])
        self.assertEqual(self.ask(f"/graphite/events/get_data?from={self.end - 2 * HOUR}&until={self.end - HOUR}"), [])


if __name__ == "__main__":
    unittest.main()
