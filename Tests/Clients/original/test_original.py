"""Programs of the original, unchanged, against the real server."""

import json
import subprocess
import unittest

from ..server import BINARY, Server, eventually
from .clients import Process, aggregate, push, send_line, version_1, version_1_python, version_2

VERSION_1_KEY = "12_" + "0123456789" * 4
VERSION_2_KEY = "ab" * 20 + "." + "9876543210" * 4


class Original(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.discard)
        self.http, self.udp = self.server.port("http"), self.server.port("udp")

    def command(self, *words):
        subprocess.run([BINARY, "user", *words, "--data-dir", self.server.data], check=True, capture_output=True)

    def adopt(self, key):
        self.command("keys", "adopt", "local", f"old {key[:3]}", key)
        # The server notices within a second.
        eventually(lambda: push(self.http, key, version_2({}))[0] == 200)

    def take(self, body, key=None):
        self.assertEqual(push(self.http, key or self.server.key, body), (200, {"ok": True}))

    def processes(self):
        return {one["name"]: one for one in self.server.get("/api/v1/processes")["processes"]}

    def stop(self, name):
        return self.server.request("POST", f"/api/v1/processes/{name}/stop", b"")


class Version2(Original):
    def test_what_is_pushed_is_counted(self):
        self.take(version_2({}))
        self.take(version_2({("c", "hits"): [1, 1, 3], ("ms", "wait"): [7, 3, 9], ("g", "load"): [5, -5]}))
        self.take(version_2({("c", "hits"): [2], ("g", "load"): [4]}))
        status = self.server.status()
        self.assertEqual(status["c", "hits"]["sum"], 7)
        self.assertEqual((status["g", "load"]["lst"], status["g", "load"]["max"], status["g", "load"]["min"]), (4, 5, -5))
        wait = self.server.series("ms", "wait")
        self.assertEqual((wait["sum"], wait["cnt"], wait["min"], wait["max"], wait["exact"]), (19, 3, 3, 9, True))

    def test_zeros_that_it_overlooks_make_no_percentile(self):
        for number, samples in enumerate([[0, 5], [0, 5, 7], [5, 0, 5], [0, 0, 0, 9], [-5] * 19 + [0], [0] + [-5] * 19]):
            given = aggregate(samples)
            self.take(version_2({("ms", f"t{number}"): samples}))
            found = self.server.series("ms", f"t{number}")
            point = found["points"][0]
            self.assertEqual((found["sum"], found["cnt"]), (sum(samples), len(samples)))
            # (bot and top are found among sorted samples, so that they often know a zero.)
            told = [given[field] for field in ("min", "max", "bot", "top", "fst", "lst")]
            is_told = min(told) <= min(samples) and max(told) >= max(samples)
            self.assertEqual((found["min"], found["max"], found["exact"]), (min(samples), max(samples), is_told), samples)
            self.assertIsNone(point["p50"], samples)
        self.assertIsNone(self.server.status()["ms", "t0"].get("p50"))
        # Real equal samples are known.
        self.take(version_2({("ms", "equal"): [5, 5, 5]}))
        self.assertEqual([self.server.series("ms", "equal")["points"][0][p] for p in ("p50", "p99", "min")], [5, 5, 5])

    def test_what_contradicts_itself_otherwise_is_refused(self):
        for change in [{"sum": 100}, {"sum": -1}, {"bot": 9, "top": 1, "max": 9}, {"min": 9, "bot": 9}]:
            partial = {"typ": "ms", "pth": "odd", **aggregate([2, 3]), **change}
            status, answer = push(self.http, self.server.key, {"prt": {"c": [], "ms": [partial], "g": []}})
            self.assertEqual((status, answer["error"]["name"]), (400, "bad_value"), change)
        self.assertEqual(self.server.status(), {})

    def test_partials_of_nothing_are_nothing(self):
        nothing = {"typ": "c", "pth": "nothing", "sum": 0, "cnt": 0, "max": None, "min": None, "emp": False}
        body = version_2({("c", "hits"): [2]})
        body["prt"]["c"].insert(0, nothing)
        self.take(body)
        self.assertEqual(list(self.server.status()), [("c", "hits")])

    def test_the_key_may_be_in_the_body(self):
        body = {"auth": self.server.key, **version_2({("c", "hits"): [2]})}
        anonymous = {"Authorization": ""}
        self.assertEqual(self.server.request("PUT", "/agg", json.dumps(body).encode(), anonymous)[0], 200)
        for auth in ["local.nonsense", None, 7]:
            wrong = json.dumps({**body, "auth": auth}).encode()
            self.assertIn(self.server.request("PUT", "/agg", wrong, anonymous)[0], (400, 401), auth)
        # Of somebody who is not known only so much is read.
        large = json.dumps({**body, "padding": "x" * 70_000}).encode()
        self.assertEqual(self.server.request("PUT", "/agg", large, anonymous)[0], 401)
        self.assertEqual(self.server.status()["c", "hits"]["sum"], 2)

    def test_its_key_is_good_once_it_is_adopted(self):
        self.assertEqual(push(self.http, VERSION_2_KEY, version_2({}))[0], 401)
        self.adopt(VERSION_2_KEY)
        self.take(version_2({("c", "hits"): [2]}), VERSION_2_KEY)
        process = Process(self.http, VERSION_2_KEY, "old")
        eventually(lambda: self.processes()["old"]["up"])
        eventually(lambda: self.stop("old")[0] == 200)
        process.thread.join(30)
        self.assertTrue(process.was_told)
        self.assertEqual(self.server.status()["c", "hits"]["sum"], 2)

    def test_a_stop_is_for_the_run_that_is_there(self):
        process = Process(self.http, self.server.key, "api")
        eventually(lambda: self.processes()["api"]["up"])
        self.assertEqual(self.stop("api")[0], 200)
        process.thread.join(30)
        self.assertTrue(process.was_told)
        # Somebody presses the button once more, before it is seen to be down; its supervisor starts it again.
        self.assertEqual(self.stop("api")[0], 200)
        self.assertEqual(self.processes()["api"]["stop"], "told")
        again = Process(self.http, self.server.key, "api")
        eventually(lambda: self.processes()["api"]["stop"] is None)
        self.assertFalse(again.was_told)
        again.crash()
        third = Process(self.http, self.server.key, "api")
        eventually(lambda: self.stop("api")[0] == 200 and third.was_told)


class Version1(Original):
    def test_the_process_is_a_part_of_the_name_with_its_key(self):
        self.adopt(VERSION_1_KEY)
        self.take(version_1("api", 3.5, {("c", "view"): [10], ("ms", "view"): [4, 6]}), VERSION_1_KEY)
        self.take(version_1("cache", 3.5, {("c", "view"): [20]}), VERSION_1_KEY)
        send_line(self.udp, VERSION_1_KEY, "cache", "view", "5c!")
        eventually(lambda: self.server.status()["c", "cache.view"]["sum"] == 25)
        status = self.server.status()
        self.assertEqual(sorted(status), [("c", "api.view"), ("c", "cache.view"), ("ms", "api.view")])
        self.assertEqual((status["c", "api.view"]["sum"], status["c", "cache.view"]["emp"]), (10, True))
        self.assertEqual(sorted(self.processes()), ["api", "cache"])
        # Nothing of version 1 asks whether to stop, and that is said.
        self.assertEqual(self.stop("api")[0], 409)
        self.assertEqual(self.server.request("DELETE", "/api/v1/processes/api")[0], 409)

    def test_a_user_may_have_it_either_way(self):
        def view(process, key):
            self.take(version_1(process, 3.5, {("c", "view"): [1]}), key)
            return set(self.server.status())

        self.adopt(VERSION_1_KEY)
        self.assertEqual(view("api", self.server.key), {("c", "view")})
        self.command("v1-paths", "local", "on")
        eventually(lambda: ("c", "web.view") in view("web", self.server.key))
        self.command("v1-paths", "local", "off")
        eventually(lambda: self.server.status()["c", "view"]["sum"] > 1 or not view("off", VERSION_1_KEY))
        self.command("v1-paths", "local", "default")
        eventually(lambda: ("c", "late.view") in view("late", VERSION_1_KEY))

    def test_its_python_client_has_no_first_value(self):
        self.take(version_1_python("job", {("c", "runs"): [1], ("ms", "took"): [0, 7], ("g", "left"): [3, 2]}))
        self.assertEqual(self.server.series("c", "runs")["points"][0]["fst"], 1)
        self.assertEqual(self.server.series("ms", "took")["sum"], 7)
        partial = {"nam": "few", "typ": "ms", "sum": 12, "cnt": 3, "lst": 2, "max": 6}
        self.take({"nam": "job", "upt": 0, "prt": {"c": [], "ms": [partial], "g": []}})
        few = self.server.series("ms", "few")
        self.assertEqual((few["sum"], few["cnt"], few["max"], few["exact"]), (12, 3, 6, False))
        # Only what is named as version 1 names it may lack anything.
        partial["pth"] = partial.pop("nam")
        self.assertEqual(push(self.http, self.server.key, {"prt": {"c": [], "ms": [partial], "g": []}})[0], 400)

    def test_a_restart_is_seen(self):
        for uptime in (1000.5, 1005.5, 0.25):
            self.take(version_1("api", uptime, {("c", "view"): [1]}))
        self.assertEqual(len(self.processes()["api"]["restarts"]), 1)
        self.take(version_1("api", 5.25, {("c", "view"): [1]}))
        self.assertEqual(len(self.processes()["api"]["restarts"]), 1)

    def test_a_key_of_neither_form_is_not_adopted(self):
        for key in ["12", "12_short", self.server.key]:
            with self.assertRaises(subprocess.CalledProcessError):
                self.command("keys", "adopt", "local", "odd", key)


if __name__ == "__main__":
    unittest.main()
