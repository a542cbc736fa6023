"""Tables of Markdown, and the ratios that are kept of them."""

# By name. More is worse.
ratios = {}

# What was beyond its limit, as sentences: a run that has some fails.
exceeded = []


def table(title, columns):
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}", flush=True)


def line(*cells):
    """A row of a table: numbers come as the texts that they are to be."""
    print(f"| {' | '.join(cells)} |", flush=True)


def keep(name, ratio):
    """Notes a ratio of which more is worse."""
    ratios[name] = round(ratio, 3)
    return ratio


def row(title, value, against, name, digits, inverted=False):
    """A row of two numbers and their ratio, which is kept; the other way round when less of it is worse."""
    ratio = value / against if against else float("inf")
    keep(name, 1 / ratio if inverted and ratio else ratio)
    line(title, f"{value:,.{digits}f}", f"{against:,.{digits}f}", f"{ratio:.2f}")


def at_most(what, value, limit, unit):
    """A figure beside the limit that it is to keep; beyond it, the run fails in the end, when all of its tables are there."""
    # (What is no number keeps no limit.)
    is_kept = value <= limit
    text = f"{value:.2f} {unit}, at most {limit:g} wanted"
    if not is_kept:
        exceeded.append(f"{what}: {text}")
    return text + ("" if is_kept else ": **beyond**")


def rate(value, is_limited):
    """A rate; behind ≥ when it was that of the load, which had no time left."""
    return f"{'≥ ' if is_limited else ''}{value:,.0f}"
