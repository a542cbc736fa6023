"""Whatever a README prints is run as it is printed, from the repository's root, and does what it says.

Only KEY is replaced by a key, and the standard ports by those of the server under test."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from .server import BINARY, REPOSITORY, Server, eventually


def blocks(path, language):
    """The code of one language in a page."""
    text = (REPOSITORY / path).read_text()
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)
    assert found, f"{path} has no {language}"
    return found


class ReadmeTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.discard)
        cls.local = cls.server.key

    def setUp(self):
        """A place that looks like the repository's root, and can be written to."""
        self.root = tempfile.mkdtemp(prefix="dattss-readme-")
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(REPOSITORY / "clients", os.path.join(self.root, "clients"))

    @property
    def environment(self):
        own = {name: value for name, value in os.environ.items() if not name.startswith("DATTSS_")}
        return own | {
            "DATTSS_SERVER_HTTP_PORT": str(self.server.port("http")), "DATTSS_SERVER_UDP_PORT": str(self.server.port("udp")),
            "DATTSS_DATA_DIR": self.server.data,
        }

    def run_as_printed(self, *command, text=None, **changes):
        done = subprocess.run(
            command, input=text, cwd=self.root, env={**self.environment, **changes}, capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done)
        return done

    def program(self, path, language, name):
        """Writes the first block of a page to a file, as somebody does who copies it."""
        file = os.path.join(self.root, name)
        with open(file, "w") as program:
            program.write(blocks(path, language)[0].replace("KEY", self.server.key))
        return file

    def assert_arrived(self, *statistics):
        """That something came of each."""
        def counts():
            return {
                name: (row.get("sum") or row.get("lst") or row.get("avg")) for name, row in self.server.status().items()}

        eventually(lambda: all(counts().get(name) for name in statistics))

    def forget(self):
        """Another user, so that what arrives is of this test."""
        user = f"of-{self.id().rsplit('_', 1)[1]}"
        self.server.key = subprocess.run(
            [BINARY, "user", "add", user, "--data-dir", self.server.data], check=True, capture_output=True, text=True
        ).stdout.strip()
        eventually(lambda: self.server.request("GET", "/api/v1/status")[0] == 200)

    def test_node(self):
        self.forget()
        for line in blocks("clients/nodejs/README.md", "sh"):
            self.run_as_printed("bash", "-e", text=line)
        self.run_as_printed("node", self.program("clients/nodejs/README.md", "js", "app.js"))
        self.assert_arrived(("c", "hits"), ("ms", "query.time"), ("g", "queue.length"))

    def test_python(self):
        self.forget()
        program = self.program("clients/python/README.md", "python", "app.py")
        self.assertEqual(blocks("clients/python/README.md", "sh"), ["pip install ./clients/python\n"])
        # (pip itself would ask the internet for what builds the package.)
        self.run_as_printed(sys.executable, program, PYTHONPATH=os.path.join(self.root, "clients/python"))
        self.assert_arrived(("c", "hits"), ("ms", "query.time"), ("g", "queue.length"))

    def test_php(self):
        self.forget()
        self.run_as_printed("php", self.program("clients/php/README.md", "php", "app.php"))
        self.assert_arrived(("c", "hits"), ("ms", "query.time"), ("g", "queue.length"))

    def test_composer(self):
        self.forget()
        with open(os.path.join(self.root, "composer.json"), "w") as project:
            project.write("{}")
        for lines in blocks("clients/php/README.md", "sh"):
            self.run_as_printed("bash", "-e", text=lines, COMPOSER_DISABLE_NETWORK="1", COMPOSER_ALLOW_SUPERUSER="1")
        program = self.program("clients/php/README.md", "php", "app.php")
        with open(program) as file:
            text = file.read()
        with open(program, "w") as file:
            file.write(re.sub(r"require '.*?'; // or ('vendor/autoload.php')", r"require \1; //", text))
        self.run_as_printed("php", program)
        self.assert_arrived(("c", "hits"))

    def test_shell(self):
        self.forget()
        text = blocks("clients/shell/README.md", "sh")[0].replace("KEY DATTSS", f"{self.server.key} DATTSS")
        for shell in ("sh", "bash"):
            with self.subTest(shell):
                self.run_as_printed(shell, "-e", text=text)
        self.assertTrue(os.path.exists(os.path.join(self.root, "backup.tgz")))
        self.assert_arrived(("c", "backup.runs"), ("g", "backup.size"), ("ms", "backup.time"))

    def test_swift(self):
        modules = REPOSITORY / ".build" / "debug" / "Modules"
        self.assertTrue((modules / "DattssClient.swiftmodule").exists(), "the debug build")
        program = self.program("clients/swift/README.md", "swift", "main.swift")
        # The C modules of what the client is made of.
        maps = sorted(REPOSITORY.glob("Sources/C/*/include/module.modulemap"))
        maps += sorted(REPOSITORY.glob(".build/checkouts/*/Sources/*/include/module.modulemap"))
        maps += sorted(REPOSITORY.glob(".build/debug/*.build/module.modulemap"))
        self.run_as_printed(
            "swiftc", "-typecheck", "-swift-version", "6", "-I", str(modules),
            *[word for path in maps for word in ("-Xcc", f"-fmodule-map-file={path}")], program)

    def test_opentelemetry(self):
        self.forget()
        lines = blocks("clients/opentelemetry.md", "sh")[0].replace("KEY", self.server.key)
        lines = lines.replace("127.0.0.1:3002", self.server.addresses["http"])
        program = os.path.join(self.root, "app.py")
        with open(program, "w") as file:
            file.write(
                "from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter\n"
                "from opentelemetry.sdk.metrics import MeterProvider\n"
                "from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader\n"
                "provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])\n"
                "provider.get_meter('x').create_counter('hits').add(3)\n"
                "provider.get_meter('x').create_histogram('wait', unit='ms').record(12)\n"
                "provider.shutdown()\n")
        self.run_as_printed("bash", "-e", text=f"{lines}\n{sys.executable} {program}\n")
        self.assert_arrived(("c", "hits"), ("ms", "wait"))

    def test_the_first_page(self):
        """The batch and the datagram of the repository's README, and its table."""
        text = blocks("README.md", "sh")[1]
        self.assertIn("dattss=.build/release/dattss\n", text)
        text = text.replace("dattss=.build/release/dattss", f"dattss={BINARY}")
        text = text.replace("127.0.0.1:3002", self.server.addresses["http"])
        text = text.replace("/dev/udp/127.0.0.1/8125", f"/dev/udp/127.0.0.1/{self.server.port('udp')}")
        self.server.key = self.local
        self.assertIn("status --watch", text)
        text = text.replace("status --watch", "status")
        done = self.run_as_printed("bash", "-e", text=text)
        self.assertIn('"ok":true', done.stdout)
        self.assertIn("shop.orders", done.stdout)
        eventually(lambda: self.server.status()["c", "shop.orders"]["sum"] == 4)


if __name__ == "__main__":
    unittest.main()
