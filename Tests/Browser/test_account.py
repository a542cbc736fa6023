"""The account's pages."""

import unittest

from page import until
from scene import Scene


class SignedOutPages(Scene):
    signs_in = False

    def test_a_wrong_password_is_refused_in_words_that_do_not_tell_whether_the_address_exists(self):
        page = self.page
        page.open("/account")
        page.one("input[type=email]").send_keys("nobody@example.org")
        page.one("input[type=password]").send_keys("wrong password")
        page.one("form button").click()
        page.until_text(".problem", "The address or the password is wrong.")
        self.assertEqual(page.complaints(), [])
        # The console tells of the 401, which is as it should be.
        page.driver.get_log("browser")

    def test_a_forgotten_password_is_answered_alike_for_every_address(self):
        page = self.page
        page.open("/account#forgotten")
        page.one("input[type=email]").send_keys("nobody@example.org")
        page.one("form button").click()
        page.until_text("main", "if there is an account of this address")
        # Nobody is to wait for a letter that does not come.
        self.assertEqual(page.text("h1"), "Ask who runs this server")
        self.assertIn("is in its log", page.text("main"))

    def test_a_page_that_is_not_there_says_so_and_connects_to_nothing(self):
        self.page.open("/demo")
        self.page.until_text("#start h1", "This server shows no demo.")
        self.assertFalse(self.page.js("return document.querySelector('#live').checkVisibility()"))
        # The console tells of the 404.
        self.page.driver.get_log("browser")
        self.assertEqual(self.page.complaints(), [])

    def test_an_expired_link_says_so(self):
        self.page.open("/account#link-expired")
        self.page.until_text(".note", "This link was used before")

    def test_a_link_of_a_mail_leads_to_a_new_password(self):
        page = self.page
        page.open("/account#token=old")
        page.one("input[type=password]").send_keys("a new password")
        # The token is not left in the history of the browser.
        self.assertNotIn("token", page.driver.current_url)
        page.one("form button").click()
        page.until_text(".problem", "This link was used before, or is too old")
        page.driver.get_log("browser")


class Account(Scene):
    def test_a_key_is_made_and_revoked(self):
        page = self.page
        page.open("/account")
        names = "return [...document.querySelectorAll('.rows .what b')].map(name => name.textContent)"
        page.one("input[name=name]").send_keys("web servers")
        page.js("document.querySelector('select[name=scope]').value = 'ingest'")
        page.one("form.line button").click()
        until(lambda: "web servers" in page.js(names))
        page.until_text("main", "only sends; made")
        self.assert_sound()
        page.js("document.querySelector('[aria-label=\"Revoke the key web servers\"]').click()")
        page.until_text("dialog[open] h2", "Revoke web servers?")
        self.assert_sound()
        page.js("document.querySelector('dialog[open] .danger').click()")
        until(lambda: "web servers" not in page.js(names))

    def test_sessions_are_listed_and_signing_out_ends_this_one(self):
        page = self.page
        page.sign_in() if not page.js("return document.cookie") else None
        page.open("/account")
        page.until_text("main", "this one")
        page.js("document.querySelector('.who button').click()")
        until(lambda: page.text("h1") == "Sign in")
        page.driver.get_log("browser")


if __name__ == "__main__":
    unittest.main()
