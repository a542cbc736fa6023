"""What a newcomer does on the first day, from the README alone, and what then goes wrong: one walk, with a picture of each place.

The pictures of the walk before this one lie in the folder `before` beside its own, so that both can be looked at.
"""

import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

from page import Keys, SHOTS, until
from scene import Scene
from server import BINARY, ROOT

sys.path.insert(0, os.path.join(ROOT, "Tests/Terminal"))
from shell import Terminal, environment  # noqa: E402

MANY = 5000
ROLES = ("heading", "status", "alert", "button", "link", "searchbox", "combobox", "treeitem", "slider", "separator", "listitem")


def first_batch(server):
    """The lines that the README gives for a first batch, on the folder and at the ports of this server; without those that go on."""
    with open(os.path.join(ROOT, "README.md")) as readme:
        block = next(block for block in re.findall(r"```sh\n(.*?)```", readme.read(), re.S) if "curl" in block)
    block = re.sub(r".*status --watch.*\n", "", block)
    for said, meant in ((".build/release/dattss", BINARY), ("127.0.0.1:3002", server.http), ("127.0.0.1/8125", server.udp.replace(":", "/"))):
        assert said in block, f"the README does not say {said}: {block}"
        block = block.replace(said, meant)
    return block


def many_names():
    return [f"aws.eu_west_1.production.fleet.autoscaling_group_{i % 50:02d}.ec2_cpu_utilization_of_instance_i_0{i:05d}" for i in range(MANY)]


class Walk(Scene):
    # As `scripts/serve` starts it.
    options = ("--statsd-user", "local")
    signs_in = False

    @classmethod
    def setUpClass(cls):
        earlier = glob.glob(os.path.join(SHOTS, "walk-*"))
        if earlier:
            os.makedirs(os.path.join(SHOTS, "before"), exist_ok=True)
            for path in earlier:
                shutil.move(path, os.path.join(SHOTS, "before", os.path.basename(path)))
        super().setUpClass()

    def look(self, place):
        """A picture, numbered in the order of the walk; and nothing to complain about."""
        self.places = getattr(self, "places", 0) + 1
        self.page.shoot(f"walk-{self.places:02d}-{place}")
        # Numbers of a server that is not heard are faint on purpose.
        is_faint = self.page.js("return document.body.classList.contains('disconnected')")
        self.assertEqual([told for told in self.page.complaints() if not (is_faint and "contrast" in told)], [], place)

    def live(self):
        return self.page.text("#live span")

    def test_the_first_day_from_the_readme_alone(self):
        page = self.page
        self.watches = []
        self.addCleanup(lambda: [watch.end() for watch in self.watches])
        self.signs_in_and_sends()
        self.watches_in_a_terminal()
        self.looks_in_a_second_tab()
        self.loses_the_server_and_gets_it_back()
        self.loses_the_session_and_signs_in_again()
        self.has_thousands_of_long_names()
        self.looks_on_a_phone_in_the_dark_and_on_a_wall()
        self.goes_by_keyboard_and_listens()
        # What the browser says of a server that was away is as it should be.
        page.driver.get_log("browser")
        print(f"\n  the walk: {self.places} pictures in {SHOTS}")

    def signs_in_and_sends(self):
        page = self.page
        page.sign_in()
        self.assertIn(self.server.key, page.one("#key").text)
        # Once more without the link, which works once.
        page.open()
        self.assertIn(self.server.key, page.one("#key").text)
        self.look("start")
        done = subprocess.run(["bash", "-c", first_batch(self.server)], env=environment(DATTSS_DATA_DIR=self.server.data),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"ok":true', done.stdout)
        page.dashboard()
        until(lambda: page.row("shop.orders (counter)")["average"] == "Σ 4", 30, "all four orders")
        self.assertEqual(page.plots(), ["shop.orders"])
        until(lambda: page.js("return document.querySelector('.plot').plot.main.some(value => value > 0)"), 30, "a point in the plot")
        until(lambda: " since " in page.js("""const row = document.querySelector('#tree .row[title^="shop.orders"]');
            row.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
            return row.querySelector('.average').title"""), 10, "since when the total counts")
        self.look("first-plot")

    def watches_in_a_terminal(self):
        watch = Terminal([BINARY, "status", "--watch", "--data-dir", self.server.data], columns=100, rows=30)
        self.watches.append(watch)
        watch.read_until(r"shop\.orders")
        self.server.send(("c", "shop.orders", 3))
        watch.read_until(r"shop\.orders[^\n]*?/min[^\n]*?\b7\b")
        self.page.row("shop.orders (counter)")

    def looks_in_a_second_tab(self):
        page = self.page
        one = page.driver.current_window_handle
        page.driver.switch_to.new_window("tab")
        try:
            page.open().dashboard()
            page.plots()
            page.click_row("shop.orders (counter)")
            page.press("f", on=page.one("#tree"))
            until(lambda: page.cards() == ["shop.orders"], 10, "a favourite")
        finally:
            page.driver.close()
            page.driver.switch_to.window(one)
        until(lambda: page.cards() == ["shop.orders"] and page.text("#strip-note") == "", 30, "the favourite in the first tab")
        self.look("favourite-of-the-other-tab")

    def loses_the_server_and_gets_it_back(self):
        page = self.page
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            until(lambda: self.live().startswith("Last update "), 30, self.live)
            self.look("server-hangs")
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        until(lambda: self.live() == "Live", 30, self.live)
        self.server.process.kill()
        self.server.process.wait()
        page.until_text("#live span", "Not connected since")
        self.look("server-killed")
        self.server.process.stdout.close()
        self.server.log.close()
        self.server.start()
        until(lambda: self.live() == "Live", 60, self.live)
        # Nothing that was acknowledged is lost, and the terminal goes on by itself, too.
        until(lambda: page.row("shop.orders (counter)")["average"] == "Σ 7", 30, "the total of before")
        watch = self.watches[0]
        seen = len(watch.text)
        self.server.send(("c", "shop.orders", 1))
        watch.read_until(r"shop\.orders[^\n]*?/min[^\n]*?\b8\b", since=seen)
        until(lambda: page.row("shop.orders (counter)")["average"] == "Σ 8", 30, "the new total")
        self.look("server-back")

    def loses_the_session_and_signs_in_again(self):
        page = self.page
        session = self.server.command("user", "sessions", "list", "local").split("\t")[0]
        self.server.command("user", "sessions", "revoke", "local", session)
        # The page asks as soon as it does anything. (Until the server has heard of it, the key would take the favourite away.)
        until(lambda: page.js("return fetch('/api/v1/session').then(answer => answer.status)") == 401, 30, "the session's end")
        page.press("f", on=page.one("#tree"))
        page.until_text("#notices", "The favourites were not saved: you are signed out")
        page.until_text("#live", "Signed out. Sign in again.")
        self.look("signed-out")
        link = self.server.command("user", "link", "local").strip()
        page.driver.get(re.sub(r"http://[^/]+", self.server.url, link))
        page.dashboard()
        until(lambda: page.cards() == ["shop.orders"] and page.text("#strip-note") == "", 30, "the favourite of before")
        self.look("signed-in-again")

    def has_thousands_of_long_names(self):
        page = self.page
        names = many_names()
        for begin in range(0, MANY, 1000):
            self.server.send(*(("g", name, i % 100) for i, name in enumerate(names[begin:begin + 1000])))
        page.until_text("#found", "5,001 statistics")
        self.look("thousands")
        page.one("#search").send_keys("group_07 instance_i_004107")
        page.until_text("#found", "1 of")
        self.assertEqual([title for title in page.rows()], [f"{names[4107]} (gauge)"])
        self.look("search")
        page.click_row(f"{names[4107]} (gauge)")
        until(lambda: names[4107] in page.plots(), 30, "its plot")
        self.look("plot-of-a-long-name")
        page.press(Keys.ESCAPE, on=page.one("#tree"))

    def looks_on_a_phone_in_the_dark_and_on_a_wall(self):
        page = self.page
        for name, size, panels in (("phone", (390, 844), ("watch", "statistics", "programs")), ("wall", (2560, 1440), ("watch",))):
            page.size(*size)
            for theme in ("light", "dark"):
                page.theme(theme)
                page.open().dashboard()
                page.plots()
                for panel in panels:
                    page.js("document.querySelector(`#panels [data-panel=${arguments[0]}]`).click()", panel)
                    until(lambda: page.js("return document.getAnimations().length") == 0)
                    self.look(f"{name}-{panel}-{theme}")
        page.size(1440, 900)
        self.look("dark")
        page.theme("light")

    def goes_by_keyboard_and_listens(self):
        page = self.page
        page.open("/#show=").dashboard()
        body = page.one("body")
        page.press("/", on=body)
        self.assertEqual(page.js("return document.activeElement.id"), "search")
        page.press("shop.orders", on=page.one("#search"))
        page.until_text("#found", "1 of")
        page.press(Keys.TAB)
        until(lambda: page.js("return document.activeElement.id") == "tree", 10, "the list has the focus")
        page.press(Keys.HOME, Keys.ENTER, on=page.one("#tree"))
        until(lambda: page.plots() == ["shop.orders"], 30, "a plot by keyboard")
        page.press("?", on=page.one("#tree"))
        until(lambda: page.js("return document.querySelector('#help').open"), 10, "the help")
        self.look("help")
        page.press(Keys.ESCAPE)
        page.press(Keys.ESCAPE, on=page.one("#tree"))
        def hear():
            nodes = page.cdp("Accessibility.getFullAXTree")["nodes"]
            return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]

        def names(role):
            return [name for of, name in hear() if of == role]

        favourite = re.compile(r"shop\.orders, counter, .*per minute, total 8, favourite")
        until(lambda: any(favourite.match(name) for name in names("treeitem")), 30, lambda: names("treeitem"))
        heard = hear()
        with open(os.path.join(SHOTS, "walk-heard.txt"), "w") as file:
            file.writelines(f"{role}: {name}\n" for role, name in heard if role in ROLES)
        self.assertTrue(all(name for role, name in heard if role in ("button", "link", "slider", "searchbox", "combobox")), heard)
        self.look("by-keyboard")


if __name__ == "__main__":
    unittest.main()
