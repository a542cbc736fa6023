"""A machine whose clock is set, as libfaketime does it to the real server: nothing that was kept is gone when it is right again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from Clients.server import BINARY, Server, eventually

DAYS = 7


class FakedServer(Server):
    """A server under faketime, which is its parent and waits for it."""

    def kill(self):
        parent = self.process.pid
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@unittest.skipUnless(shutil.which("faketime"), "there is no faketime here")
class Clock(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dattss-clock-")
        self.addCleanup(folder.cleanup)
        self.offset = Path(folder.name) / "offset"
        self.set("+0")
        # The uptime is the machine's own, as it is when a clock is set.
        self.server = FakedServer(prefix=[
            "faketime", "--exclude-monotonic", "-f", "+0", "env", "-u", "FAKETIME",
            f"FAKETIME_TIMESTAMP_FILE={self.offset}", "FAKETIME_NO_CACHE=1"])
        self.addCleanup(self.server.discard)
        # It knows what time it is from one run to the next.
        eventually(lambda: Path(self.server.data, "clock").exists(), 60)
        # A week of history, sealed at the start.
        self.server.kill()
        now = int(time.time())
        history = Path(folder.name) / "history.csv"
        history.write_text("".join(f"{now - day * 86_400},c,kept,1\n" for day in range(DAYS, 0, -1)))
        subprocess.run([BINARY, "import", "--data-dir", self.server.data, history], check=True, capture_output=True)
        self.server.start()
        eventually(lambda: len(self.files()) == 2 * DAYS, 60)

    def set(self, offset):
        # In one step, so that nobody reads half of it.
        unfinished = self.offset.with_suffix(".tmp")
        unfinished.write_text(offset + "\n")
        unfinished.replace(self.offset)

    def files(self):
        return {path.name for path in Path(self.server.data).glob("*/*") if path.suffix in (".day", ".hours")}

    def kept(self):
        start = int(time.time()) - (DAYS + 1) * 86_400
        return sum(point["cnt"] for point in self.server.get(f"/api/v1/series/c/kept?step=1440&from={start}")["points"])

    def unconfirmed_days(self):
        return self.server.metric("dattss_clock_unconfirmed_seconds") / 86_400

    def test_a_clock_that_is_set_forward_for_some_seconds(self):
        # Goal: what an operator's mistake, or a bad source of time, does for a moment; a pass of the retention runs meanwhile.
        before = self.files()
        for days in (9, 30, 410):
            passes = self.server.metric("dattss_housekeeping_passes_total")
            self.set(f"+{days}d")
            eventually(lambda: self.server.metric("dattss_housekeeping_passes_total") > passes, 90)
            self.assertAlmostEqual(self.unconfirmed_days(), days, delta=0.1)
            self.set("+0")
            eventually(lambda: self.unconfirmed_days() == 0, 30)
            self.assertLessEqual(before, self.files())
        self.assertEqual(self.kept(), DAYS)

    def test_a_server_that_starts_with_a_wrong_clock(self):
        # Goal: a machine whose clock is set after its services have started, days ahead or in 1970.
        before = self.files()
        for offset in ("+30d", "-10d", "-20000d"):
            self.server.kill()
            self.set(offset)
            self.server.start()
            eventually(lambda: self.server.metric("dattss_housekeeping_passes_total") > 0, 60)
            self.server.kill()
            self.server.start()
            eventually(lambda: self.server.metric("dattss_housekeeping_passes_total") > 0, 60)
            self.set("+0")
            eventually(lambda: self.unconfirmed_days() == 0, 30)
            self.assertLessEqual(before, self.files(), offset)
        self.assertEqual(self.kept(), DAYS)
