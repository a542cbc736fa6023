"""The plots show what the API answers, and nothing else."""

import datetime
import json
import re
import time
import unittest
from zoneinfo import ZoneInfo

from page import Keys, until
from scene import Scene, week

SHOWN = ["c:shop.orders", "ms:shop.checkout.time", "g:host.web1.load.1m"]


class Plots(Scene):
    @classmethod
    def prepare(cls, server):
        cls.samples = week()
        server.load(cls.samples)

    def open(self, **view):
        view = {"show": ",".join(SHOWN), "tz": self.zone.replace("+", "%2B"), **view}
        self.page.open("/#" + "&".join(f"{name}={value}" for name, value in view.items())).dashboard()
        return self.page.plots()

    def today(self):
        return datetime.datetime.now(ZoneInfo(self.zone)).date()

    def columns(self, index):
        return self.page.js("""const { plot } = document.querySelectorAll('.plot')[arguments[0]];
            return { names: plot.names, columns: plot.data.columns, open: plot.data.open, drawn: plot.graph.rawData_ }""", index)

    def formatted(self, kind, value):
        """As the page writes a value."""
        return self.page.js("return import('/assets/format.js').then(({ valueOf }) => valueOf(arguments[0], arguments[1]))", kind, value)

    def bands(self):
        zone = self.zone.replace("+", "%2B")
        return [
            self.server.api(f"day/{statistic.replace(':', '/')}?date={self.today()}&tz={zone}&step=5")["band"] for statistic in SHOWN
        ]

    def test_the_plot_has_the_band_of_the_api(self):
        # What is usual goes on with the day: the page asked between two answers that are the same.
        for _ in range(10):
            before = self.bands()
            self.open()
            if self.bands() == before:
                break
        else:
            self.fail("what is usual changes all the time")
        for index, statistic in enumerate(SHOWN):
            self.assertGreater(len(before[index]), 250)
            band = self.page.js("return document.querySelectorAll('.plot')[arguments[0]].plot.data.band", index)
            for point in before[index]:
                self.assertLessEqual(point["low"], point["usual"])
                self.assertLessEqual(point["usual"], point["high"])
                shown = band[point["minute"] // 5]
                for side in ("low", "high"):
                    self.assertAlmostEqual(shown[side], point[side] / (5 if statistic.startswith("c:") else 1))
        self.page.shoot("band")

    def check(self, day, step):
        for index, statistic in enumerate(SHOWN):
            kind, path = statistic.split(":")
            answer = self.server.api(f"day/{kind}/{path}?date={day}&tz={self.zone.replace('+', '%2B')}&step={step}")
            plot = self.columns(index)
            shown = dict(zip(plot["names"], plot["columns"]))
            wanted = {name: [None] * (1440 // step) for name in shown}
            for point in answer["usual"]:
                i = point["minute"] // step
                wanted["usual"][i] = {"c": lambda: point["sum"] / point["minutes"], "ms": lambda: point["p50"],
                                      "g": lambda: point["sum"] / point["cnt"]}[kind]()
            for point in answer["today"]:
                i = point["minute"] // step
                main = {"c": lambda: point["sum"] / step, "ms": lambda: point["p50"], "g": lambda: point["sum"] / point["cnt"]}[kind]()
                wanted["p50" if kind == "ms" else "today"][i] = main
                for name in shown.keys() - {"usual", "today", "p50"}:
                    wanted[name][i] = point[name]
            last = max(point["minute"] for point in answer["today"]) // step
            for run in answer["silent"]:
                for i in range(run["from"] // step, min(last, run["to"] // step)):
                    wanted["today"][i] = wanted["today"][i] or 0
            self.assertGreater(sum(value is not None for value in wanted["usual"]), 1000 // step)
            for name, values in wanted.items():
                for i, value in enumerate(values):
                    # The step that is not over is a rate over what is over of it.
                    if kind == "c" and i >= last and day == self.today().isoformat():
                        continue
                    if value is None:
                        self.assertIsNone(shown[name][i], f"{statistic} {name} at {i * step}")
                    else:
                        self.assertAlmostEqual(
                            shown[name][i], value, delta=1e-9 * max(1, abs(value)), msg=f"{statistic} {name} at {i * step}")
            for row in plot["drawn"]:
                self.assertEqual(row[1:], [column[row[0] // step] for column in plot["columns"]])

    def test_the_numbers_of_today_are_those_of_the_api(self):
        self.assertEqual(self.open(), [statistic.split(":")[1] for statistic in SHOWN])
        self.check(self.today().isoformat(), 5)
        self.assert_sound()

    def test_the_numbers_of_another_day_and_step_are_those_of_the_api(self):
        day = (self.today() - datetime.timedelta(days=2)).isoformat()
        self.open(day=day, step=30)
        self.check(day, 30)

    def test_the_table_says_the_same(self):
        self.open(step=60, show=SHOWN[0])
        self.page.one(".plot details summary").click()
        rows = until(lambda: self.page.js("""return [...document.querySelectorAll('.plot tbody tr')]
            .map(row => [...row.children].map(cell => cell.textContent))"""))
        plot = self.columns(0)
        for time, usual, today in rows:
            i = int(time[:2])
            self.assertEqual([usual, today], [self.page.js(
                "return import('/assets/format.js').then(({ exact }) => exact(Number(arguments[0]?.toPrecision(9) ?? NaN)))", column[i])
                for column in plot["columns"]])
        self.assertGreaterEqual(len(rows), 23)
        self.assertIn("on average", self.page.text(".plot .summary"))
        self.assertIn("vs the usual day (mean of 7 days)", self.page.text(".plot .summary"))

    def test_gaps_are_gaps(self):
        self.open(show="g:host.web1.load.1m")
        columns = self.columns(0)["columns"]
        values = columns[1]
        known = [i for i, value in enumerate(values) if value is not None]
        first, last = known[0], known[-1]
        holes = [i for i in range(first, last) if values[i] is None]
        self.assertGreaterEqual(len(holes), 5)
        # Not a pixel of the line's colour where there is no data.
        seen = self.page.js("""
            const { plot } = document.querySelector('.plot');
            const canvas = plot.graph.hidden_;
            const context = canvas.getContext('2d');
            const scale = canvas.width / canvas.clientWidth;
            const area = plot.graph.getArea();
            const [r, g, b] = getComputedStyle(document.querySelector('.plot .item.today i')).backgroundColor.match(/[\\d.]+/g).map(Number);
            const pixels = minute => {
              const x = Math.round(plot.graph.toDomXCoord(minute) * scale);
              const { data } = context.getImageData(x, area.y * scale, 1, area.h * scale);
              let count = 0;
              for (let i = 0; i < data.length; i += 4) {
                const distance = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b);
                count += data[i + 3] > 200 && distance < 60;
              }
              return count;
            };
            return [arguments[0].map(pixels), arguments[1].map(pixels)];""",
            [i * 5 for i in holes if {i - 1, i + 1} <= set(holes)], [i * 5 for i in known if {i - 1, i + 1} <= set(known)])
        self.assertTrue(seen[0])
        # Chromium remarks that reading pixels is slow.
        self.page.driver.get_log("browser")
        self.assertEqual(sum(seen[0]), 0)
        self.assertGreater(min(seen[1]), 0)
        self.assertIn("No data", self.page.text(".plot .summary"))

    def test_one_cursor_reads_all_plots(self):
        self.open(day=(self.today() - datetime.timedelta(days=1)).isoformat())
        chart = self.page.one(".plot .chart")
        self.page.mouse().move_to_element_with_offset(chart, 100, 0).perform()
        until(lambda: len(set(self.page.js("return [...document.querySelectorAll('.readout time')].map(time => time.textContent)"))) == 1)
        at = self.page.text(".readout time")
        index = (int(at[:2]) * 60 + int(at[3:5])) // 5
        for number, statistic in enumerate(SHOWN):
            kind = statistic.split(":")[0]
            column = self.columns(number)["columns"][1][index]
            shown = self.page.js("return document.querySelectorAll('.readout')[arguments[0]].querySelector('.item b').textContent", number)
            self.assertEqual(shown, self.formatted(kind, column))
            self.assertTrue(self.page.js("return [...document.querySelectorAll('.hair')].every(hair => !hair.hidden)"))

    def test_dragging_zooms_all_plots_and_a_double_click_shows_the_day_again(self):
        self.open(day=(self.today() - datetime.timedelta(days=1)).isoformat())
        chart = self.page.one(".plot .chart")
        self.page.mouse().move_to_element_with_offset(chart, -200, 0).click_and_hold().move_by_offset(300, 5).release().perform()
        windows = self.page.js("return [...document.querySelectorAll('.plot')].map(({ plot }) => plot.graph.xAxisRange())")
        self.assertEqual(len({tuple(window) for window in windows}), 1)
        width = windows[0][1] - windows[0][0]
        self.assertTrue(300 < width < 800, width)
        self.assertIn("zoom=", self.page.driver.current_url)
        # Shift moves the window without changing its width.
        self.page.mouse().key_down(Keys.SHIFT).move_to_element_with_offset(chart, 0, 0).click_and_hold().move_by_offset(
            60, 0).release().key_up(Keys.SHIFT).perform()
        moved = self.page.js("return document.querySelector('.plot').plot.graph.xAxisRange()")
        self.assertAlmostEqual(moved[1] - moved[0], width, delta=1)
        self.assertLess(moved[0], windows[0][0])
        self.page.mouse().move_to_element(chart).double_click().perform()
        until(lambda: "zoom=" not in self.page.driver.current_url)

    def test_a_step_may_be_a_single_minute(self):
        steps = self.page.js("return [...document.querySelector('#step').options].map(option => option.textContent)")
        self.assertEqual(steps, [*(f"{step} min" for step in (1, 2, 3, 4, 5, 6, 10, 15, 30)), "1 hour"])
        day = (self.today() - datetime.timedelta(days=1)).isoformat()
        for step in (1, 4, 6):
            self.open(day=day, step=step)
            self.check(day, step)

    def test_a_new_minute_in_a_closer_look_is_read_where_one_looks(self):
        day = (self.today() - datetime.timedelta(days=1)).isoformat()
        self.open(day=day, zoom="60-180")
        self.assertIn(self.page.text(".readout time"), ("02:55", "03:00"))
        self.page.press(Keys.ARROW_LEFT, on=self.page.one(".plot .chart"))
        self.assertIn(self.page.text(".readout time"), ("02:50", "02:55"))
        self.page.press(Keys.ESCAPE)
        self.page.one("#zoom-all").click()
        until(lambda: self.page.text(".readout time").startswith("23:"))

    def test_new_minutes_arrive_while_one_looks(self):
        self.open(show="c:minutes.new")
        self.server.send(("c", "minutes.new", 60))
        until(lambda: self.page.js("return document.querySelector('.plot').plot.main.some(value => value > 0)"), 20,
              "the open minute in the plot")


class FirstMinutes(Scene):
    def test_a_first_plot_opens_on_what_there_is_and_an_empty_one_has_no_numbers(self):
        page = self.page
        self.server.send(("c", "just.born", 3), ("g", "memory.used.bytes", 8.12e9))
        page.open("/#show=c:just.born,g:memory.used.bytes").dashboard()
        page.plots()
        windows = until(lambda: page.js("return [...document.querySelectorAll('.plot')].map(({ plot }) => plot.graph.xAxisRange())"))
        for first, last in windows:
            self.assertLessEqual(last - first, 61, windows)
        self.assertNotIn("zoom", page.driver.current_url)
        # The whole day on demand, and in the address then.
        page.one("#zoom-all").click()
        until(lambda: page.js("return document.querySelector('.plot').plot.graph.xAxisRange()[1]") >= 1440)
        self.assertIn("zoom=0-1440", page.driver.current_url)
        page.open("/#show=g:never.there").dashboard()
        page.plots()
        page.until_text(".plot .message", "Nothing was kept")
        self.assertEqual(page.js("return document.querySelectorAll('.dygraph-axis-label-y').length"), 0)
        self.assert_sound()


class Rare(Scene):
    """What comes now and then."""

    @classmethod
    def prepare(cls, server):
        now = int(time.time()) // 60 * 60
        busy = [(at, "c", "shop.visits", 7) for at in range(now - 8 * 86400, now, 60)]
        rare = [(at, "c", "shop.orders.failed", 1) for at in range(now - 8 * 86400, now, 1140)]
        half = [(at, "g", "disk.used.bytes", 3e11 + at % 7200 * 1e6) for at in range(now - 8 * 86400, now, 1800)]
        clicks = [(at, "c", "shop.clicks", 50) for at in range(now - 8 * 86400, now, 60)]
        server.load(busy + rare + half + clicks)

    def test_the_summary_and_the_readout_have_the_numbers_of_the_api_silence_included(self):
        page = self.page
        page.open(f"/#show=c:shop.orders.failed&tz={self.zone.replace('+', '%2B')}&step=60").dashboard()
        page.plots()
        zone = self.zone.replace("+", "%2B")
        day = self.server.api(f"day/c/shop.orders.failed?tz={zone}&step=60")
        plot = page.js("const { data } = document.querySelector('.plot').plot; return { over: data.over, columns: data.columns }")
        usual = {point["minute"] // 60: point["sum"] / point["minutes"] for point in day["usual"]}
        over = plot["over"]
        today = {point["minute"] // 60: point["sum"] / 60 for point in day["today"] if point["minute"] // 60 < over}
        heard = [i for i in range(over) if i in today or any(run["from"] <= i * 60 < run["to"] for run in day["silent"])]
        # All hours that are over are known. The open one, of which perhaps a minute has passed, does not count yet.
        self.assertEqual(heard, list(range(over)))
        values = [today.get(i, 0) for i in heard]
        mean, usually = sum(values) / len(values), sum(usual[i] for i in range(len(values))) / len(values)
        said = page.js("return import('/assets/format.js').then(f => [f.number(arguments[0]), f.change(arguments[1])])", mean, mean / usually)
        self.assertIn(f"{said[0]} per minute on average, {said[1]} vs the usual day", page.text(".plot .summary"))
        self.assertNotIn("gap", page.text(".plot .summary"))
        # One in nineteen minutes, every day: nobody says −80 % of that.
        self.assertAlmostEqual(usually, 1 / 19, delta=.01)
        self.assertLess(abs(mean / usually - 1), .25)

    def test_a_card_compares_with_the_usual_value_of_the_api(self):
        page = self.page
        zone = self.zone.replace("+", "%2B")
        page.open(f"/#show=&tz={zone}").dashboard()
        self.server.send(("c", "shop.clicks", 80, True))

        def card():
            return page.js("""return [...document.querySelectorAll('.card')]
                .filter(card => card.querySelector('.path').title === 'shop.clicks')
                .map(card => [card.querySelector('strong').textContent, card.querySelector('.chip').textContent])[0]""")

        def expected():
            at = page.js("return new Intl.DateTimeFormat('en-GB', { timeZone: arguments[0], hour: '2-digit', minute: '2-digit' })"
                         ".format()", self.zone)
            step = (int(at[:2]) * 60 + int(at[3:])) // 15 * 15
            usual = next(point["sum"] / point["minutes"] for point in self.server.api(f"day/c/shop.clicks?tz={zone}&step=15")["usual"]
                         if point["minute"] == step)
            return ["80", f"+{round(100 * 80 / usual - 100)} % vs usual"]

        until(lambda: card() == expected(), 40, lambda: f"{card()}, not {expected()}")

    def test_a_card_never_says_that_a_rare_counter_has_ended_when_it_has_not(self):
        page = self.page
        page.open("/").dashboard()
        self.server.send(("c", "shop.orders.failed", 1))
        def says_what_came():
            chips = page.js("""return [...document.querySelectorAll('.card')]
                .filter(card => card.querySelector('.path').title === 'shop.orders.failed').map(card => card.querySelector('.chip').textContent)""")
            self.assertNotIn("−100", "".join(chips))
            return chips and re.search("in 1 h, usually|as usual", chips[0])

        until(says_what_came, 40, "the card of the rare counter")

    def test_half_hourly_values_are_joined(self):
        page = self.page
        page.open("/#show=g:disk.used.bytes").dashboard()
        page.plots()
        self.assertNotIn("gap", page.text(".plot .summary"))
        self.assertEqual(page.text(".plot .summary").count("GB"), 2)
        labels = page.js("return [...document.querySelectorAll('.dygraph-axis-label-y')].map(label => label.textContent)")
        self.assertTrue(labels and all(label.endswith("GB") for label in labels), labels)
        self.assertEqual(len(set(labels)), len(labels))
        # Between two values there is a line.
        painted = page.js("""
            const { plot } = document.querySelector('.plot');
            const canvas = plot.graph.hidden_;
            const scale = canvas.width / canvas.clientWidth;
            const area = plot.graph.getArea();
            const known = plot.main.flatMap((value, i) => value == null ? [] : [i * plot.data.step]);
            const x = Math.round(plot.graph.toDomXCoord((known[1] + known[2]) / 2) * scale);
            const { data } = canvas.getContext('2d').getImageData(x, area.y * scale, 1, area.h * scale);
            const [r, g, b] = getComputedStyle(document.querySelector('.plot .item.today i')).backgroundColor.match(/[\\d.]+/g).map(Number);
            let count = 0;
            for (let i = 0; i < data.length; i += 4) count += Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 60;
            return count;""")
        page.driver.get_log("browser")
        self.assertGreater(painted, 0)


class WithoutPercentiles(Scene):
    def test_what_an_old_client_sends_is_called_mean_and_top_not_percentiles(self):
        # A partial without a sketch, as the first clients sent it.
        partial = {"typ": "ms", "pth": "old.wait", "sum": 400, "cnt": 10, "max": 99, "min": 11, "fst": 20, "lst": 30, "top": 70, "bot": 12}
        body = json.dumps({"prt": {"c": [], "ms": [partial], "g": []}}).encode()
        self.assertEqual(self.server.request("/agg", body, "PUT")[0], 200)
        page = self.page
        page.open("/#show=ms:old.wait").dashboard()
        page.until_text(".plot .readout", "mean 40 ms", 20)
        self.assertEqual(page.one(".plot .readout").text.split("so far")[1].split(),
                         "mean 40 ms min 11 ms top 70 ms max 99 ms".split())
        self.assertEqual(page.row("old.wait (timer)")["average"], "11–99 ms")
        self.assertEqual(page.text(".card .more"), "min–max 11–99 ms")
        page.one(".plot details summary").click()
        page.until_text(".plot caption", "percentiles are not known")
        self.assertEqual(page.js("return [...document.querySelectorAll('.plot tbody td')].map(cell => cell.textContent)"),
                         ["–", "≈ 40", "11", "≈ 70", "–", "99"])
        self.assert_sound()


class WithoutLibrary(Scene):
    options = ("--dygraphs-dir", "/nowhere")

    @classmethod
    def prepare(cls, server):
        server.load(week(step=900))

    def test_without_dygraphs_the_page_says_how_to_get_it_and_the_numbers_are_there(self):
        self.page.open("/#show=c:shop.orders").dashboard()
        self.page.until_text(".plot .message", "apt-get install libjs-dygraphs")
        self.page.one(".plot details summary").click()
        until(lambda: len(self.page.all(".plot tbody tr")) > 20)
        self.page.until_text(".plot .readout", "usual")
        self.assertIn("apt-get install libjs-dygraphs", open(f"{self.server.folder}/log").read())


if __name__ == "__main__":
    unittest.main()
