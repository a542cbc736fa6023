"""Minutes that are forwarded to a real Prometheus that speaks TLS and wants a password: none is lost while either is wrong."""

import shutil
import ssl
import sys
import unittest
import urllib.request
from pathlib import Path

from .prometheus import ask
from .server import REPOSITORY, eventually
from .targets import PrometheusReceiver, labels
from .test_forwarding import Feeder, HurriedServer

sys.path.insert(0, str(REPOSITORY / "Tests"))
from Browser.certificate import Certificate  # noqa: E402

# Of bcrypt, of the password "secret".
HASH = "$2b$12$SqMJoG4jciFocDVxMv.mg.YSJCYSSmJ8FSHIhpntYbOQy1L7OlKC."
AUTHORIZATION = {"Authorization": "Basic YW5uOnNlY3JldA=="}  # ann:secret


class SecuredPrometheus(PrometheusReceiver):
    """With a certificate that nobody's system trusts, and a user `ann`."""

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def address(self):
        return f"prometheus+https://127.0.0.1:{self.port}/api/v1/write"

    def prepare(self):
        super().prepare()
        self.files = Certificate(self.folder)
        self.context = ssl.create_default_context(cafile=self.files.certificate)
        Path(self.folder, "web.yml").write_text(
            f"tls_server_config:\n  cert_file: {self.files.certificate}\n  key_file: {self.files.key}\n"
            f"basic_auth_users:\n  ann: {HASH}\n")

    def command(self):
        return [*super().command(), f"--web.config.file={self.folder}/web.yml"]

    def answers(self, path):
        request = urllib.request.Request(f"{self.url}{path}", headers=AUTHORIZATION)
        with urllib.request.urlopen(request, timeout=5, context=self.context) as answer:
            return answer.status == 200

    def samples(self, selector, end, seconds=7200):
        status, answer = ask(self.url, "query", {"query": f"{selector}[{seconds}s]", "time": end}, AUTHORIZATION, context=self.context)
        assert status == 200, answer
        return {labels(one["metric"]): {round(float(at)): float(value) for at, value in one["values"]} for one in answer["data"]["result"]}


@unittest.skipUnless(shutil.which("faketime"), "there is no faketime here")
class SecuredForwardingTests(unittest.TestCase):
    def setUp(self):
        self.target = SecuredPrometheus()
        self.addCleanup(self.target.discard)
        self.password = Path(self.target.folder, "password")
        self.password.write_text("ann:wrong\n")
        options = f"?basic-file={self.password}&user=local"
        # The one knows who vouches for the certificate, the other trusts only whom the system does.
        knowing, doubting = f"{self.target.address}{options}&ca-file={self.target.files.certificate}", f"{self.target.address}2{options}"
        self.knowing, self.doubting = f"{self.target.address}?user=local", f"{self.target.address}2?user=local"
        self.server = HurriedServer("--forward", knowing, "--forward", doubting)
        self.addCleanup(self.server.discard)

    def count(self, name, address):
        return self.server.metric(f'dattss_forward_{name}{{target="{address}"}}')

    def cursors(self):
        folder = Path(self.server.data, "forward")
        return len(list(folder.glob("*.minute"))) if folder.exists() else 0

    def test_wrong_password_and_unknown_certificate(self):
        eventually(lambda: self.cursors() == 2)
        feeder = Feeder(self.server, 20261130)
        feeder.start()
        self.addCleanup(feeder.ending.set)
        end = self.server.now() + 240
        eventually(
            lambda: self.server.now() > end
            and all(self.count("failures_total", address) > 1 for address in (self.knowing, self.doubting)))
        self.assertEqual(self.count("samples_sent_total", self.knowing), 0)
        # Somebody mends the password; nobody starts anything anew.
        self.password.write_text("ann:secret\n")
        eventually(lambda: self.count("samples_sent_total", self.knowing) > 0, 60)
        feeder.ending.set()
        feeder.join()
        end = int(self.server.now()) // 60 * 60
        eventually(lambda: self.server.now() > end + 180 and self.server.lag(self.knowing) == 0, 60)
        points = self.server.points("c", "hits.env:prod.host:a")
        (found,) = self.target.samples("hits_total", int(self.server.now()) + 600).values()
        total, expected = 0, {}
        for at in sorted(points):
            total += points[at]["sum"]
            expected[at + 60] = total
        self.assertGreater(len(expected), 3)
        for at, value in expected.items():
            self.assertAlmostEqual(found[at], value, delta=1e-9 * total, msg=f"at {at}")
        # Whoever is not vouched for gets nothing, neither minutes nor the password.
        self.assertEqual(self.count("samples_sent_total", self.doubting), 0)
        self.assertGreater(self.server.lag(self.doubting), 0)


if __name__ == "__main__":
    unittest.main()
