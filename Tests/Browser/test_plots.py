"""The plots show what the API answers, and nothing else."""

import datetime
import json
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

    def check(self, day, step):
        for index, statistic in enumerate(SHOWN):
            kind, path = statistic.split(":")
            answer = self.server.api(f"day/{kind}/{path}?date={day}&tz={self.zone.replace('+', '%2B')}&step={step}")
            plot = self.columns(index)
            shown = dict(zip(plot["names"], plot["columns"]))
            wanted = {name: [None] * (1440 // step) for name in shown}
            for point in answer["usual"]:
                i = point["minute"] // step
                wanted["usual"][i] = {"c": lambda: point["sum"] / step, "ms": lambda: point["p50"],
                                      "g": lambda: point["sum"] / point["cnt"]}[kind]()
            for point in answer["today"]:
                i = point["minute"] // step
                main = {"c": lambda: point["sum"] / step, "ms": lambda: point["p50"], "g": lambda: point["sum"] / point["cnt"]}[kind]()
                wanted["p50" if kind == "ms" else "today"][i] = main
                for name in shown.keys() - {"usual", "today", "p50"}:
                    wanted[name][i] = point[name]
            last = max(point["minute"] for point in answer["today"]) // step
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
            self.assertEqual([usual, today], [self.formatted("c", column[i]) for column in plot["columns"]])
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

    def test_new_minutes_arrive_while_one_looks(self):
        self.open(show="c:minutes.new")
        self.server.send(("c", "minutes.new", 60))
        until(lambda: self.page.js("return document.querySelector('.plot').plot.main.some(value => value > 0)"), 20,
              "the open minute in the plot")


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
                         "mean 40 ms usual p50 – min 11 ms top 70 ms p99 – max 99 ms".split())
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
