"""The page says what is: whether the server is heard, whether one is signed in, and what anything is measured in."""

import json
import signal
import time
import unittest

from page import Keys, until
from scene import Scene


class Truth(Scene):
    @classmethod
    def prepare(cls, server):
        now = int(time.time()) // 60 * 60
        server.load([(at, "c", "steady.hits", 2) for at in range(now - 86400 - 3000, now, 60)])

    def live(self):
        return self.page.text("#live span")

    def test_a_server_that_hangs_is_not_live(self):
        page = self.page
        page.open().dashboard()
        page.until_text("#live span", "Live")
        # Nothing comes in: only the server's beat keeps the page live.
        # Waits: longer than the page takes silence for.
        time.sleep(7)
        self.assertEqual(self.live(), "Live")
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            until(lambda: self.live().startswith("Last update ") and self.live().endswith(" s ago"), 30, self.live)
            self.assertTrue(page.js("return document.body.classList.contains('disconnected')"))
            page.shoot("hung-light")
            page.size(390, 844)
            self.assertLessEqual(page.js("return document.querySelector('#live').getBoundingClientRect().right"), 390)
            page.shoot("hung-phone-light")
            page.size(1440, 900)
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        until(lambda: self.live() == "Live", 30, self.live)

    def test_numbers_are_written_as_where_the_reader_lives(self):
        page = self.page
        self.server.send(("g", "locale.large", 12345), ("g", "locale.small", 1234.5))
        agent = page.js("return navigator.userAgent")
        try:
            for language, large, small in (("de-DE", "12,3 k", "1.235"), ("en-US", "12.3 k", "1,235")):
                page.cdp("Network.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
                page.open().dashboard()
                for path, text in (("large", large), ("small", small)):
                    until(lambda: page.row(f"locale.{path} (gauge)")["value"] == text, 20, lambda: page.row(f"locale.{path} (gauge)"))
        finally:
            page.cdp("Network.setUserAgentOverride", userAgent=agent, acceptLanguage="")

    def test_plots_that_could_not_be_loaded_are_loaded_when_the_server_is_back(self):
        page = self.page
        page.open("/#show=c:steady.hits").dashboard()
        page.plots()
        self.server.stop()
        try:
            page.until_text("#live span", "Not connected since")
            page.one("#day-before").click()
            page.until_text(".plot .message", "Not loaded")
        finally:
            self.server.start()
        until(lambda: self.live() == "Live", 40, self.live)
        until(lambda: not page.js("return document.querySelector('.message').checkVisibility()"), 30, lambda: page.text(".plot .message"))
        self.assertGreater(page.js("return document.querySelector('.plot').plot.main.filter(value => value != null).length"), 3)
        page.driver.get_log("browser")

    def test_a_session_that_ended_says_so_and_leads_back(self):
        page = self.page
        page.open("/#show=c:steady.hits&step=15&tz=UTC").dashboard()
        page.plots()
        address = page.driver.current_url
        page.js("""return fetch('/api/v1/session').then(answer => answer.json()).then(({ csrf }) =>
            fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-CSRF-Token': csrf } })).then(() => true)""")
        page.until_text("#live", "Signed out. Sign in again.")
        self.assertTrue(page.js("return document.querySelector('#live a').checkVisibility()"))
        # What is there can still be read.
        self.assertIn("steady.hits (counter)", page.rows())
        page.shoot("signed-out-light")
        page.size(390, 844)
        self.assertLessEqual(page.js("return document.querySelector('#live a').getBoundingClientRect().right"), 390)
        page.shoot("signed-out-phone-light")
        page.size(1440, 900)
        page.one("#live a").click()
        page.until_text("h1", "Sign in")
        self.assertEqual(page.js("return location.origin + sessionStorage.getItem('back')"), address)
        self.server.sign_in = self.server.command("user", "link", "local").split()[-1]
        page.driver.get_log("browser")
        page.sign_in()


class Units(Scene):
    def setUp(self):
        self.server.send(("g", "memory.used.bytes", 8.123456789e9), ("g", "cpu.percent", 48.25), ("g", "huge", 9.737e15),
                         ("g", "enormous", 1e300), ("ms", "job.total", 8e7), ("ms", "job.total", 7e7), ("c", "visits", 1234567),
                         ("c", "net.sent.bytes", 2.5e6), ("g", "replay.seconds", .25))
        self.page.open("/#show=").dashboard()

    def test_each_value_says_what_it_is_measured_in(self):
        rows = until(lambda: len(self.page.rows()) > 7 and self.page.rows())
        values = {title: (row["value"], row["average"]) for title, row in rows.items()}
        self.assertEqual(values["memory.used.bytes (gauge)"][0], "8.12 GB")
        self.assertEqual(values["cpu.percent (gauge)"][0], "48.3 %")
        self.assertEqual(values["huge (gauge)"][0], "9.74 P")
        self.assertEqual(values["enormous (gauge)"][0], "1×10³⁰⁰")
        self.assertEqual(values["replay.seconds (gauge)"][0], "250 ms")
        # The smallest and the largest of a timer, and the rate of a counter first.
        self.assertEqual(values["job.total (timer)"], ("20.8 h", "19.4–22.2 h"))
        self.assertRegex(values["visits (counter)"][0], r"^[\d.]+ M/min$")
        self.assertRegex(values["net.sent.bytes (counter)"][0], r"^[\d.]+ MB/min$")
        self.assertRegex(values["net.sent.bytes (counter)"][1], r"^Σ [\d.]+ MB$")
        text = self.page.js("return document.body.innerText")
        self.assertNotIn("e+", text)

    def test_the_exact_value_is_shown_under_the_mouse_and_copied_by_a_key(self):
        page = self.page
        row = "[...document.querySelectorAll('#tree .row')].find(row => row.title === 'memory.used.bytes (gauge)')"
        page.mouse().move_to_element(page.js(f"return {row}.querySelector('.value')")).perform()
        until(lambda: page.js(f"return {row}.querySelector('.value').title") == "8,123,456,789 bytes")
        page.js("navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }")
        page.click_row("memory.used.bytes (gauge)")
        page.press("c", on=page.one("#tree"))
        until(lambda: page.js("return window.copied") == "8123456789")
        page.plots()
        until(lambda: page.js("return document.querySelector('.readout .today b').title").startswith("8,123,456,789 bytes"))
        page.js("window.copied = null")
        page.press("c", on=page.one(".plot .chart"))
        until(lambda: page.js("return window.copied") == "8123456789")
        page.click_row("memory.used.bytes (gauge)")

    def test_a_unit_can_be_chosen_and_is_kept(self):
        page = self.page
        page.open("/#show=g:huge").dashboard()
        page.plots()
        page.one(".plot details summary").click()
        select = page.one(".plot details select")
        self.assertEqual(select.get_attribute("value"), "number")
        page.js("arguments[0].value = 'bytes'; arguments[0].dispatchEvent(new Event('change'))", select)
        until(lambda: "PB" in page.text(".plot .readout"))
        page.open("/#show=g:huge").dashboard()
        page.plots()
        self.assertIn("9.74 PB", page.text(".plot .summary"))
        self.assertEqual(page.row("huge (gauge)")["value"], "9.74 PB")
        # It is the user's, and not this browser's: nothing of it is kept here, and what another machine sets is seen here.
        self.assertIsNone(page.js("return localStorage.getItem('units')"))
        self.server.request("/api/v1/units", b'{"typ":"g","pth":"huge","unit":"s"}', "PUT")
        page.js("document.dispatchEvent(new Event('visibilitychange'))")
        until(lambda: "years" in page.text(".plot .readout") or " d" in page.text(".plot .readout"), 30,
              lambda: page.text(".plot .readout"))
        page.one(".plot details summary").click()
        self.assertEqual(page.one(".plot details select").get_attribute("value"), "s")
        self.server.request("/api/v1/units", b'{"typ":"g","pth":"huge"}', "PUT")
        self.assert_sound()

    def test_the_whole_page_is_heard_with_its_values(self):
        nodes = self.page.cdp("Accessibility.getFullAXTree")["nodes"]
        told = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]
        for role, name in told:
            if role in ("treeitem", "button", "separator", "heading", "slider", "status"):
                print(f"  {role}: {name}")
        items = [name for role, name in told if role == "treeitem"]
        self.assertTrue(any(name.startswith("memory.used.bytes, gauge, 8.12 GB") for name in items), items)
        self.assertTrue(any(name.startswith("job.total, timer, 20.8 h, from 19.4 h to 22.2 h") for name in items), items)
        self.assertTrue(any("visits, counter, " in name and "per minute, total " in name for name in items), items)
        self.assertTrue(all(any(digit in name for digit in "0123456789") for name in items), items)


if __name__ == "__main__":
    unittest.main()
