"""From an empty folder to the first plot."""

import subprocess
import unittest

from page import until
from scene import Scene


class FirstStart(Scene):
    def test_a_newcomer_gets_from_the_link_to_the_first_plot_with_the_lines_that_the_page_shows(self):
        page = self.page
        page.open()
        self.assertIn(self.server.key, page.one("#key").text)
        self.assertFalse(page.js("return document.body.classList.contains('started')"))
        self.assert_sound()
        page.shoot("start-light")
        # The first tab is curl, and what it shows works in a shell as it stands.
        line = page.one("#example code").text
        self.assertIn("curl", line)
        subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=20)
        page.dashboard()
        self.assertEqual(page.row("hello.world (counter)")["value"], "1")
        self.assertEqual(page.plots(), ["hello.world"])
        until(lambda: page.js("return document.querySelector('.plot').plot.main.some(value => value > 0)"), 20, "a point in the plot")
        self.assertFalse(page.js("return document.querySelector('#start').checkVisibility()"))
        self.assert_sound()


class StartPage(Scene):
    def test_every_tab_shows_lines_with_the_key_and_this_host(self):
        page = self.page
        page.open()
        page.one("#key")
        for tab in page.all("[role=tab]"):
            page.js("arguments[0].click()", tab)
            code = page.text("#example code")
            self.assertIn(self.server.key, code)
            self.assertIn("127.0.0.1", code)
        self.assertEqual(page.js("return [...document.querySelectorAll('[role=tab]')].map(tab => tab.textContent)"),
                         ["curl", "Shell", "Swift", "Node", "Python", "PHP", "statsd"])


class SignedOut(Scene):
    signs_in = False

    def test_who_is_not_signed_in_is_sent_to_the_account_page(self):
        page = self.page
        page.open("/")
        until(lambda: page.driver.current_url.endswith("/account"), 10, "the account page")
        page.one("form input[type=email]")
        self.assertEqual(page.text("h1"), "Sign in")


if __name__ == "__main__":
    unittest.main()
