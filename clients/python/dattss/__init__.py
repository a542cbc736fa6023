"""Counts, times and gauges what a program does, and sends it to a DaTtSs server every five seconds.

    from dattss import Dattss

    stats = Dattss(auth="KEY", process="api")
    stats.agg("hits", "1c")
"""

from ._client import Dattss

__all__ = ["Dattss"]
__version__ = "2.0.0"
