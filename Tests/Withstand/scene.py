"""A server that is attacked: what its users are, and what there is to ask for."""

import os
import subprocess
import tempfile
import time

from Clients.server import BINARY, Server, eventually


class Scene:
    """The server on one core, if there are several; its users `local`, whose the attacks are, and `honest`."""

    def __init__(self, history_days=0):
        cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.load_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
        prefix = [] if self.server_core is None else ["taskset", "-c", str(self.server_core)]
        self.server = Server(prefix=prefix)
        self.port, self.key = self.server.port("http"), self.server.key
        if history_days:
            self.server.kill()
            self.import_history(history_days)
            self.server.start()
            self.port = self.server.port("http")
        self.honest_key = subprocess.run(
            [BINARY, "user", "add", "honest", "--data-dir", self.server.data], check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        # The running server learns of a new user by and by.
        eventually(lambda: self.server.request("GET", "/api/v1/status", None, self.honest)[0] == 200)

    @property
    def honest(self):
        return {"Authorization": f"Bearer {self.honest_key}"}

    def import_history(self, days):
        """A timer of each minute of some days, and nine others beside it."""
        now = int(time.time()) // 60 * 60
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            for minute in range(days * 1440, 0, -1):
                for number in range(10):
                    file.write(f"{now - 60 * minute},ms,history.path{number},{(minute * 7 + number) % 997}\n")
            file.flush()
            subprocess.run([BINARY, "import", file.name, "--data-dir", self.server.data], check=True, capture_output=True)

    def send(self, statistics, per_batch=2000):
        """Makes that many statistics of the user `local` live."""
        for start in range(0, statistics, per_batch):
            partials = ",".join(
                '{"pth":"attacked.path%d","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}' % number
                for number in range(start, min(start + per_batch, statistics)))
            status, text = self.server.request("PUT", "/agg", ('{"prt":{"c":[%s],"ms":[],"g":[]}}' % partials).encode())
            assert status == 200, text

    def resident_bytes(self):
        with open(f"/proc/{self.server.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
