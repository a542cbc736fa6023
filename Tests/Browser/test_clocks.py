"""On the days on which clocks are set: no hour is counted twice, and the page says which one is meant."""

import datetime
import os
import unittest
from zoneinfo import ZoneInfo

from page import until
from scene import Scene

ZONE = "Europe/Paris"


def last_change(month):
    """The last Sunday of a month on which Paris set its clocks, at least three days ago."""
    latest = datetime.date.today() - datetime.timedelta(days=3)
    sundays = [datetime.date(year, month, 31) for year in (latest.year, latest.year - 1)]
    sundays = [day - datetime.timedelta(days=(day.weekday() + 1) % 7) for day in sundays]
    return next(day for day in sundays if day <= latest)


def midnight(day):
    return int(datetime.datetime.combine(day, datetime.time(), ZoneInfo(ZONE)).timestamp())


class Clocks(Scene):
    zone = ZONE
    options = ("--retention-days", "800")
    autumn, spring = last_change(10), last_change(3)

    @classmethod
    def prepare(cls, server):
        """One a minute from two days before each change until two days after it, and a gauge that counts the hours that passed."""
        table = os.path.join(server.folder, "aggregates.csv")
        with open(table, "w", encoding="ascii") as file:
            for change in (cls.autumn, cls.spring):
                first, last = (midnight(change + datetime.timedelta(days=days)) for days in (-2, 3))
                for at in range(first, last, 60):
                    print(at, "c", "steady", *[1] * 8, sep=",", file=file)
                    hours = (at - midnight(change)) // 3600
                    print(at, "g", "hours", hours, 1, *[hours] * 6, sep=",", file=file)
        server.command("import", "--format", "aggregates", table)

    def open(self, day, step=60, show="c:steady,g:hours", **view):
        view = "".join(f"&{name}={value}" for name, value in view.items())
        self.page.open(f"/#show={show}&tz={ZONE}&step={step}&day={day}{view}").dashboard()
        self.page.plots()

    def plot(self, index=0):
        return self.page.js("""const { plot } = document.querySelectorAll('.plot')[arguments[0]];
            return { columns: plot.data.columns, window: plot.graph.xAxisRange(), steps: plot.data.axis.steps.length }""", index)

    def times(self):
        """The first column of the table."""
        self.page.js("document.querySelector('.plot details').open = true")
        return until(lambda: self.page.js("return [...document.querySelectorAll('.plot tbody th')].map(cell => cell.textContent)"))

    def test_a_day_of_25_hours_has_the_hour_that_comes_twice_in_two_places(self):
        self.open(self.autumn)
        counter, gauge = self.plot(0), self.plot(1)
        # No rate that never was, today and usually.
        self.assertEqual(counter["columns"], [[1] * 25, [1] * 25])
        self.assertEqual(gauge["columns"][1], list(range(25)))
        self.assertEqual(counter["window"], [0, 1500])
        self.assertEqual(self.times()[1:6], ["01:00", "02:00", "02:00 again", "03:00", "04:00"])
        self.assertIn("The clocks went back from 03:00 to 02:00.", self.page.text(".plot .summary"))
        self.assertNotIn("No data", self.page.text(".plot .summary"))
        # The cursor says which hour it reads, and so does its name for those who hear it.
        self.page.js("""const { board } = document.querySelector('.plot').plot; board.point(180)""")
        self.page.until_text(".plot .readout", "02:00 again")
        self.assertIn("02:00 again", self.page.js("return document.querySelector('.chart').ariaValueText"))
        self.assert_sound()
        self.page.shoot("clocks-back-light")
        self.page.theme("dark")
        self.page.shoot("clocks-back-dark")
        self.page.theme("light")

    def test_smaller_steps_come_in_the_order_of_time(self):
        self.open(self.autumn, step=15)
        self.assertEqual(self.plot()["columns"], [[1] * 100, [1] * 100])
        self.assertEqual(self.plot(1)["columns"][1], [i // 4 for i in range(100)])
        self.assertEqual(
            self.times()[7:14], ["01:45", "02:00", "02:15", "02:30", "02:45", "02:00 again", "02:15 again"])

    def test_the_repeated_hour_can_be_zoomed_into(self):
        self.open(self.autumn, step=5, zoom="180-300")
        self.assertEqual(self.plot()["window"], [180, 300])
        self.page.until_text("#when", "02:00 again–04:00")
        self.page.shoot("clocks-back-zoomed")
        self.page.one("#zoom-all").click()
        self.assertEqual(self.plot()["window"], [0, 1500])

    def test_the_day_after_is_compared_with_what_was(self):
        self.open(self.autumn + datetime.timedelta(days=1))
        self.assertEqual(self.plot()["columns"], [[1] * 24, [1] * 24])
        self.assertNotIn("clocks", self.page.text(".plot .summary"))
        # Going back a day by a button, the axis grows again.
        self.page.one("#day-before").click()
        until(lambda: self.plot()["steps"] == 25 and self.plot()["window"] == [0, 1500])

    def test_a_day_of_23_hours_has_no_gap_where_clocks_miss_an_hour(self):
        self.open(self.spring)
        self.assertEqual(self.plot()["columns"], [[1] * 23, [1] * 23])
        self.assertEqual(self.plot()["window"], [0, 1380])
        self.assertEqual(self.times()[:4], ["00:00", "01:00", "03:00", "04:00"])
        summary = self.page.text(".plot .summary")
        self.assertIn("The clocks went forward from 02:00 to 03:00.", summary)
        self.assertNotIn("No data", summary)
        self.assert_sound()
        self.page.shoot("clocks-forward-light")

    def test_steps_that_clocks_cut_are_rates_over_what_there_is_of_them(self):
        # Lord Howe sets its clocks by half an hour; and a zone that misses a whole day still has an axis.
        self.open(self.autumn)
        found = self.page.js("""return import('/assets/axis.js').then(({ DayAxis }) => [
            new DayAxis(60, [{ from: 120, to: 90 }]).steps.slice(0, 4), new DayAxis(60, [{ from: 120, to: 150 }]).steps.slice(1, 4),
            new DayAxis(5, [{ from: 1440, to: 1380 }]).repeated, new DayAxis(60, [{ from: 0, to: 1440 }]).length,
            new DayAxis(60, [{ from: 180, to: 120 }]).wall(200)])""")
        step = lambda minute, minutes, is_repeated: {"minute": minute, "minutes": minutes, "isRepeated": is_repeated}
        self.assertEqual(found, [
            [step(0, 60, False), step(60, 60, False), step(60, 30, True), step(120, 60, False)],
            [step(60, 60, False), step(120, 30, False), step(180, 60, False)], [[1440, 1500]], 1440, 140])


if __name__ == "__main__":
    unittest.main()
