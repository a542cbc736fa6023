"""Favourites: kept by the server, in the user's order."""

import time
import unittest

from page import Keys, until
from scene import Scene

PATHS = ["a.first", "b.second", "c.third"]


class Favourites(Scene):
    @classmethod
    def prepare(cls, server):
        now = int(time.time()) // 60 * 60
        server.load([(at, "c", path, 3) for path in PATHS for at in range(now - 1800, now, 60)])

    def setUp(self):
        self.server.request("/api/v1/favourites", b'{"favourites":[]}', "PUT")
        self.page.open().dashboard()

    def favour(self, *paths):
        tree = self.page.one("#tree")
        for path in paths:
            self.page.click_row(f"{path} (counter)")
            self.page.press("f", on=tree)

    def kept(self):
        return self.page.js("""return fetch('/api/v1/favourites').then(answer => answer.json())
            .then(({ favourites }) => favourites.map(({ pth }) => pth))""")

    def test_what_two_tabs_change_is_kept_of_both(self):
        page = self.page
        one = page.driver.current_window_handle
        page.driver.switch_to.new_window("tab")
        other = page.driver.current_window_handle
        try:
            page.open().dashboard()
            # Neither hears of the other: as if they were two machines.
            for tab in (one, other):
                page.driver.switch_to.window(tab)
                page.js("window.BroadcastChannel = class { addEventListener() {} postMessage() {} }")
            page.driver.switch_to.window(one)
            before = self.kept()
            self.favour("a.first")
            until(lambda: "a.first" in self.kept())
            page.driver.switch_to.window(other)
            self.favour("c.third")
            until(lambda: "c.third" in self.kept())
            self.assertEqual(set(self.kept()), {*before, "a.first", "c.third"})
            until(lambda: {"a.first", "c.third"} <= set(page.cards()))
            # The browser remarks that the first answer was 409.
            page.driver.get_log("browser")
            self.assert_sound()
        finally:
            page.driver.switch_to.window(other)
            page.driver.close()
            page.driver.switch_to.window(one)

    def test_a_suggested_card_has_the_star_that_the_page_speaks_of(self):
        page = self.page
        self.assertIn("Press a star", page.text("#strip-note"))
        suggested = page.cards()
        page.one(".card > .star").click()
        until(lambda: self.kept() == suggested[:1])
        page.until_text("#strip-note", "")
        self.assertEqual(page.cards(), suggested[:1])
        self.favour(suggested[0])
        until(lambda: self.kept() == [])

    def test_favourites_and_their_order_survive_a_restart(self):
        self.assertIn("Suggested", self.page.text("#strip-note"))
        self.favour(*PATHS)
        until(lambda: self.kept() == PATHS)
        self.assertEqual(self.page.cards(), PATHS)
        self.assertEqual(self.page.text("#strip-note"), "")

        # By keyboard: the first goes to the second place.
        first = self.page.one(".card .open")
        self.page.press(Keys.ALT, Keys.ARROW_RIGHT, on=first)
        moved = ["b.second", "a.first", "c.third"]
        until(lambda: self.kept() == moved)
        self.assertEqual(self.page.cards(), moved)

        # By mouse: the last goes before the first.
        grips = self.page.all(".card .grip")
        cards = self.page.all(".card")
        self.page.mouse().click_and_hold(grips[2]).move_to_element_with_offset(cards[1], -20, 0).move_to_element_with_offset(
            cards[0], -60, 0).release().perform()
        moved = ["c.third", "b.second", "a.first"]
        until(lambda: self.kept() == moved, what=lambda: f"the order is {self.kept()}")

        self.server.stop()
        self.server.start()
        self.page.driver.get_log("browser")
        self.page.open().dashboard()
        self.assertEqual(self.page.cards(), moved)
        # The first two are plotted of themselves.
        self.assertEqual(self.page.plots(), moved[:2])
        self.assert_sound()

        # And one that is none any more.
        self.favour("b.second")
        until(lambda: self.kept() == ["c.third", "a.first"])


if __name__ == "__main__":
    unittest.main()
