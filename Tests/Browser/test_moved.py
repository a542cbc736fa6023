"""What else moved: for a stretch chosen in a plot, what else went up or down, came or went; by mouse, by keyboard and by finger."""

import datetime
import json
import random
import time
import urllib.parse
from zoneinfo import ZoneInfo

from page import Keys, until
from scene import Scene

PHONE = (390, 844)
# Minutes from the beginning of the three hours.
BEGAN = 120


class Moved(Scene):
    @classmethod
    def prepare(cls, server):
        """Three hours; after two the load goes up, a timer is slow a minute later, errors come, and what is free fell two minutes before."""
        chance = random.Random(5)
        cls.end = int(time.time()) // 60 * 60 - 120
        cls.start = cls.end - 3 * 3600
        samples = []
        for minute in range(180):
            at = cls.start + minute * 60
            samples.append((at, "g", "host.load", (8 if minute >= BEGAN else 2) + round(chance.random(), 3)))
            for _ in range(3):
                samples.append((at, "ms", "shop.checkout.time", (400 if minute > BEGAN else 80) + chance.randrange(60)))
            samples.append((at, "g", "host.memory.free", (10 if minute >= BEGAN - 2 else 70) + round(chance.random(), 3)))
            if BEGAN <= minute < BEGAN + 10:
                samples.append((at, "c", "shop.errors", chance.randrange(5, 30)))
            if minute < BEGAN + 5:
                samples.append((at, "g", "host.beat", 1))
            for other in range(20):
                samples.append((at, "c", f"other.number_{other:02}", chance.randrange(50, 100)))
        server.load(samples)

    def setUp(self):
        self.page.size(1440, 1100)
        self.page.theme("light")

    PATHS = {"host.load", "shop.checkout.time", "host.memory.free", "shop.errors", "host.beat"}

    @staticmethod
    def clock(seconds):
        return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds))

    def explore(self, queries="q=g:host.load"):
        self.page.open(f"/#explore?{queries}&from={self.clock(self.start)}&to={self.clock(self.end)}&tz=UTC&step=1").dashboard()
        until(lambda: self.page.js("return document.querySelector('.xplot')?.explore?.data?.lines.length > 0"), 60, lambda: "the plot")

    def rows(self):
        return self.page.js("""return [...document.querySelectorAll('.xmoved li button')].map(button => ({
            words: button.getAttribute('aria-label'), isThere: button.disabled, path: button.querySelector('.path').firstChild.textContent,
            drawn: button.querySelectorAll('svg path')[1].getAttribute('d').length }))""")

    def listed(self, paths=PATHS):
        until(lambda: {row["path"] for row in self.rows()} == paths, 30, lambda: f"the list: {self.rows()} {self.note()}")
        return self.rows()

    def note(self):
        return self.page.js("return document.querySelector('.xmoved [role=status]')?.textContent ?? ''")

    def titles(self):
        return self.page.js("return document.querySelector('.xplot').explore.data?.lines.map(({ title }) => title) ?? []")

    def chosen(self):
        """The stretch that the two fields say, in minutes from the beginning."""
        values = self.page.js("return ['from', 'to'].map(name => document.querySelector(`#x-moved-${name}`).value)")
        return [(int(time.mktime(time.strptime(value, "%Y-%m-%dT%H:%M"))) - time.timezone - self.start) // 60 for value in values]

    def place(self, minute):
        """Where a minute is on the screen."""
        return self.page.js("""const plot = document.querySelector('.xplot').explore, box = plot.chart.getBoundingClientRect();
            const svg = plot.canvas.firstChild, left = 62, right = svg.clientWidth - 14;
            return [box.left + left + (right - left) * (arguments[0] + .5) / plot.data.count, box.top + box.height / 2]""", minute)

    def drag(self, first, last):
        self.page.js("""
            const chart = document.querySelector('.xchart');
            const send = (type, [x, y], buttons) => chart.dispatchEvent(new PointerEvent(type, {
                pointerId: 1, pointerType: 'mouse', clientX: x, clientY: y, button: 0, buttons, bubbles: true, cancelable: true }));
            chart.setPointerCapture = () => {};
            send('pointerdown', arguments[0], 1); send('pointermove', arguments[1], 1); send('pointerup', arguments[1], 0);""",
            self.place(first), self.place(last))

    def test_a_stretch_is_dragged_over_and_the_list_is_what_the_api_says(self):
        self.explore()
        self.page.one(".xmoved summary").click()
        until(self.note, 30, lambda: "the note")
        self.drag(BEGAN, BEGAN + 14)
        until(lambda: self.chosen() == [BEGAN, BEGAN + 15], 10, lambda: f"the stretch: {self.chosen()}")
        rows = self.listed()
        # The plot was not zoomed.
        self.assertEqual(self.page.js("return document.querySelector('.xplot').explore.data.count"), 180)
        self.assertFalse(self.page.js("return document.querySelector('.xchart .stretch').hidden"))
        words = {row["path"]: row["words"] for row in rows}
        self.assertIn("gauge host.load went up, from 2.", words["host.load"])
        self.assertIn("at the start; it is in the plot", words["host.load"])
        self.assertIn("gauge host.memory.free went down, from 70.", words["host.memory.free"])
        self.assertIn("2 min before: add it", words["host.memory.free"])
        self.assertIn("timer shop.checkout.time, its p90 went up", words["shop.checkout.time"])
        self.assertIn("1 min after: add it", words["shop.checkout.time"])
        self.assertIn("counter shop.errors appeared, from nothing to ", words["shop.errors"])
        self.assertIn("gauge host.beat fell silent, from 1 to nothing, 5 min after", words["host.beat"])
        self.assertTrue(all(row["drawn"] > 20 for row in rows))
        self.assertIn("5 of 25 statistics moved further", self.note())
        status, _, body = self.server.request("/api/v1/moved?" + urllib.parse.urlencode(
            {"from": self.start + BEGAN * 60, "to": self.start + (BEGAN + 15) * 60}))
        self.assertEqual(status, 200, body)
        moved = json.loads(body)["moved"]
        self.assertEqual([row["path"] for row in rows], [row["pth"] for row in moved])
        # Sorted by what came first.
        self.page.js("const order = document.querySelector('#x-moved-order'); order.value = 'began'; order.dispatchEvent(new Event('change'))")
        self.assertEqual([row["path"] for row in self.rows()][0], "host.memory.free")
        self.assertEqual([row["path"] for row in self.rows()][-1], "host.beat")
        # A click adds it, with the figure by which it moved.
        self.page.js("""[...document.querySelectorAll('.xmoved li button')].find(button => button.textContent.includes('checkout')).click()""")
        until(lambda: any("shop.checkout.time" in title and "p90" in title for title in self.titles()), 30, lambda: f"{self.titles()}")
        until(lambda: {row["path"] for row in self.rows() if row["isThere"]} == {"host.load", "shop.checkout.time"}, 10,
              lambda: f"{self.rows()} {self.titles()} {self.page.shown()}")
        self.assertEqual(self.page.js("return document.querySelector('.xproblem').textContent"), "")
        self.assert_sound()

    def test_a_stretch_is_chosen_and_a_row_added_by_keyboard(self):
        self.explore()
        page = self.page
        page.js("document.querySelector('.xchart').focus()")
        page.press(Keys.HOME)
        page.js("document.querySelector('.xplot').explore.point(arguments[0])", BEGAN)
        page.press("[")
        page.js("document.querySelector('.xplot').explore.point(arguments[0])", BEGAN + 14)
        page.press("]")
        until(lambda: self.chosen() == [BEGAN, BEGAN + 15], 10, lambda: f"the stretch: {self.chosen()}")
        self.assertTrue(page.js("return document.querySelector('.xmoved').open"))
        self.listed()
        page.js("document.querySelector('#x-moved-order').focus()")
        for _ in range(6):
            page.press(Keys.TAB)
            label = page.js("return document.activeElement.getAttribute('aria-label') ?? ''")
            if "add it to the plot" in label:
                break
        self.assertIn("add it to the plot", label)
        path = page.js("return document.activeElement.querySelector('.path').firstChild.textContent")
        page.press(Keys.ENTER)
        until(lambda: any(path in title for title in self.titles()), 30, lambda: f"{path} in {self.titles()}")
        self.assert_sound()

    def test_a_stretch_that_cannot_be_compared_is_said(self):
        self.explore()
        self.page.one(".xmoved summary").click()
        until(self.note, 30, lambda: "the note")
        self.drag(BEGAN, BEGAN + 2)
        until(lambda: "too short: 5 minutes" in self.note(), 10, self.note)
        self.drag(0, 20)
        until(lambda: "It was not compared: the baseline: hardly anything was sent" in self.note(), 10, self.note)
        # The browser tells of what was refused, too.
        self.page.driver.get_log("browser")

    def test_it_is_asked_from_the_part_of_a_day_that_is_seen(self):
        page = self.page
        page.open("/#show=g:host.load&tz=" + self.zone.replace("+", "%2B")).dashboard()
        page.plots()
        local = datetime.datetime.fromtimestamp(self.start + BEGAN * 60, ZoneInfo(self.zone))
        first = local.hour * 60 + local.minute
        page.js("document.querySelector('.plot').plot.board.zoom(arguments[0])", [first, first + 15])
        page.js("[...document.querySelectorAll('.plot footer a')].find(link => link.textContent === 'What else moved?').click()")
        until(lambda: "q=g:host.load" in page.js("return location.hash"), 30, lambda: page.js("return location.hash"))
        until(lambda: page.js("return document.querySelector('.xmoved')?.open"), 30, lambda: "the list")
        self.listed()
        # What was before the stretch is seen beside it.
        self.assertEqual(page.js("return document.querySelector('.xplot').explore.data.count"), 90)
        # A whole day is asked about at its newest end.
        page.open("/#show=g:host.load&tz=" + self.zone.replace("+", "%2B")).dashboard()
        page.plots()
        page.js("[...document.querySelectorAll('.plot footer a')].find(link => link.textContent === 'What else moved?').click()")
        until(lambda: "statistics moved further" in self.note(), 30, self.note)
        self.assert_sound()

    def test_each_look_in_both_themes_and_on_a_phone(self):
        for theme in ("light", "dark"):
            for name, size in (("wide", (1440, 1100)), ("phone", PHONE)):
                self.page.size(*size)
                self.page.theme(theme)
                self.explore()
                self.page.js("document.querySelector('.xmoved').open = true")
                until(self.note, 30, lambda: "the note")
                self.drag(BEGAN, BEGAN + 14)
                self.listed()
                self.page.js("document.querySelector('.xmoved').scrollIntoView({ block: 'end' })")
                self.assertLessEqual(self.page.js("return document.documentElement.scrollWidth"), size[0])
                self.page.shoot(f"moved-{theme}-{name}")
        self.assert_sound()
