"""Three periods of a known mixture. Between them it waits for the test to go on."""

import json
import time

from dattss import Dattss

stats = Dattss(process="mixture")
for period in range(3):
    for i in range(400):
        stats.agg("mix.hits", "1c!" if i == 0 else "1c")
        stats.count("mix.bytes", i % 7)
        stats.time("mix.wait", 1 + i * 37 % 500 + 0.5)
        stats.agg("mix.load", f"{period * 1000 + i - 200}g")
        if i % 100 == 0:
            # Waits: samples of one period are to go out in several pushes.
            time.sleep(0.06)
    print("period", period, flush=True)
    input()
# No stop and no flush: the end of the program has to send the rest.
print(json.dumps({"dropped": sum(stats.drops.values())}), flush=True)
