"""The functions of the real graphite-web, over series that somebody else fetches."""

import contextlib
import json
import os
import tempfile
import warnings
from datetime import datetime, timezone


class GraphiteWeb:
    def __init__(self, fetch):
        """fetch: of a path, a beginning and an end in seconds, the series as /render answers them."""
        storage = os.path.join(tempfile.gettempdir(), "dattss-graphite-web")
        os.makedirs(os.path.join(storage, "log", "webapp"), exist_ok=True)
        os.environ["GRAPHITE_STORAGE_DIR"] = storage
        os.environ["DJANGO_SETTINGS_MODULE"] = "graphite.settings"
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import django

            django.setup()
            from graphite.functions import loadFunctions
            from graphite.render import datalib, evaluator

            loadFunctions()
        self.evaluator, self.datalib, self.fetch = evaluator, datalib, fetch
        evaluator.prefetchData = lambda *_: None
        evaluator.fetchData = self.series

    def series(self, context, path):
        found = []
        for one in self.fetch(path, *(int(context[name].timestamp()) for name in ("startTime", "endTime"))):
            points = one["datapoints"]
            if points:
                start = points[0][1]
                made = self.datalib.TimeSeries(
                    one["target"], start, start + 60 * len(points), 60, [value for value, _ in points], xFilesFactor=0.0)
                made.pathExpression = path
                found.append(made)
        return found

    @staticmethod
    def time(text, zone):
        """Seconds since 1970 of a time in Graphite's words."""
        import pytz
        from graphite.render.attime import parseATTime

        return int(parseATTime(text, pytz.timezone(zone)).timestamp())

    def render(self, target, start, end, most):
        """As JSON. most: maxDataPoints, or nothing."""
        context = {
            "startTime": datetime.fromtimestamp(start, timezone.utc), "endTime": datetime.fromtimestamp(end, timezone.utc),
            "now": None, "data": [], "prefetched": {}, "localOnly": False, "template": {}, "tzinfo": timezone.utc,
            "xFilesFactor": 0.0,
        }  # fmt: skip
        from graphite.render.views import renderViewJson

        options = {"maxDataPoints": most} if most else {}
        return json.loads(renderViewJson(options, self.evaluator.evaluateTarget(context, target)).content)
