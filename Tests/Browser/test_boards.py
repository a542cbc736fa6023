"""Boards: made of what Explore shows, edited by mouse and by keyboard, on a wall, and by a link for whoever has it."""

import json
import unittest
import urllib.parse

from page import Keys, Page, until
from scene import Scene, week

PHONE = (390, 844)
ORDERS = "v=1&q=c:shop.orders&range=3h&tz=UTC"
PAGES = "v=1&q=c:shop.pages.*&range=1d&tz=UTC&draw=stacked"
TIMES = "v=1&q=ms:shop.checkout.time&range=1d&tz=UTC&draw=heatmap"
LOAD = "v=1&q=g:host.web1.load.1m&range=3h&tz=UTC&vs=day"


def plot(address, title="", width="half"):
    return {"type": "plot", "address": address, "title": title, "width": width}


def text(words, title="", width="half"):
    return {"type": "text", "text": words, "title": title, "width": width}


SHOP = [text("# On call\nAnn until Friday, see **the runbook**: https://example.com/run\n- orders\n- `checkout`", width="full"),
        plot(ORDERS, "Orders"), plot(PAGES, "Pages"), plot(TIMES, "Checkout"), plot(LOAD)]


class Boards(Scene):
    @classmethod
    def prepare(cls, server):
        server.load(week(step=120))

    def setUp(self):
        self.page.size(1440, 900)
        self.page.theme("light")
        for board in self.api("boards")["boards"]:
            self.api(f"boards/{urllib.parse.quote(board['name'], safe='')}", "DELETE")

    def api(self, path, method="GET", body=None, status=None):
        """Asks as a program with the user's key."""
        got, _, answer = self.server.request(f"/api/v1/{path}", method=method, body=None if body is None else json.dumps(body).encode())
        self.assertEqual(got, status or {"GET": 200, "DELETE": 204, "PUT": 200, "POST": 201}[method], answer)
        return json.loads(answer) if answer else None

    def keep(self, name, panels):
        return self.api("boards", "POST", {"name": name, "panels": panels})

    def board(self, name):
        return self.api(f"boards/{urllib.parse.quote(name, safe='')}")

    def open(self, address):
        self.page.open(f"/{address}").dashboard()

    STATE = """
        const board = document.querySelector('.bpanels')?.board;
        return board && { ...board.counts, problem: document.querySelector('#boards > .xproblem:not([hidden])')?.textContent ?? '', plots: [...document.querySelectorAll('.bpanel.of-plot')].map(panel => {
            const { explore } = panel.querySelector('.xplot') ?? {};
            return { title: panel.querySelector('h2').textContent, isBusy: explore?.element.hasAttribute('aria-busy') ?? false,
                lines: explore?.data?.lines.map(({ title, values }) => ({ title, values })) ?? null, from: explore?.data?.from,
                step: explore?.data?.step, count: explore?.data?.count, problem: explore && !explore.problem.hidden ? explore.problem.textContent : '' };
        }) };"""

    def state(self, page=None):
        return (page or self.page).js(self.STATE)

    def drawn(self, what=lambda state: True, page=None):
        """Waits until all plots on the screen are there, or say why they are not."""
        def is_drawn():
            state = self.state(page)
            seen = state and [one for one in state["plots"] if one["lines"] is not None or one["problem"]]
            return state if state and len(seen) >= state["loaded"] and not any(one["isBusy"] for one in seen) and what(state) else None
        return until(is_drawn, 90, lambda: f"the board: {json.dumps(self.state(page))[:600]}")

    def titles(self):
        return self.page.js("return [...document.querySelectorAll('.bpanel')].map(panel => panel.getAttribute('aria-label'))")

    def kept(self, name, expected, what=lambda panel: panel["title"]):
        """Waits until the server has it."""
        found = lambda: [what(panel) for panel in self.board(name)["panels"]]
        until(lambda: found() == expected, 20, lambda: f"{found()} to become {expected}; {self.page.text('#notices')}")
        until(lambda: self.page.text(".bsaved") == "Saved", 20, lambda: self.page.text(".bsaved"))

    def named(self, label):
        return self.page.one(f"[aria-label='{label}']")

    # MARK: Making and seeing

    def test_without_boards_the_page_says_what_to_do_and_explore_makes_the_first(self):
        page = self.page
        self.open("#boards")
        page.until_text("#boards .bempty", "There is no board yet")
        self.assert_sound()
        self.open(f"#explore?{ORDERS}")
        page.one(".xchart svg")
        next(button for button in page.all(".xfiles button") if button.text == "Add to board").click()
        page.one("dialog[open] input[placeholder='Shop']").send_keys("First & foremost")
        self.assertEqual(page.problems(), [])
        page.press(Keys.ENTER)
        page.until_text("#notices", "Added to the board First & foremost")
        self.assert_sound()
        page.one("#notices a").click()
        state = self.drawn(lambda state: state["plots"] and state["plots"][0]["lines"])
        self.assertEqual([one["title"] for one in state["plots"]], ["shop.orders"])
        self.assertEqual(self.board("First & foremost")["panels"], [plot(ORDERS)])
        self.assertTrue(page.js("return location.hash").endswith("#board/First%20%26%20foremost"))
        page.driver.back()
        page.one(".xchart svg")

    def test_the_numbers_are_those_of_the_api_and_all_plots_follow_one_time(self):
        self.keep("Shop", SHOP)
        self.open("#board/Shop")
        state = self.drawn(lambda state: state["loaded"] == 4)
        self.assertEqual([one["title"] for one in state["plots"]], ["Orders", "Pages", "Checkout", "host.web1.load.1m"])
        orders = state["plots"][0]
        end = orders["from"] + orders["count"] * orders["step"] * 60
        query = {"kind": "c", "pattern": "shop.orders", "figure": "per-minute", "from": orders["from"], "to": end, "step": orders["step"]}
        answer = self.api("query?" + urllib.parse.urlencode(query))
        # The last step may not be over.
        self.assertEqual(orders["lines"][0]["values"][:-1], answer["series"][0]["values"][:-1])
        self.assertEqual(len(state["plots"][1]["lines"]), 4)
        # One time for all.
        self.page.js("const s = document.querySelector('#boards header select'); s.value = '7d'; s.dispatchEvent(new Event('change'))")
        state = self.drawn(lambda state: all(one["count"] and one["count"] * one["step"] >= 7 * 1440 for one in state["plots"]))
        self.assertTrue(self.page.js("return location.hash").endswith("?range=7d"))
        # A zoom in one is a zoom in all, and the browser's button takes it back.
        self.page.mouse().move_to_element_with_offset(self.page.all(".xchart")[0], -80, 0).click_and_hold().move_by_offset(100, 0).release().perform()
        state = self.drawn(lambda state: all(one["count"] * one["step"] < 5 * 1440 for one in state["plots"]))
        self.assertEqual(len({one["from"] // 7200 for one in state["plots"]}), 1)
        self.page.driver.back()
        self.drawn(lambda state: all(one["count"] * one["step"] >= 7 * 1440 for one in state["plots"]))
        self.assertEqual(self.page.js("return document.querySelector('#boards header select').value"), "7d")
        self.assert_sound()

    def test_of_thirty_plots_those_on_the_screen_are_asked_for_and_nothing_moves(self):
        page = self.page
        self.keep("Many", [plot(ORDERS, f"n{i}") for i in range(30)])
        self.open("#boards")
        page.one(".blist a")
        page.js("""window.moved = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) window.moved += entry.value; })
                   .observe({ type: 'layout-shift', buffered: true }); window.moved = 0;""")
        page.js("performance.clearResourceTimings(); location.hash = 'board/Many'")
        near = """return [...document.querySelectorAll('.bpanel')].filter(panel => {
            const { top, bottom } = panel.getBoundingClientRect();
            return bottom > 0 && top < innerHeight; }).length"""
        state = self.drawn(lambda state: page.js(near) > 0 and state["loaded"] >= page.js(near))
        self.assertLess(state["loaded"], 10)
        asked = "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/query?')).length"
        self.assertEqual(page.js(asked), state["loaded"])
        page.js("document.querySelector('#boards').scrollTo(0, 1e6)")
        state = self.drawn(lambda state: state["plots"][29]["lines"])
        self.assertLess(state["loaded"], 20)
        self.assertEqual(page.js(asked), state["loaded"])
        self.assertLess(page.js("return window.moved"), .01)

    def test_a_wrong_board_a_wrong_time_and_a_wrong_plot_are_said_in_words(self):
        self.open("#board/No%20such")
        self.page.until_text("#boards h1", "There is no board “No such”")
        self.keep("Shop", [plot(ORDERS)])
        self.open("#board/Shop?range=2h")
        state = self.drawn(lambda state: state["problem"])
        self.assertIn("range: is “2h”, expected one of 15m", state["problem"])
        self.page.driver.get_log("browser")

    # MARK: Editing

    def test_a_board_is_made_and_edited_by_keyboard_and_every_change_is_kept(self):
        page = self.page
        self.open("#boards")
        page.one(".bmake input").send_keys("Mine", Keys.ENTER)
        page.one(".bedit")
        next(button for button in page.all(".bedit button") if button.text == "Add a text").send_keys(Keys.ENTER)
        area = page.one(".bpanel textarea")
        self.assertEqual(page.js("return document.activeElement"), area)
        area.send_keys("# Hello\n**there**", Keys.TAB)
        self.kept("Mine", ["# Hello\n**there**"], lambda panel: panel["text"])
        board = self.board("Mine")
        board["panels"] += [plot(ORDERS, "Orders"), plot(LOAD, "Load")]
        self.api("boards/Mine", "PUT", board)
        self.open("#board/Mine")
        self.drawn(lambda state: state["loaded"] == 2)
        page.press(Keys.ENTER, on=next(button for button in page.all(".btop button") if button.text == "Edit"))
        # The order: the focus stays on the button of the panel that moves.
        self.named("Move Load forwards").send_keys(Keys.ENTER)
        until(lambda: self.titles() == ["Text", "Load", "Orders"], 5, self.titles)
        page.press(Keys.ENTER)
        until(lambda: self.titles() == ["Load", "Text", "Orders"], 5, self.titles)
        self.kept("Mine", ["Load", "", "Orders"])
        self.named("Make Load as wide as the board").send_keys(Keys.ENTER)
        self.named("Title of Orders").send_keys(Keys.CONTROL + "a" + Keys.NULL, "Sold", Keys.TAB)
        self.kept("Mine", [("Load", "full"), ("", "full"), ("Sold", "half")], lambda panel: (panel["title"], panel["width"]))
        self.assertEqual(page.js("return document.activeElement.getAttribute('aria-label')"), "Move Sold forwards")
        self.named("Remove Sold").click()
        self.kept("Mine", ["Load", ""])
        self.assertEqual(self.titles(), ["Load", "Text"])
        undo = next(button for button in page.all(".bedit button") if button.text == "Undo")
        undo.click()
        until(lambda: self.titles() == ["Load", "Text", "Sold"], 5, self.titles)
        self.kept("Mine", ["Load", "", "Sold"])
        # Another name, which is another address.
        self.named("Name of the board").send_keys(Keys.CONTROL + "a" + Keys.NULL, "Yours", Keys.TAB)
        until(lambda: page.js("return location.hash") == "#board/Yours", 10)
        self.assertEqual([board["name"] for board in self.api("boards")["boards"]], ["Yours"])
        self.assert_sound()

    def test_panels_are_ordered_by_the_mouse(self):
        page = self.page
        self.keep("Shop", [plot(ORDERS, "a"), plot(LOAD, "b"), plot(ORDERS, "c")])
        self.open("#board/Shop")
        self.drawn(lambda state: state["loaded"] == 3)
        next(button for button in page.all(".btop button") if button.text == "Edit").click()
        grips = page.all(".brow .grip")
        page.mouse().click_and_hold(grips[0]).move_to_element(page.all(".bpanel")[1]).release().perform()
        until(lambda: self.titles() == ["b", "a", "c"], 5, self.titles)
        self.kept("Shop", ["b", "a", "c"])

    def test_two_who_edit_at_a_time_lose_nothing(self):
        page = self.page
        self.keep("Shop", [plot(ORDERS, "a"), plot(LOAD, "b")])
        self.open("#board/Shop")
        self.drawn(lambda state: state["loaded"] == 2)
        next(button for button in page.all(".btop button") if button.text == "Edit").click()
        theirs = self.board("Shop")
        theirs["panels"].append(text("theirs"))
        self.api("boards/Shop", "PUT", theirs)
        self.named("Move a backwards").click()
        self.kept("Shop", ["b", "a", "theirs"], lambda panel: panel.get("text", panel["title"]))
        until(lambda: self.titles() == ["b", "a", "Text"], 5, self.titles)
        # What is not there any more cannot be changed, which is said.
        theirs = self.board("Shop")
        theirs["panels"].pop(0)
        self.api("boards/Shop", "PUT", theirs)
        self.named("Make b as wide as the board").click()
        page.until_text("#notices", "somebody else has changed it meanwhile")
        until(lambda: self.titles() == ["a", "Text"], 5, self.titles)
        # The browser tells of what was refused, too.
        page.driver.get_log("browser")

    def test_a_board_is_exported_and_imported_as_a_file(self):
        page = self.page
        kept = self.keep("Shop", SHOP)
        self.open("#board/Shop")
        self.drawn(lambda state: state["loaded"] == 4)
        page.js("""window.files = []; const make = URL.createObjectURL; URL.createObjectURL = blob => { blob.text().then(text => window.files.push(text)); return make(blob); };""")
        next(button for button in page.all(".btop button") if button.text == "Export").click()
        exported = json.loads(until(lambda: page.js("return window.files[0]"), 5, "the file"))
        self.assertEqual(exported, {"format": 1, "name": "Shop", "panels": kept["panels"]})
        # Under another name where that one is taken.
        self.open("#boards")
        page.one(".bmake")
        page.driver.execute_async_script("""
            const [content, done] = arguments;
            const field = document.querySelector('.bmake input[type=file]');
            const chosen = new DataTransfer();
            chosen.items.add(new File([content], 'board.json', { type: 'application/json' }));
            field.files = chosen.files;
            field.dispatchEvent(new Event('change'));
            done();""", json.dumps(exported))
        until(lambda: page.js("return location.hash") == "#board/Shop%202", 10)
        self.assertEqual(self.board("Shop 2")["panels"], kept["panels"])

    # MARK: On the wall

    def test_a_wall_shows_one_board_after_the_other_and_keys_lead_it(self):
        page = self.page
        self.keep("A", [plot(ORDERS, "first")])
        self.keep("B", [plot(LOAD, "second")])
        def shows(name):
            self.drawn(lambda state: [one["title"] for one in state["plots"]] == [name] and state["plots"][0]["lines"])

        self.open("#boards?turn=3600")
        shows("first")
        self.assertFalse(page.js("return document.querySelector('.bar').checkVisibility()"))
        # It fills the screen.
        self.assertGreater(page.js("return document.querySelector('.bpanel').getBoundingClientRect().height"), 800)
        page.shoot("boards-wall")
        page.press(Keys.ARROW_RIGHT, on=page.one("body"))
        shows("second")
        page.press(Keys.ARROW_RIGHT, on=page.one("body"))
        shows("first")
        page.press(" ", on=page.one("body"))
        page.until_text(".bwall", "Paused")
        page.press(Keys.ESCAPE, on=page.one("body"))
        page.one(".blist a")
        self.assertTrue(page.js("return document.querySelector('.bar').checkVisibility()"))
        # By itself.
        self.open("#boards?turn=5")
        shows("first")
        shows("second")
        page.press(Keys.ESCAPE, on=page.one("body"))
        page.one(".blist a")

    # MARK: By a link

    def test_a_link_shows_the_board_to_whoever_has_it_until_it_is_revoked(self):
        page = self.page
        self.keep("Shop", SHOP)
        self.open("#board/Shop")
        self.drawn(lambda state: state["loaded"] == 4)
        next(button for button in page.all(".btop button") if button.text == "Share").click()
        page.one("dialog[open] .primary").click()
        link = until(lambda: page.text(".bmade code"), 10, "the link")
        self.assertRegex(link, r"^http://\S+/shared#[0-9a-f]{64}$")
        until(lambda: "never used" in page.text(".bshares"), 10)
        page.shoot("boards-share")
        self.assertEqual(page.problems(), [])
        path = link[link.index("/shared"):]
        other = Page(self.server, self.zone)
        self.addCleanup(other.close)
        other.open(path)
        state = self.drawn(lambda state: state["loaded"] == 4, other)
        mine = self.drawn(lambda state: state["loaded"] == 4)
        self.assertEqual([[line["title"] for line in one["lines"]] for one in state["plots"]], [[line["title"] for line in one["lines"]] for one in mine["plots"]])
        for one, two in zip(state["plots"], mine["plots"]):
            if (one["from"], one["step"], one["count"]) == (two["from"], two["step"], two["count"]):
                self.assertEqual([line["values"][:-1] for line in one["lines"]], [line["values"][:-1] for line in two["lines"]])
        for size in ((1440, 900), PHONE):
            other.size(*size)
            for theme in ("light", "dark"):
                other.theme(theme)
                until(lambda: other.js("return document.getAnimations().length") == 0)
                self.drawn(page=other)
                other.shoot(f"{'phone-' if size == PHONE else ''}boards-shared-{theme}")
                self.assertEqual(other.problems(), [])
        self.assertEqual(other.js("return [...document.querySelectorAll('a')].filter(link => link.hash.includes('explore')).length"), 0)
        # What the board becomes is seen.
        board = self.board("Shop")
        board["panels"] = [plot(LOAD, "Only this")]
        self.api("boards/Shop", "PUT", board)
        other.js("document.querySelector('#shared header select').value = '1h'; document.querySelector('#shared header select').dispatchEvent(new Event('change'))")
        self.drawn(lambda state: [one["title"] for one in state["plots"]] == ["Only this"], other)
        self.named("Revoke link 1").click()
        page.one("dialog[open] .danger").click()
        until(lambda: not page.all(".bshares li"), 10)
        other.open(path)
        other.until_text("#shared h1", "This link shows nothing.")
        other.shoot("boards-revoked")
        self.assertEqual(other.complaints(), [])

    # MARK: Looks

    def test_each_look_in_both_themes_and_on_a_phone(self):
        page = self.page
        self.keep("Shop", SHOP)
        self.keep("A board with a name so long that it has to wrap on a phone", [])
        for size in ((1440, 900), PHONE):
            page.size(*size)
            for name, address in {"list": "#boards", "empty": "#board/A%20board%20with%20a%20name%20so%20long%20that%20it%20has%20to%20wrap%20on%20a%20phone", "board": "#board/Shop", "edit": "#board/Shop"}.items():
                self.open(address)
                page.one(".blist a" if name == "list" else ".btop button")
                if name in ("board", "edit"):
                    self.drawn(lambda state: state["loaded"] > 0)
                if name == "edit":
                    next(button for button in page.all(".btop button") if button.text == "Edit").click()
                for theme in ("light", "dark"):
                    with self.subTest(name=name, theme=theme, size=size):
                        page.theme(theme)
                        until(lambda: page.js("return document.getAnimations().length") == 0)
                        page.shoot(f"{'phone-' if size == PHONE else ''}boards-{name}-{theme}")
                        self.assertEqual(page.problems(), [])
                page.theme("light")


if __name__ == "__main__":
    unittest.main()
