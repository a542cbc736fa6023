"""Several runs of a measurement, and what is made of them."""

import os
import statistics

RUNS = int(os.environ.get("DATTSS_BENCH_RUNS", "3"))


def median(values):
    return statistics.median(values)


def by_turns(*measures, runs=None):
    """Medians of what measures return, each of which is asked in turn: so all of them meet the same machine."""
    results = [[measure() for measure in measures] for _ in range(runs or RUNS)]
    return [[median(run[number][part] for run in results) for part in range(len(results[0][number]))]
            for number in range(len(measures))]


def highest(measure, samples, paths):
    """The highest rate at which nothing is lost, found by doubling and halving; whether it was that of the sender, which had no
    time left; and CPU seconds of the receiver a million at that rate.

    `measure(samples, rate, paths, seconds)` returns what was reached, the share that was lost, and the cost. Each rate has three
    tries: what a receiver cannot take it loses each time, what it loses because the machine was busy with something else for some
    milliseconds it does not; and so for a sender. A try lasts long enough that what the socket holds is next to nothing.
    """
    good, bad, cost, rate = 0, None, 0, 50_000 * (5 if samples > 1 else 1)
    while bad is None or bad / max(good, 1) > 1.1:
        tries = []
        while len(tries) < 3 and not (tries and tries[-1][0] >= rate * 0.9 and tries[-1][1] == 0):
            tries.append(measure(samples, int(rate), paths, 3))
        if whole := [(reached, cpu) for reached, lost, cpu in tries if lost == 0]:
            reached, cost = max(whole)
            good = min(rate, reached)
            if reached < rate * 0.9:
                return good, True, cost
        else:
            bad = rate
        rate = rate * 2 if bad is None else (good + bad) / 2
        if rate < 1000:
            return 0, False, 0
    return good, False, cost
