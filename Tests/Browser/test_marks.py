"""What happened stands on every plot, where it happened, for mouse and keyboard."""

import json
import time
import unittest

from page import Keys, until
from scene import Scene, week


class Marks(Scene):
    options = ("--statsd-user", "local")

    @classmethod
    def prepare(cls, server):
        server.load(week(step=300))

    def setUp(self):
        for mark in self.server.api("marks?from=0")["marks"]:
            self.assertEqual(self.server.request(f"/api/v1/marks/{mark['id']}", method="DELETE")[0], 204)

    def mark(self, text, at=None, tags=()):
        body = {"text": text, "tags": list(tags), **({"time": at} if at else {})}
        status, _, answer = self.server.request("/api/v1/marks", json.dumps(body).encode(), "POST")
        self.assertEqual(status, 201, answer)
        return json.loads(answer)

    def lines(self, plot=1):
        """The words and the place of each line that is seen."""
        return self.page.js("""
            const frame = document.querySelector(`.plot:nth-child(${arguments[0]}) .frame`);
            return [...frame.querySelectorAll('.happened')].map(line => {
              const { left, width } = line.getBoundingClientRect();
              return [line.getAttribute('aria-label'), left + width / 2 - frame.getBoundingClientRect().left, line.tabIndex];
            });""", plot)

    def place(self, at, plot=1):
        """Where a plot has a time, in pixels."""
        return self.page.js("""
            const { plot } = document.querySelector(`.plot:nth-child(${arguments[0]})`);
            const time = new Date(arguments[1] * 1000);
            const [hour, minute] = new Intl.DateTimeFormat('en', { timeZone: plot.board.view.zone, hour: 'numeric', minute: 'numeric',
              hourCycle: 'h23' }).format(time).split(':').map(Number);
            return plot.graph.toDomXCoord(hour * 60 + minute);""", plot, at)

    def test_marks_stand_on_every_plot_and_are_read_by_mouse_and_keyboard(self):
        page = self.page
        now = int(time.time()) // 60 * 60
        early, late = now - 5 * 3600, now - 3600
        self.mark("deployed 1.4.2", early, ["api", "west"])
        self.mark("database moved", late)
        self.mark("another day", now - 3 * 86400)
        page.open("/#show=c:shop.orders,ms:shop.checkout.time").dashboard()
        page.plots()
        for plot in (1, 2):
            until(lambda: len(self.lines(plot)) == 2, 30, lambda: str(self.lines(plot)))
            for (words, x, _), (text, at) in zip(self.lines(plot), (("deployed 1.4.2 (api, west)", early), ("database moved", late))):
                # Who said so is the key.
                self.assertTrue(words.endswith(f" {text} by “default”"), words)
                self.assertLess(abs(x - self.place(at, plot)), 1.5, words)
        # One stop of the tabulator a plot.
        self.assertEqual([tab for _, _, tab in self.lines()], [0, -1])
        for theme in ("dark", "light"):
            page.theme(theme)
            self.assert_sound()

        # By mouse.
        tip = ".plot:nth-child(1) .marked"
        shown = lambda: page.js("return !document.querySelector(arguments[0]).hidden", tip)
        self.assertFalse(shown())
        page.mouse().move_to_element(page.all(".plot:nth-child(1) .happened")[1]).perform()
        until(shown)
        self.assertIn("database moved", page.text(tip))
        page.shoot("marks-mouse")
        self.assert_sound()
        page.mouse().move_to_element(page.one(".plot:nth-child(1) h3")).perform()
        until(lambda: not shown())

        # By keyboard alone: from the plot to its lines.
        page.js("document.querySelector('.plot:nth-child(1) .chart').focus()")
        page.press(Keys.TAB)
        until(shown)
        self.assertIn("deployed 1.4.2 (api, west)", page.text(tip))
        page.press(Keys.ARROW_RIGHT)
        until(lambda: "database moved" in page.text(tip))
        page.press(Keys.ARROW_RIGHT)
        self.assertIn("database moved", page.text(tip))
        page.press(Keys.HOME)
        until(lambda: "deployed 1.4.2" in page.text(tip))
        page.shoot("marks-keyboard")
        self.assert_sound()
        page.press(Keys.ESCAPE)
        until(lambda: not shown())

        # The zoom moves them, and hides those that are not in it.
        page.js("document.querySelector('.plot').plot.board.zoom(arguments[0])", [
            page.js("const { plot } = document.querySelector('.plot'); return plot.graph.toDataXCoord(arguments[0])", self.place(late) - 1) - 30,
            page.js("const { plot } = document.querySelector('.plot'); return plot.graph.toDataXCoord(arguments[0])", self.place(late)) + 20])
        until(lambda: len(self.lines()) == 1)
        self.assertLess(abs(self.lines()[0][1] - self.place(late)), 1.5)

    def test_what_happens_while_the_page_is_open_is_there_within_a_minute(self):
        page = self.page
        page.open("/#show=g:queue.mail.length").dashboard()
        page.plots()
        before = len(self.lines())
        self.server.command("mark", "from a shell", "--tag", "cron")
        until(lambda: any("from a shell (cron)" in words for words, _, _ in self.lines()), 120, lambda: f"{before} {self.lines()}")
        self.assert_sound()

    EXPLORED = """
        const { explore } = document.querySelector('.xplot') ?? {};
        if (!explore?.data) return [];
        const frame = explore.element.querySelector('.xframe');
        return [...frame.querySelectorAll('.happened')].map(line => {
          const { left, width } = line.getBoundingClientRect();
          return [line.getAttribute('aria-label'), left + width / 2 - frame.getBoundingClientRect().left, line.tabIndex]; });"""

    def test_marks_stand_in_explore_in_a_heatmap_and_on_a_board(self):
        page = self.page
        now = int(time.time()) // 60 * 60
        self.mark("deployed 1.4.2", now - 5 * 3600, ["api"])
        self.mark("database moved", now - 3600)
        self.mark("another day", now - 3 * 86400)
        tip = ".xplot .marked"
        shown = lambda: page.js("return !document.querySelector(arguments[0]).hidden", tip)
        for name, address in (("lines", "q=c:shop.orders&range=1d"), ("heatmap", "q=ms:shop.checkout.time&range=1d&draw=heatmap")):
            page.open(f"/#explore?{address}").dashboard()
            until(lambda: len(page.js(self.EXPLORED)) == 2, 60, lambda: str(page.js(self.EXPLORED)))
            for (words, x, _), (text, at) in zip(page.js(self.EXPLORED), (("deployed 1.4.2 (api)", now - 5 * 3600), ("database moved", now - 3600))):
                self.assertIn(f" {text} by “default”", words)
                place = page.js("""const { data, chart } = document.querySelector('.xplot').explore;
                    const [left, right] = [62, chart.clientWidth - 14];
                    return left + (arguments[0] - data.from) / (data.count * data.step * 60) * (right - left)""", at)
                self.assertLess(abs(x - place), 1.5, words)
            self.assertEqual([tab for _, _, tab in page.js(self.EXPLORED)], [0, -1])
            page.mouse().move_to_element(page.all(".xplot .happened")[1]).perform()
            until(shown)
            self.assertIn("database moved", page.text(tip))
            for theme in ("dark", "light"):
                page.theme(theme)
                page.shoot(f"marks-explore-{name}-{theme}")
                self.assert_sound()
            page.mouse().move_to_element(page.one("h1")).perform()
            until(lambda: not shown())
            page.js("document.querySelector('.xchart').focus()")
            page.press(Keys.TAB)
            until(shown)
            self.assertIn("deployed 1.4.2 (api)", page.text(tip))
            page.press(Keys.ARROW_RIGHT)
            until(lambda: "database moved" in page.text(tip))
        # What is saved has them, too.
        saved = page.driver.execute_async_script("""
            const done = arguments[0];
            import('/assets/explorefile.js').then(async ({ fileOf }) =>
              done(await (await fileOf('svg', document.querySelector('.xplot').explore)).text()));""")
        self.assertEqual(saved.count("h8l-4 7Z"), 2)

        board = {"name": "Marked", "panels": [{"type": "plot", "address": f"v=1&q={what}&range=1d&tz=UTC"} for what in ("c:shop.orders", "g:queue.mail.length")]}
        self.assertEqual(self.server.request("/api/v1/boards", json.dumps(board).encode(), "POST")[0], 201)
        page.open("/#board/Marked").dashboard()
        lines = "return [...document.querySelectorAll('.bpanel')].map(panel => panel.querySelectorAll('.happened').length)"
        until(lambda: page.js(lines) == [2, 2], 60, lambda: str(page.js(lines)))
        # Plots of the same time ask once.
        # (What the plots of a day ask for is three days.)
        asked = """return performance.getEntriesByType('resource').map(({ name }) => name.match(/marks\\?from=(\\d+)&to=(\\d+)/))
            .filter(found => found && found[2] - found[1] < 2 * 86400).length"""
        self.assertEqual(page.js(asked), 1)
        page.shoot("marks-board")
        self.assert_sound()

    def test_on_a_phone_nothing_is_out_of_place(self):
        page = self.page
        self.mark("a" * 200 + " " + "long words " * 20, int(time.time()) - 7200)
        try:
            page.size(390, 844)
            page.open("/#show=c:shop.orders").dashboard()
            page.plots()
            until(lambda: any("long words" in words for words, _, _ in self.lines()), 30, lambda: str(self.lines()))
            page.js("[...document.querySelectorAll('.happened')].find(line => line.getAttribute('aria-label').includes('long')).focus()")
            until(lambda: page.js("return !document.querySelector('.marked').hidden"))
            page.shoot("marks-phone")
            self.assert_sound()
        finally:
            page.size(1440, 900)


if __name__ == "__main__":
    unittest.main()
