"""Explore: a plot of anything is its address; its numbers are the API's; and it is all there by mouse and by keyboard."""

import json
import time
import unittest
import urllib.parse

from page import Keys, until
from scene import Scene, week

PHONE = (390, 844)


class Explore(Scene):
    @classmethod
    def prepare(cls, server):
        cls.samples = week(step=120)
        server.load(cls.samples)

    def setUp(self):
        self.page.size(1440, 900)
        self.page.theme("light")

    def explore(self, address):
        self.page.open(f"/#explore?{address}").dashboard()
        return self.drawn(lambda state: not address or not state["message"].startswith("Add a statistic"))

    STATE = """
        const explore = document.querySelector('.xplot')?.explore;
        return explore && {
            lines: explore.data?.lines.map(({ title, values, unit }) => ({ title, values, unit })) ?? [],
            from: explore.data?.from, step: explore.data?.step, count: explore.data?.count,
            problem: explore.problem.hidden ? '' : explore.problem.textContent, message: explore.message.hidden ? '' : explore.message.textContent,
            note: explore.note.textContent, at: explore.at.textContent, cursor: explore.cursor,
            isBusy: explore.element.hasAttribute('aria-busy'), paths: document.querySelectorAll('.xchart svg path[stroke-linejoin]').length,
            address: location.hash.replace('#explore?', '') };"""

    def state(self):
        return self.page.js(self.STATE)

    def drawn(self, what=lambda state: True):
        """Waits until the plot is there, or says why it is not."""
        def is_drawn():
            state = self.state()
            return state if state and not state["isBusy"] and (state["lines"] or state["problem"] or state["message"]) and what(state) else None
        return until(is_drawn, 60, lambda: f"the plot: {self.state()}")

    def titles(self, state=None):
        return [line["title"] for line in (state or self.state())["lines"]]

    def asked(self, **parameters):
        status, _, body = self.server.request("/api/v1/query?" + urllib.parse.urlencode(parameters))
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_the_numbers_are_those_of_the_api_and_these_those_of_the_samples(self):
        state = self.explore("q=c:shop.pages.*;fold=sum;by=n2&range=3h&tz=UTC&step=10")
        self.assertEqual(self.titles(state), [f"{name}" for name in ("cart", "home", "product", "search")])
        answer = self.asked(kind="c", pattern="shop.pages.*", figure="per-minute", fold="sum", by="n2", step=10,
                            **{"from": state["from"], "to": state["from"] + state["count"] * 600})
        # The last step is not over, and its rate is another one in each second.
        self.assertEqual([line["values"][:-1] for line in state["lines"]], [one["values"][:-1] for one in answer["series"]])
        samples = [value for at, kind, path, value in self.samples
                   if path == "shop.pages.home" and state["from"] + 600 <= at < state["from"] + 1200]
        if samples:
            self.assertAlmostEqual(state["lines"][1]["values"][1] * 10, sum(samples))
        # The figure beside the name is that of the last step, or that under the cursor.
        self.page.one(".xchart").click()
        self.page.press(Keys.HOME)
        self.assertIn("aria-valuetext", self.page.js("return document.querySelector('.xchart').outerHTML"))
        shown = self.page.js("return [...document.querySelectorAll('.xlegend b')].map(value => value.title)")
        self.assertEqual(len(shown), 4)

    def test_a_wrong_address_and_a_limit_are_said_in_words(self):
        self.assertIn("range: is “2h”, expected one of 15m", self.explore("q=c:shop.orders&range=2h")["problem"])
        self.assertIn("** stands for whole components", self.explore("q=c:shop**&range=3h")["problem"])
        self.assertIn("Nothing matches", self.explore("q=c:no.such.thing&range=3h")["message"])
        self.assertIn("Add a statistic", self.explore("")["message"])
        status, _, body = self.server.request("/api/v1/query?kind=c&pattern=**&figure=sum&from=0&to=1790000000&step=1")
        self.assertEqual(status, 422)
        self.assertIn("the limit of instants", json.loads(body)["error"]["message"])
        # The browser tells of what was refused, too.
        self.page.driver.get_log("browser")

    def test_a_plot_is_put_together_by_mouse_and_keyboard_and_is_its_address(self):
        page = self.page
        page.open("/").dashboard()
        page.plots()
        page.js("document.activeElement.blur()")
        page.press("e", on=page.one("body"))
        self.drawn()
        # From the list, and again out of it.
        page.click_row("shop.orders (counter)")
        self.drawn(lambda state: self.titles(state) == ["shop.orders"])
        self.assertIn("q=c:shop.orders", self.state()["address"])
        self.assertIn("plotted", page.row("shop.orders (counter)")["classes"])
        # A pattern by keyboard, folded and grouped.
        page.one("#x-pattern").send_keys("shop.pages.*", Keys.ENTER)
        self.drawn(lambda state: len(state["lines"]) == 5)
        page.js("""const fold = document.querySelector('#x-1-fold'); fold.focus(); fold.value = 'sum'; fold.dispatchEvent(new Event('change'))""")
        self.drawn(lambda state: self.titles(state) == ["shop.orders", "sum of shop.pages.*"])
        self.assertEqual(page.js("return document.activeElement.id"), "x-1-fold")
        page.js("""const by = document.querySelector('#x-1-by'); by.value = 'n2'; by.dispatchEvent(new Event('change'))""")
        self.drawn(lambda state: len(state["lines"]) == 5 and "by=n2" in state["address"])
        page.one("#x-1-right").click()
        self.drawn(lambda state: "right" in state["address"])
        for name, value in (("draw", "stacked"), ("draw", "lines"), ("vs", "day"), ("step", "30")):
            page.js(f"""const s = document.querySelector('#x-{name}'); s.value = '{value}'; s.dispatchEvent(new Event('change'))""")
            self.drawn(lambda state: value == "lines" or f"{name}={value}" in state["address"])
        state = self.drawn(lambda state: state["step"] == 30)
        # That address, opened anew, shows the same; and the browser's button leads back.
        again = self.explore(state["address"])
        self.assertEqual((self.titles(again), again["address"]), (self.titles(state), state["address"]))
        page.one("[data-range='1d']").click()
        self.drawn(lambda state: "range=1d" in state["address"])
        page.driver.back()
        self.drawn(lambda state: state["address"] == again["address"])
        self.assert_sound()

    def test_time_is_zoomed_and_moved_by_mouse_and_by_keyboard(self):
        page = self.page
        first = self.explore("q=ms:shop.checkout.time;p50&range=1d&tz=UTC")
        chart = page.one(".xchart")
        # Drag.
        page.mouse().move_to_element_with_offset(chart, -200, 0).click_and_hold().move_by_offset(150, 0).release().perform()
        state = self.drawn(lambda state: "from=" in state["address"])
        self.assertLess(state["count"] * state["step"], first["count"] * first["step"] / 2)
        # Out, further than the day.
        page.js("document.querySelector('.xchart').focus()")
        for _ in range(5):
            before = self.state()["address"]
            page.press("-")
            state = self.drawn(lambda state: state["address"] != before)
        self.assertGreater(state["count"] * state["step"], 1440 * 1.5)
        before = state["address"]
        page.press("+")
        state = self.drawn(lambda state: state["address"] != before)
        page.press(Keys.SHIFT + Keys.ARROW_LEFT)
        moved = self.drawn(lambda moved: moved["from"] < state["from"])
        self.assertLess(moved["from"], state["from"])
        # Live ranges that have names follow each other.
        self.explore("q=ms:shop.checkout.time&range=3h&tz=UTC")
        page.js("document.querySelector('.xchart').focus()")
        page.press("-")
        self.drawn(lambda state: "range=1d" in state["address"])
        # The cursor.
        page.press(Keys.HOME)
        page.press(Keys.ARROW_RIGHT)
        self.assertEqual(self.state()["cursor"], 1)
        page.press(Keys.ESCAPE)
        self.assertIsNone(self.state()["cursor"])
        # By hand, as clocks of the zone show it.
        page.js("""const [from, to] = ['from', 'to'].map(name => document.querySelector(`#x-${name}`));
                   to.value = new Date(Date.now() - 3600e3).toISOString().slice(0, 16);
                   from.value = new Date(Date.now() - 7200e3).toISOString().slice(0, 16); from.dispatchEvent(new Event('change'))""")
        state = self.drawn(lambda state: "from=" in state["address"])
        self.assertEqual(state["count"] * state["step"], 60 + (60 % state["step"] and state["step"]))

    def test_what_is_drawn_follows_the_mouse_that_moves_it_and_what_lies_beside_comes_to_be_seen(self):
        page = self.page
        end = int(time.time()) // 3600 * 3600 - 86400
        written = [time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(at)) for at in (end - 6 * 3600, end)]
        first = self.explore(f"q=c:shop.orders&from={written[0]}&to={written[1]}&tz=UTC&step=10")
        chart = page.one(".xchart")
        drawn = lambda: page.js("""
            const moving = document.querySelector('.xchart svg svg > g');
            return [moving.getAttribute('transform') ?? '', moving.querySelector('path[stroke-linejoin]')?.getAttribute('d').split(/[ML]/).length - 1];""")
        points = drawn()[1]
        page.mouse().key_down(Keys.SHIFT).move_to_element_with_offset(chart, 100, 0).click_and_hold().move_by_offset(120, 0).perform()
        transform = drawn()[0]
        self.assertRegex(transform, r"translate\(1[12]\d")
        # As much again on either side.
        until(lambda: drawn()[1] > 2.5 * points, 30, lambda: str((points, drawn())))
        self.assertEqual(drawn()[0], transform, "nothing jumps when it comes")
        self.assertEqual(self.state()["address"], first["address"])
        page.shoot("explore-moved")
        page.mouse().release().key_up(Keys.SHIFT).perform()
        state = self.drawn(lambda state: state["from"] < first["from"])
        # (Whole steps cover what it was moved to.)
        self.assertIn((state["count"], state["step"]), ((first["count"], 10), (first["count"] + 1, 10)))
        width = page.js("return document.querySelector('.xchart').clientWidth") - 62 - 14
        self.assertAlmostEqual((first["from"] - state["from"]) / 21600, 120 / width, delta=0.05)
        self.assertEqual(drawn()[0], "")
        # Nothing is to come: a live plot does not follow into it.
        live = self.explore("q=c:shop.orders&range=3h&tz=UTC")
        page.mouse().key_down(Keys.SHIFT).move_to_element_with_offset(page.one(".xchart"), 100, 0).click_and_hold().move_by_offset(-150, 0).perform()
        until(lambda: drawn()[0])
        self.assertLess(abs(float(drawn()[0][len("translate("):].split()[0])), 20)
        page.mouse().release().key_up(Keys.SHIFT).perform()
        until(lambda: drawn()[0] == "")
        self.assertEqual(self.state()["address"], live["address"])
        self.assert_sound()

    def test_a_unit_set_by_hand_is_that_of_the_plot_at_once_and_on_boards(self):
        page = self.page
        self.explore("q=g:queue.mail.length&range=3h&tz=UTC")
        choice = page.one("#x-0-unit")
        self.assertEqual(page.js("return arguments[0].value", choice), "number")
        labels = lambda: page.js("return [...document.querySelectorAll('.xchart svg text, .xlegend b')].map(({ textContent }) => textContent)")
        for unit, sign in (("bytes", " B"), ("%", "%"), ("/s", "/s"), ("number", None)):
            page.js("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))", page.one("#x-0-unit"), unit)
            until(lambda: any(label.endswith(sign) for label in labels()) if sign else not any(label.endswith("/s") for label in labels()), 30, labels)
            told = until(lambda: self.server.api("units")["units"] == ([] if unit == "number" else [{"typ": "g", "pth": "queue.mail.length", "unit": unit}]))
            self.assertTrue(told)
            if unit == "/s":
                board = {"name": "Units", "panels": [{"type": "plot", "address": "v=1&q=g:queue.mail.length&range=3h&tz=UTC"}]}
                self.assertEqual(self.server.request("/api/v1/boards", json.dumps(board).encode(), "POST")[0], 201)
                page.open("/#board/Units").dashboard()
                until(lambda: any(label.endswith("/s") for label in labels()), 60, labels)
                self.explore("q=g:queue.mail.length&range=3h&tz=UTC")
        self.assert_sound()

    def test_from_a_day_the_way_leads_to_the_same_statistic_and_time(self):
        page = self.page
        page.open("/#show=c:shop.orders&tz=UTC&zoom=60-180").dashboard()
        page.plots()
        page.one(".plot .wander").click()
        state = self.drawn(lambda state: self.titles(state) == ["shop.orders"])
        midnight = int(time.time()) // 86400 * 86400
        self.assertEqual((state["from"], state["count"] * state["step"]), (midnight + 3600, 120))
        page.js("[...document.querySelectorAll('#explore a')].find(link => link.textContent.includes('day')).click()")
        self.assertEqual(page.plots(), ["shop.orders"])

    def test_a_ratio_a_comparison_and_a_heatmap(self):
        state = self.explore("q=c:shop.pages.cart&q=c:shop.pages.*;fold=sum&range=1d&tz=UTC&ratio=1")
        self.assertEqual([line["unit"] for line in state["lines"]], ["%"])
        known = [value for value in state["lines"][0]["values"] if value is not None]
        self.assertTrue(known and all(0 <= value < 60 for value in known), known)
        state = self.explore("q=c:shop.orders&range=1d&tz=UTC&vs=usual")
        self.assertIn("the mean of the seven days before", state["note"])
        self.assertGreater(self.page.js("return document.querySelector('.xplot').explore.data.lines[0].before.filter(v => v != null).length"), 10)
        state = self.explore("q=ms:shop.checkout.time&range=1d&tz=UTC&draw=heatmap")
        self.assertEqual(self.titles(state), ["p50", "p95", "p99"])
        heat = self.page.js("return document.querySelector('.xplot').explore.data.heatmap")
        # Each step's bands are all its samples.
        counts = self.asked(kind="ms", pattern="shop.checkout.time", figure="count", step=state["step"],
                            **{"from": state["from"], "to": state["from"] + state["count"] * state["step"] * 60})["series"][0]["values"]
        self.assertEqual([round(sum(step)) for step in heat["counts"]], [round(count or 0) for count in counts])
        self.assertEqual(heat["bounds"], sorted(heat["bounds"]))
        # The median lies in the band in which half of the samples are reached.
        for step, median in zip(heat["counts"], state["lines"][0]["values"]):
            if median is None:
                continue
            below = sum(count for count, bound in zip(step, heat["bounds"][1:]) if bound < median * .96)
            self.assertLessEqual(below, sum(step) / 2 + 1)

    def test_files_are_what_is_seen(self):
        self.explore("q=c:shop.pages.*&range=3h&tz=UTC&title=Pages")
        files = self.page.driver.execute_async_script("""
            const done = arguments[0];
            import('/assets/explorefile.js').then(async ({ fileOf }) => {
                const { explore } = document.querySelector('.xplot');
                const texts = await Promise.all(['csv', 'svg'].map(async type => (await fileOf(type, explore)).text()));
                const png = await createImageBitmap(await fileOf('png', explore));
                done([...texts, png.width, png.height]);
            }).catch(error => done([String(error)]));""")
        self.assertEqual(len(files), 4, files)
        csv, svg, width, height = files
        lines = csv.splitlines()
        state = self.state()
        self.assertEqual(lines[0], "time,shop.pages.cart,shop.pages.home,shop.pages.product,shop.pages.search")
        self.assertEqual(len(lines), state["count"] + 1)
        for i, line in enumerate(lines[1:]):
            self.assertEqual([float(value) if value else None for value in line.split(",")[1:]], [one["values"][i] for one in state["lines"]])
        self.assertTrue(svg.startswith("<svg") and "shop.pages.home" in svg and "Pages" in svg, svg[:200])
        self.assertEqual((width, height), (2400, 1120))

    def test_the_table_is_sorted_by_keyboard(self):
        self.explore("q=c:shop.**&q=g:**&range=3h&tz=UTC")
        page = self.page
        page.one(".xtable summary").click()
        page.one(".xtable tbody tr")
        column = "return [...document.querySelectorAll('.xtable tbody th')].map(cell => cell.textContent)"
        names = page.js(column)
        self.assertEqual(names, sorted(names, key=lambda name: name.split(" ", 1)[1]))
        page.press(Keys.ENTER, on=page.one(".xtable thead th:nth-child(2) button"))
        self.assertEqual(page.js("return document.querySelector('.xtable thead th:nth-child(2)').getAttribute('aria-sort')"), "descending")
        self.assertNotEqual(page.js(column), names)
        self.assert_sound()

    def test_lines_are_hidden_and_shown(self):
        self.explore("q=c:shop.pages.*&range=3h&tz=UTC")
        before = self.state()["paths"]
        self.page.one(".xlegend button").click()
        self.assertLess(self.state()["paths"], before)
        self.page.press(Keys.ENTER)
        self.assertEqual(self.state()["paths"], before)

    def test_a_live_plot_follows_and_one_that_is_elsewhere_needs_no_controls(self):
        self.page.open("/").dashboard()
        self.page.plots()
        # As a board would: an element, an address.
        self.page.driver.execute_async_script("""
            const done = arguments[0];
            const place = document.createElement('div');
            document.querySelector('#watch').prepend(place);
            import('/assets/exploreplot.js').then(({ showPlot }) => showPlot(place, 'q=g:live.new&range=15m&tz=UTC')).then(() => done());""")
        until(lambda: self.page.text("#watch .xplot .message").startswith("Nothing matches"), 30, "an empty plot")
        self.server.send(("g", "live.new", 42))
        # With the next minute, and a little.
        until(lambda: 42 in self.page.js("return document.querySelector('#watch .xplot').explore.data?.lines[0]?.values ?? []"), 180, "the new value")
        self.assertEqual(self.page.js("return document.querySelectorAll('#watch .xplot :is(select, input)').length"), 0)

    def test_each_look_in_both_themes_and_on_a_phone(self):
        views = {
            "explore-lines": "q=c:shop.pages.*&q=ms:shop.checkout.time;p95;right&range=1d&tz=UTC",
            "explore-usual": "q=c:shop.orders&range=1d&tz=UTC&vs=usual",
            "explore-stacked": "q=c:shop.pages.*&range=1d&tz=UTC&draw=stacked",
            "explore-heatmap": "q=ms:shop.checkout.time&range=1d&tz=UTC&draw=heatmap",
            "explore-week": "q=g:host.web1.load.1m&range=7d&tz=UTC",
            "explore-wrong": "q=c:shop.orders&range=2h",
        }
        for size in ((1440, 900), PHONE):
            self.page.size(*size)
            for name, address in views.items():
                self.explore(address)
                for theme in ("light", "dark"):
                    with self.subTest(name=name, theme=theme, size=size):
                        self.page.theme(theme)
                        until(lambda: self.page.js("return document.getAnimations().length") == 0)
                        self.page.shoot(f"{'phone-' if size == PHONE else ''}{name}-{theme}")
                        self.assertEqual(self.page.problems(), [])
                self.page.theme("light")


if __name__ == "__main__":
    unittest.main()
