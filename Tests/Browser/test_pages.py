"""Every page, in both themes, at a desk and on a phone: no complaint, and a picture to look at."""

import gzip
import time
import unittest

from page import SHOTS, until
from scene import Scene, week

THEMES = ("light", "dark")
PHONE = (390, 844)
OWN_BYTES = 120_000
ALL_BYTES = 360_000


class Pages(Scene):
    @classmethod
    def prepare(cls, server):
        now = int(time.time()) // 60 * 60
        server.load(week() + [(at, "g", "old.silent", 5) for at in range(now - 3000, now - 1200, 60)])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.send(("c", "shop.payment.declined", 2, True), ("ms", "shop.checkout.time", 88), process="shop-web")
        print(f"\n  screenshots: {SHOTS}")

    def each(self, name, width=None, height=None):
        """Each theme: complaints, and a picture."""
        for theme in THEMES:
            with self.subTest(theme=theme):
                self.page.theme(theme)
                # Colours, the tree and the sparklines follow.
                until(lambda: self.page.js("return document.getAnimations().length") == 0)
                self.page.shoot(f"{name}-{theme}")
                self.assertEqual(self.page.problems(), [])
        self.page.theme("light")

    def tearDown(self):
        self.page.size(1440, 900)

    def test_the_dashboard(self):
        self.page.open().dashboard()
        self.page.plots()
        until(lambda: self.page.row("shop.orders (counter)") and all(
            row["spark"] for title, row in self.page.rows().items() if title.startswith("shop.pages")))
        self.each("dashboard")

    def test_plots_of_each_kind_zoomed_with_the_table_open(self):
        self.page.open("/#show=ms:shop.checkout.time,g:host.web1.load.1m,c:shop.pages.home&zoom=540-1260&step=15").dashboard()
        self.page.plots()
        self.page.all(".plot details summary")[1].click()
        chart = self.page.one(".plot .chart")
        self.page.mouse().move_to_element_with_offset(chart, 100, 0).perform()
        self.each("plots")

    def test_the_search(self):
        self.page.open().dashboard()
        self.page.one("#search").send_keys("shop")
        self.page.row("shop.pages.home (counter)")
        self.page.plots()
        self.each("search")

    def test_the_dashboard_on_a_phone(self):
        self.page.size(*PHONE)
        self.page.open("/#show=ms:shop.checkout.time,c:shop.orders").dashboard()
        self.page.plots()
        for panel in ("watch", "statistics", "programs"):
            self.page.js("document.querySelector(`#panels [data-panel=${arguments[0]}]`).click()", panel)
            self.each(f"phone-{panel}")
        self.page.js("document.querySelector('#panels [data-panel=watch]').click(); document.querySelector('#plots').scrollIntoView()")
        self.each("phone-plots")

    def test_on_a_phone_the_controls_have_two_rows_and_nothing_jumps(self):
        # (The list of what is unusual grows when more is, at the end of each five minutes; it is there before all else at the start.)
        script = self.page.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
            const hidden = new CSSStyleSheet();
            hidden.replaceSync('#unusual-list { display: none }');
            document.adoptedStyleSheets = [hidden];
            window.shifts = [];
            new PerformanceObserver(list => window.shifts.push(...list.getEntries().map(entry => entry.sources.map(source =>
              Math.abs(source.currentRect.y - source.previousRect.y))))).observe({ type: 'layout-shift', buffered: true });""")
        self.addCleanup(self.page.cdp, "Page.removeScriptToEvaluateOnNewDocument", **script)
        for size in (PHONE, (1440, 900)):
            self.page.size(*size)
            self.page.open("/#show=ms:shop.checkout.time,c:shop.orders").dashboard()
            self.page.plots()
            # News of what is on the cards: the verdict over them is another one.
            self.server.send(("c", "shop.orders", 500), ("ms", "shop.checkout.time", 9000))
            self.page.until_text("#verdict", "Unusual")
            jumps = self.page.js("return window.shifts.flat()")
            self.assertLess(max(jumps, default=0), 16, (size, jumps))
        self.page.size(*PHONE)
        self.page.open("/#show=ms:shop.checkout.time").dashboard()
        tops = self.page.js("""return [...document.querySelectorAll('.controls :is(button, input, select)')]
            .map(control => Math.round(control.getBoundingClientRect().top))""")
        self.assertEqual(len(set(tops)), 2, tops)

    def test_a_wide_screen_is_used(self):
        self.page.size(2560, 1440)
        self.page.open("/#show=ms:shop.checkout.time,c:shop.orders,g:queue.mail.length,g:host.web1.load.1m").dashboard()
        self.page.plots()
        self.page.one("#cards .card")
        boxes = self.page.js("""return ['.plot', '.card'].map(what => [...document.querySelectorAll(what)].map(element => {
            const { left, right, top } = element.getBoundingClientRect(); return [left, right, top]; }))""")
        for kind in boxes:
            self.assertGreater(max(right for _, right, _ in kind), 2500)
        self.assertEqual(len({top for _, _, top in boxes[0]}), 2)
        self.each("wide")

    def test_the_account(self):
        for size in ((1440, 900), PHONE):
            self.page.size(*size)
            self.page.open("/account")
            self.page.one(".rows li")
            self.each("account" if size != PHONE else "phone-account")

    def test_pages_have_a_strict_policy_and_are_asked_for_again_only_when_they_changed(self):
        for path, type in (("/", "text/html"), ("/account", "text/html"), ("/demo", "text/html"), ("/server", "text/html"),
                           ("/assets/dashboard.js", "text/javascript"), ("/assets/theme.css", "text/css"),
                           ("/assets/icon.svg", "image/svg+xml")):
            status, headers, body = self.server.request(path, headers={"Accept": "text/html,*/*"})
            self.assertEqual(status, 200, path)
            self.assertIn(type, headers["Content-Type"])
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertEqual((headers["X-Content-Type-Options"], headers["Referrer-Policy"], headers["Cache-Control"]),
                             ("nosniff", "same-origin", "no-cache"))
            again = self.server.request(path, headers={"Accept": "text/html", "If-None-Match": headers["ETag"]})
            self.assertEqual((again[0], again[2]), (304, b""), path)
            packed = self.server.request(path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
            self.assertEqual(packed[1]["Content-Encoding"], "gzip")
            self.assertEqual(gzip.decompress(packed[2]), body)
            refused = self.server.request(path, headers={"Accept": "text/html", "Accept-Encoding": "gzip;q=0"})
            self.assertEqual(refused[2], body)
            head = self.server.request(path, method="HEAD", headers={"Accept": "text/html"})
            self.assertEqual((head[0], head[2]), (200, b""))
        self.assertIn(b"PUT  /agg", self.server.request("/", headers={"Accept": "*/*"})[2])
        self.assertEqual(self.server.request("/assets/nothing.js")[0], 404)

    def test_the_page_is_light(self):
        self.page.cdp("Network.enable")
        self.page.cdp("Network.clearBrowserCache")
        self.page.open("/").dashboard()
        self.page.plots()
        sizes = self.page.js("""return [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
            .filter(({ name }) => !name.includes('/api/'))
            .map(({ name, encodedBodySize, decodedBodySize }) => [name, encodedBodySize, decodedBodySize])""")
        own = sum(packed for name, packed, _ in sizes if "dygraph" not in name)
        everything = sum(packed for _, packed, _ in sizes)
        unpacked = sum(plain for _, _, plain in sizes)
        print(f"\n  {len(sizes)} files: {own} bytes of our own, {everything} with the plot library, {unpacked} unpacked")
        self.assertGreater(own, 10_000)
        self.assertLessEqual(own, OWN_BYTES)
        # Even unpacked.
        self.assertLessEqual(unpacked, ALL_BYTES)


if __name__ == "__main__":
    unittest.main()
