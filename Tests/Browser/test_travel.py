"""The whole page as it was at a moment: its numbers are the API's of then, and mouse and keyboard lead there and back."""

import json
import time
import unittest

from page import Keys, until
from scene import Scene, week

PHONE = (390, 844)
HOUR = 3600
SHOWN = "show=c:shop.orders,ms:shop.checkout.time"


def written(at):
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(at))


class Travel(Scene):
    @classmethod
    def prepare(cls, server):
        cls.samples = week(step=60)
        # Of a month ago only hours are kept.
        cls.old = int(time.time()) // HOUR * HOUR - 30 * 24 * HOUR
        server.load([(cls.old + hour * HOUR, "g", "old.load", 5 + hour) for hour in range(48)] + cls.samples)

    def setUp(self):
        self.page.size(1440, 900)
        self.page.theme("light")
        self.at = int(time.time()) // 60 * 60 - 3 * HOUR

    def travel(self, at, more=""):
        self.page.open(f"/#{SHOWN}&at={written(at)}{more}").dashboard()
        self.arrived(at)

    def arrived(self, at):
        until(lambda: f"at={written(at)}" in self.page.driver.current_url and self.band() and not self.page.all("#moment[aria-busy]"), 60,
              lambda: f"{written(at)}, not {self.page.driver.current_url}: {self.band()}")
        self.page.plots()

    def band(self):
        return self.page.js("const band = document.querySelector('#moment:not([hidden]) p'); return band?.textContent ?? ''")

    def is_now(self):
        page = self.page
        return "at=" not in page.driver.current_url and not self.band() and page.text("#live span") == "Live"

    def last_steps(self):
        """When the last step ends that each plot knows, in minutes of the day."""
        return self.page.js("""return [...document.querySelectorAll('.plot')].map(({ plot }) =>
            (plot.main.findLastIndex(value => value != null) + 1) * plot.data.step)""")

    def minute_of_day(self, at):
        return self.page.js("""
            const [hour, minute] = new Intl.DateTimeFormat('en', { hour: 'numeric', minute: 'numeric', hourCycle: 'h23' })
              .format(arguments[0] * 1000).split(':').map(Number);
            return hour * 60 + minute;""", at)

    def mark(self, text, at):
        status, _, answer = self.server.request("/api/v1/marks", json.dumps({"text": text, "time": at}).encode(), "POST")
        self.assertEqual(status, 201, answer)

    def test_list_cards_plots_and_marks_are_those_of_the_moment(self):
        page, at = self.page, self.at
        self.mark("before it", at - 600)
        self.mark("after it", at + 600)
        self.travel(at)
        self.assertIn("Shown as of", self.band())
        self.assertIn("(3 h ago)", self.band())
        self.assertEqual(page.text("#live span"), "Looking back")
        self.assertEqual(page.text("#strip-title"), "Then")
        # The list has what came in the minute before, as the samples have it and as the API tells it.
        orders = sum(value for when, _, path, value in self.samples if path == "shop.orders" and when == at - 60)
        self.assertEqual(page.row("shop.orders (counter)")["value"], f"{orders}/min")
        status = self.server.api(f"status?at={at}")
        self.assertEqual((status["at"], status["step"]), (at, 1))
        self.assertAlmostEqual(next(one["avg"] for one in status["c"] if one["pth"] == "shop.orders") * 60, orders)
        load = next(value for when, _, path, value in self.samples if path == "host.web1.load.1m" and when == at - 60)
        self.assertEqual(page.row("host.web1.load.1m (gauge)")["value"], f"{load:g}")
        self.assertEqual(len(page.rows()), len(status["c"]) + len(status["g"]) + len(status["ms"]))
        self.assertTrue(page.js("return [...document.querySelectorAll('.card strong')].every(({ textContent }) => textContent !== '–')"))
        # Plots end with the last step that was over, and what happened later has not happened.
        minute = self.minute_of_day(at)
        self.assertEqual(self.last_steps(), [minute // 5 * 5] * 2)
        words = until(lambda: page.js("return [...document.querySelectorAll('.plot:first-child .happened')].map(line => line.getAttribute('aria-label'))"))
        self.assertTrue(any("before it" in text for text in words) and not any("after it" in text for text in words), words)
        self.assertIn(" by “", words[0])
        # An hour of a row ends then, too.
        until(lambda: page.row("shop.orders (counter)")["spark"])
        until(lambda: page.text("#unusual-title") == "Unusual then")
        for theme in ("dark", "light"):
            page.theme(theme)
            page.shoot(f"travel-{theme}")
            self.assert_sound()

    def test_keys_lead_to_other_moments_and_back_to_now(self):
        page, at = self.page, self.at
        self.travel(at)
        body = page.one("body")
        for key, seconds in ((".", 60), (",", -60), ("<", -HOUR), (">", HOUR)):
            at += seconds
            page.press(key, on=body)
            self.arrived(at)
        first = page.row("shop.orders (counter)")
        page.press("n", on=body)
        until(self.is_now)
        until(lambda: min(self.last_steps()) > self.minute_of_day(at), 30, self.last_steps)
        self.assert_sound()
        # That was a step, which the browser's button takes back; and the minutes were none.
        page.driver.back()
        self.arrived(at)
        until(lambda: page.row("shop.orders (counter)")["value"] == first["value"])
        # The moment under the cursor of a plot.
        page.press("n", on=body)
        until(self.is_now)
        page.js("const { board } = document.querySelector('.plot').plot; board.point(arguments[0])", self.minute_of_day(at) // 5 * 5)
        page.press("t", on=body)
        step = at - self.minute_of_day(at) % 5 * 60 + 300
        self.arrived(step)
        until(lambda: self.last_steps()[0] == self.minute_of_day(step), 30, self.last_steps)
        self.assert_sound()

    def test_a_mouse_chooses_a_moment_and_leaves_it(self):
        page, at = self.page, self.at
        page.open(f"/#{SHOWN}").dashboard()
        page.plots()
        page.one("#travel").click()
        until(lambda: "Choose the moment" in self.band())
        self.assertEqual(page.js("return document.activeElement.id"), "moment-field")
        page.shoot("travel-choose")
        self.assert_sound()
        choose = """const field = document.querySelector('#moment-field');
            field.value = new Date(arguments[0] * 1000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16);
            field.dispatchEvent(new Event('change'))"""
        page.js(choose, at)
        self.arrived(at)
        # The day before, at the same time.
        page.one("#day-before").click()
        self.arrived(at - 24 * HOUR)
        page.one("#day-after").click()
        self.arrived(at)
        page.one("#moment [aria-label^='An hour earlier']").click()
        self.arrived(at - HOUR)
        page.one("#moment .primary").click()
        until(self.is_now)
        # Nobody is left where nothing is.
        self.assertEqual(page.js("return document.activeElement.id"), "travel")
        # Explore has times of its own; and back from there leads to the moment.
        self.travel(at)
        page.one("#explore-open").click()
        until(lambda: page.all("body.exploring") and not self.band() and page.text("#live span") == "Live")
        page.driver.back()
        self.arrived(at)
        self.assert_sound()

    def test_of_long_ago_the_last_hour_is_shown_and_said_to_be_one(self):
        page, at = self.page, self.old + 10 * HOUR + 1500
        # What was imported lies in blocks first, until it is sealed as hours.
        until(lambda: self.server.api(f"status?at={at}")["step"] == 60, 180, "the hours")
        self.travel(at // 60 * 60)
        self.assertIn("Only hours are left of then: this is the last that was over.", self.band())
        # The hour from nine to ten, after ten o'clock.
        self.assertEqual(page.row("old.load (gauge)")["value"], "14")
        self.assertNotIn("shop.orders (counter)", page.rows())
        self.assert_sound()

    def test_a_moment_that_cannot_be_shown_says_why(self):
        page = self.page
        for at, words in ((time.time() - 500 * 86400, "It cannot be shown: at: is 500 days ago, statistics are kept for 400 days."),
                          (time.time() + HOUR, "seconds from now, expected a moment that is over")):
            page.open(f"/#{SHOWN}&at={written(at)}").dashboard()
            until(lambda: words in self.band(), 30, self.band)
            self.assertFalse(page.rows())
            page.shoot("travel-refused")
            # The browser tells of what was refused, too.
            page.driver.get_log("browser")
            self.assertEqual(page.complaints(), [])
            page.one("#moment .primary").click()
            until(self.is_now)
            page.row("shop.orders (counter)")

    def test_on_a_phone_nothing_is_out_of_place(self):
        page = self.page
        page.size(*PHONE)
        self.travel(self.at)
        for theme in ("dark", "light"):
            page.theme(theme)
            page.shoot(f"phone-travel-{theme}")
            self.assert_sound()
        page.one("#panels [data-panel='statistics']").click()
        page.row("shop.orders (counter)")
        page.shoot("phone-travel-list")
        self.assert_sound()
        page.one("#moment .primary").click()
        until(self.is_now)


if __name__ == "__main__":
    unittest.main()
