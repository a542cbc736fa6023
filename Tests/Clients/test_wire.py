"""Fixtures/wire/bodies.json against the real server, over HTTP."""

import base64
import json
import unittest

from .server import REPOSITORY, Server


class BodyTests(unittest.TestCase):
    def test_a_body_is_taken_in_or_refused_with_the_error_of_the_vectors(self):
        server = Server()
        self.addCleanup(server.discard)
        cases = json.loads((REPOSITORY / "Fixtures" / "wire" / "bodies.json").read_text())["cases"]
        counted = 0
        for case in cases:
            body = base64.b64decode(case["base64"]) if "base64" in case else case["body"].encode()
            headers = {"Content-Encoding": case["encoding"]} if "encoding" in case else {}
            status, text = server.request("PUT", "/agg", body, headers)
            answer = json.loads(text)
            self.assertEqual(status, case["status"], case["name"])
            self.assertEqual(answer, {"error": case["error"]} if "error" in case else {"ok": True}, case["name"])
            for partial in [one for kind in case.get("batch", {}).get("prt", {}).values() for one in kind]:
                counted += partial["sum"] if (partial["typ"], partial["pth"]) == ("c", "a") else 0
        # What was refused has left nothing behind.
        self.assertEqual(server.status()[("c", "a")]["sum"], counted)
        self.assertEqual([path for kind, path in server.status()], ["a"] * 3)
