"""From an empty folder to the first plot."""

import shutil
import subprocess
import time
import unittest

from page import until
from scene import Scene
from server import ROOT


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
        self.assertEqual(page.row("hello.world (counter)")["value"], "1/min")
        self.assertEqual(page.plots(), ["hello.world"])
        until(lambda: page.js("return document.querySelector('.plot').plot.main.some(value => value > 0)"), 30, "a point in the plot")
        self.assertFalse(page.js("return document.querySelector('#start').checkVisibility()"))
        self.assert_sound()


class LongSilent(Scene):
    options = ("--idle-seconds", "3600")

    @classmethod
    def prepare(cls, server):
        cls.before = int(time.time()) // 60 * 60 - 3 * 86400
        server.load([(at, "c", path, 4) for path in ("shop.orders", "shop.visits") for at in range(cls.before - 3600, cls.before, 60)])

    def test_where_nothing_has_come_for_long_the_page_leads_to_what_there_is(self):
        page = self.page
        page.open()
        until(lambda: page.all("#start .silent a"), 30, "what is silent")
        self.assertEqual([link.text for link in page.all("#start .silent a")], ["shop.orders", "shop.visits"])
        self.assertIn("last sent", page.text("#start .silent"))
        self.assert_sound()
        page.shoot("silent-light")
        page.one("#start .silent a").click()
        page.dashboard()
        self.assertEqual(page.plots(), ["shop.orders"])
        until(lambda: page.js("return document.querySelector('.plot').plot.main.some(value => value > 0)"), 30, "the points of that day")
        page.driver.back()
        # From there a newcomer still finds how to send.
        page.open()
        page.one("#start .actions button").click()
        self.assertIn(self.server.key, page.one("#key").text)
        self.assert_sound()


class StartPage(Scene):
    def test_the_lines_of_every_tab_work_as_they_stand(self):
        page = self.page
        page.open()
        page.one("#key")
        lines = {}
        for tab in page.all("[role=tab]"):
            page.js("arguments[0].click()", tab)
            lines[tab.text] = page.text("#example code")
            self.assertIn(self.server.key, lines[tab.text])
            self.assertIn("127.0.0.1", lines[tab.text])
        self.assertEqual(list(lines), ["curl", "Shell", "Swift", "Node", "Python", "PHP", "statsd"])
        # A program of Swift would have to be built first.
        del lines["Swift"]
        # The page knows no other port than the usual one.
        port = self.server.udp.rsplit(":", 1)[1]
        for name, line in lines.items():
            tool = {"Node": "node", "Python": "python3", "PHP": "php"}.get(name, "bash")
            with self.subTest(name):
                if not shutil.which(tool):
                    self.skipTest(f"{tool} is not installed")
                before = self.total()
                done = subprocess.run(["bash", "-c", line.replace("8125", port)], cwd=ROOT, capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                until(lambda: self.total() > before, 30, f"a sample: {done.stderr}")

    def total(self):
        return sum(statistic["sum"] for statistic in self.server.api("status")["c"] if statistic["pth"] == "hello.world")


class SignedOut(Scene):
    signs_in = False

    def test_who_is_not_signed_in_is_sent_to_the_account_page(self):
        page = self.page
        page.open("/")
        until(lambda: page.driver.current_url.endswith("/account"), 30, "the account page")
        page.one("form input[type=email]")
        self.assertEqual(page.text("h1"), "Sign in")


if __name__ == "__main__":
    unittest.main()
