"""Who is not signed in, or came to a wrong address, finds a way."""

import unittest

from page import until
from scene import Scene


class WithDemo(Scene):
    options = ("--demo", "--demo-days", "1")
    signs_in = False

    def test_a_visitor_sees_the_demo_with_what_it_is_and_how_to_sign_in(self):
        page = self.page
        page.open("/")
        until(lambda: page.js("return document.body.classList.contains('started')"), 120, "the demo")
        self.assertEqual(page.text("h1"), "What is happening right now, and is that usual?")
        self.assertIn("dattss user link local", page.text("#landing"))
        self.assertTrue(page.js("return [...document.querySelectorAll('#landing a')].some(link => link.pathname === '/account')"))
        self.assertTrue(page.cards())
        self.assertEqual(page.driver.current_url.split("#")[0], f"{self.server.url}/")
        page.driver.get_log("browser")
        for size in ((1440, 900), (390, 844)):
            page.size(*size)
            for theme in ("light", "dark"):
                page.theme(theme)
                page.shoot(f"landing-{size[0]}-{theme}")
                self.assert_sound()
        page.size(1440, 900)
        page.open("/account")
        page.until_text("main", "dattss user link local")
        self.assertTrue(page.js("return [...document.querySelectorAll('main a')].some(link => link.pathname === '/demo')"))

    def test_a_visitor_sees_a_board_and_cannot_change_it(self):
        page = self.page
        page.size(1440, 900)
        page.theme("light")
        page.open("/demo#boards")
        until(lambda: page.js("return document.body.classList.contains('started')"), 120, "the demo")
        page.one(".blist a").click()
        drawn = "return [...document.querySelectorAll('.bpanel.of-plot .xplot')].filter(({ explore }) => explore.data?.lines.length).length"
        until(lambda: page.js(drawn) >= 3, 60, lambda: f"{page.js(drawn)} plots")
        self.assertEqual(page.js("return [...document.querySelectorAll('.btop button')].map(button => button.textContent)"), ["Export", "Full screen"])
        page.shoot("demo-board")
        self.assert_sound()


class WithoutDemo(Scene):
    signs_in = False

    def test_the_account_page_tells_how_to_get_a_link_and_speaks_of_no_demo(self):
        self.page.open("/")
        self.page.until_text("main", "dattss user link local")
        self.assertNotIn("demo", self.page.text("main"))
        self.page.driver.get_log("browser")
        self.assert_sound()

    def test_a_wrong_address_is_a_page_to_a_browser(self):
        page = self.page
        for theme in ("light", "dark"):
            page.theme(theme)
            page.open("/no/such/page")
            page.until_text("h1", "There is nothing at this address.")
            page.driver.get_log("browser")
            self.assert_sound()
            page.shoot(f"missing-{theme}")
        page.one("main a[href='/']").click()
        until(lambda: page.driver.current_url.endswith("/account"))


if __name__ == "__main__":
    unittest.main()
