"""How long a start takes."""

import json
import shutil
import subprocess
import tempfile
import time

from .programs import dattss
from .receivers import Server
from .report import line, table
from .runs import RUNS, median


def lines(now, minutes=1440, statistics=1000):
    """A day of minutes to import: of ten statistics five are counters, four timers and one a gauge."""
    for minute in range(minutes):
        for number in range(statistics):
            kind = "c" if number % 10 < 5 else "ms" if number % 10 < 9 else "g"
            yield f"{now - (minutes - minute) * 60},{kind},bench.some.path.{number},{(minute * number) % 97}\n"


def start():
    """From the command to 'ready' with a day of minutes of 1,000 statistics, and a query of one of them."""
    folder = tempfile.mkdtemp()
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.writelines(lines(int(time.time()) // 60 * 60))
            file.flush()
            subprocess.run([dattss(), "import", file.name, "--data-dir", folder], check=True, capture_output=True)
        with Server(folder=folder) as server:
            without_checkpoint = server.start_seconds
            server.stop()
        seconds, queries = [], []
        for _ in range(RUNS):
            with Server(folder=folder) as server:
                seconds.append(server.start_seconds)
                began = time.monotonic()
                answer = json.loads(server.get("/api/v1/series/ms/bench.some.path.7"))
                queries.append(time.monotonic() - began)
                assert len(answer["points"]) >= 1439
        table("Start with a day of 1,000 statistics", ["figure", "seconds"])
        line("start", f"{median(seconds):.2f}")
        line("… after an import, when no checkpoint shortens it", f"{without_checkpoint:.2f}")
        line("a day's series of one of them", f"{median(queries):.3f}")
    finally:
        shutil.rmtree(folder)
