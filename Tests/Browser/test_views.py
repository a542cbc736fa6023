"""A view is its address; and everything can be done by keyboard."""

import datetime
import unittest
from zoneinfo import ZoneInfo

from page import Keys, until
from scene import Scene, week


class Views(Scene):
    @classmethod
    def prepare(cls, server):
        server.load(week(step=300))

    def view(self):
        self.page.plots()
        return self.page.js("""return {
            paths: [...document.querySelectorAll('.plot h3 .path')].map(path => path.textContent),
            windows: [...document.querySelectorAll('.plot')].map(({ plot }) => plot.graph.xAxisRange().map(Math.round)),
            columns: [...document.querySelectorAll('.plot')].map(({ plot }) => plot.data.columns),
            day: document.querySelector('#day').value, step: document.querySelector('#step').value,
            zone: document.querySelector('#zone').value,
            heading: document.querySelector('#when').textContent }""")

    def test_an_address_opens_the_same_view(self):
        page = self.page
        day = (datetime.datetime.now(ZoneInfo("America/New_York")).date() - datetime.timedelta(days=1)).isoformat()
        page.open(f"/#show=ms:shop.checkout.time,c:shop.orders&day={day}&tz=America/New_York&step=15&zoom=540-720").dashboard()
        first = self.view()
        self.assertEqual(first["paths"], ["shop.checkout.time", "shop.orders"])
        self.assertEqual(first["windows"], [[540, 720], [540, 720]])
        self.assertEqual((first["day"], first["step"], first["zone"]), (day, "15", "America/New_York"))
        self.assertIn("09:00–12:00", first["heading"])
        # What one does becomes the address; that address, opened anew, shows the same.
        page.click_row("queue.mail.length (gauge)")
        page.one("#zoom-in").click()
        changed = self.view()
        self.assertEqual(changed["paths"], ["queue.mail.length", "shop.checkout.time", "shop.orders"])
        self.assertEqual(changed["windows"][0], [585, 675])
        address = page.driver.current_url[len(self.server.url):]
        page.open(address).dashboard()
        self.assertEqual(self.view(), changed)

    def test_the_browsers_back_button_takes_a_step_back(self):
        page = self.page
        page.open("/#show=c:shop.orders&tz=UTC").dashboard()
        page.plots()
        page.click_row("queue.mail.length (gauge)")
        self.assertEqual(page.plots(), ["queue.mail.length", "shop.orders"])
        page.driver.back()
        until(lambda: page.plots() == ["shop.orders"])
        page.one("#day-before").click()
        day = page.js("return document.querySelector('#day').value")
        self.assertIn(f"day={day}", page.driver.current_url)
        page.driver.back()
        until(lambda: page.js("return document.querySelector('#day').value") > day)

    def test_everything_is_done_by_keyboard(self):
        page = self.page
        page.open(f"/#show=&tz={self.zone.replace('+', '%2B')}").dashboard()
        self.assertTrue(page.js("return document.querySelector('#nothing').checkVisibility()"))
        body = page.one("body")
        page.press("/", on=body)
        self.assertEqual(page.js("return document.activeElement.id"), "search")
        page.press("check time")
        until(lambda: list(page.rows()) == ["shop.checkout.time (timer)"])
        marks = page.js("return [...document.querySelectorAll('#tree .row:not([hidden]) mark')].map(mark => mark.textContent)")
        self.assertEqual(marks, ["check", "time"])
        # Enter plots the first that was found, and leaves the keys with the list.
        page.press(Keys.ENTER)
        self.assertEqual(page.plots(), ["shop.checkout.time"])
        self.assertEqual(page.js("return document.activeElement.id"), "tree")
        page.press(Keys.ESCAPE)
        until(lambda: len(page.rows()) > 5)
        # Arrows: the groups open and close.
        page.press(Keys.HOME)
        active = "return document.getElementById(document.querySelector('#tree').getAttribute('aria-activedescendant'))"
        shop = "[...document.querySelectorAll('#tree .row:not([hidden])')].find(row => row.title === 'shop')"
        for _ in range(30):
            if page.js(f"{active}.title") == "shop":
                break
            page.press(Keys.ARROW_DOWN)
        self.assertEqual(page.js(f"{active}.ariaExpanded"), "true")
        count = len(page.rows())
        page.press(Keys.ARROW_LEFT)
        until(lambda: page.js(f"return {shop}.ariaExpanded") == "false")
        self.assertLess(len(page.rows()), count)
        page.press(Keys.ARROW_RIGHT)
        until(lambda: len(page.rows()) == count)
        page.press(Keys.ARROW_RIGHT)
        self.assertEqual(page.js(f"{active}.ariaLevel"), "2")
        # f makes what is looked at a favourite, and takes it back.
        page.press(Keys.END)
        page.press("f")
        until(lambda: page.text("#strip-note") == "")
        self.assertEqual(len(page.cards()), 1)
        page.press("f")
        until(lambda: "Suggested" in page.text("#strip-note"))
        # A plot's cursor is read out; + and 0 zoom.
        chart = page.one(".plot .chart")
        page.press(Keys.ARROW_LEFT, on=chart)
        at = page.text(".readout time")
        page.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
        self.assertLess(page.text(".readout time"), at)
        self.assertIn("p50", page.js("return document.querySelector('.chart').ariaValueText"))
        page.press("+")
        self.assertIn("zoom=", page.driver.current_url)
        page.press("0")
        self.assertNotIn("zoom=", page.driver.current_url)
        # ? is help, Escape closes it.
        page.press("?")
        until(lambda: page.js("return document.querySelector('#help').open"), 10, "the help")
        self.assert_sound()
        page.shoot("help-light")
        page.press(Keys.ESCAPE)
        until(lambda: not page.js("return document.querySelector('#help').open"))


if __name__ == "__main__":
    unittest.main()
