"""From an address to an account, and from a forgotten password to another, through a real mail server."""

import email
import email.policy
import re
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

from page import Keys, until
from scene import Scene
from server import free_port

ADDRESS = "ada@example.org"
INVITED = "[aria-label='E-mail address of the invited']"
FIRST, SECOND = "correct horse battery", "staple of another kind"


class Mails:
    """A mail server that keeps what it gets."""

    def __init__(self):
        self.texts = []
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.texts.append((envelope.rcpt_tos, message.get_body(("plain",)).get_content()))
        return "250 OK"

    def token(self, number):
        """What is behind the # of the link in a mail."""
        until(lambda: len(self.texts) >= number, 30, f"mail {number}")
        addresses, text = self.texts[number - 1]
        assert addresses == [ADDRESS], addresses
        return re.search(r"/account#(token=\S+)", text)[1]


class Form(Scene):
    def fill(self, **fields):
        for name, text in fields.items():
            field = self.page.one(f"input[name={name}]")
            field.clear()
            field.send_keys(text)
        self.page.one("form.fields button.primary").click()

    def invite(self):
        field = self.page.one(INVITED)
        field.send_keys(ADDRESS)
        self.page.press(Keys.ENTER, on=field)


class SignUp(Form):
    signs_in = False

    @classmethod
    def setUpClass(cls):
        cls.mails = Mails()
        cls.addClassCleanup(cls.mails.controller.stop)
        cls.options = (
            "--sign-up", "open", "--public-url", "http://stats.example.org", "--mail-from", "stats@example.org",
            "--smtp-url", f"smtp://127.0.0.1:{cls.mails.port}")
        super().setUpClass()

    def sign_out(self):
        self.page.open("/account")
        self.page.one(".who button").click()
        until(lambda: self.page.text("h1") == "Sign in")
        self.page.driver.get_log("browser")

    def test_from_an_address_to_an_account_and_from_a_forgotten_password_to_another(self):
        page = self.page
        self.server.send(("c", "secret.of.local", 1))

        page.open("/account#sign-up")
        self.fill(email=ADDRESS)
        page.until_text("h1", "Look into your mail")
        self.assertEqual(page.complaints(), [])
        page.shoot("mailed-light")
        page.open(f"/account#{self.mails.token(1)}")
        page.until_text("h1", "Set your password")
        self.assertEqual(page.complaints(), [])
        self.fill(password=FIRST)

        # Signed in: an account of its own, that sees nothing of the other.
        key = page.one("#key").text
        self.assertNotEqual(key, self.server.key)
        self.assertFalse(page.all("#tree .row:not([hidden])"))
        status = page.js("return fetch('/api/v1/status').then(answer => answer.json())")
        self.assertEqual((status["c"], status["ms"], status["g"]), ([], [], []))
        self.assertEqual(page.js("return fetch('/server/api/v1/status').then(answer => answer.status)"), 403)
        self.sign_out()

        page.open("/account#forgotten")
        self.fill(email=ADDRESS)
        page.until_text("h1", "Look into your mail")
        page.open(f"/account#{self.mails.token(2)}")
        page.until_text("h1", "Set your password")
        self.fill(password=SECOND)
        self.assertEqual(page.one("#key").text, key)
        self.sign_out()

        page.open("/account")
        self.fill(email=ADDRESS, password=FIRST)
        page.until_text(".problem", "The address or the password is wrong.")
        self.fill(email=ADDRESS, password=SECOND)
        self.assertEqual(page.one("#key").text, key)
        # The console tells of the refused password.
        page.driver.get_log("browser")
        page.open("/account")
        page.until_text("h1", ADDRESS)
        self.assert_sound()


    def test_who_is_invited_gets_a_letter(self):
        count = len(self.mails.texts)
        self.page.open(urlsplit(self.server.sign_in).path)
        self.page.open("/account")
        self.invite()
        self.page.until_text("main", "The invitation is sent.")
        link = self.page.text(".note code")
        until(lambda: len(self.mails.texts) > count, 30, "the letter")
        self.assertEqual(self.mails.texts[-1][0], [ADDRESS])
        self.assertIn(link, self.mails.texts[-1][1])
        self.assert_sound()
        self.sign_out()


class Invitation(Form):
    """Where nobody may sign up uninvited, and no mail is sent: links are handed on by people."""

    def test_who_is_invited_makes_an_account_and_changes_its_password(self):
        page = self.page
        page.open("/account")
        self.invite()
        page.until_text("main", "Pass this link on")
        invitation = re.search(r"http://\S+/account(#invitation=[0-9a-f]+)", page.text("main"))[1]
        page.one(".who button").click()
        until(lambda: page.text("h1") == "Sign in")

        # The invitation is for one address.
        page.open(f"/account{invitation}")
        self.fill(email="eve@example.org")
        page.until_text(".problem", "This invitation is for another address")
        page.driver.get_log("browser")
        self.fill(email=ADDRESS)
        page.until_text("h1", "Ask who runs this server")
        self.assertEqual(page.complaints(), [])
        log = Path(self.server.folder, "log").read_text()
        page.open(re.search(rf"for {ADDRESS}: .*(/account#token=\S+)", log)[1])
        self.fill(password=FIRST)
        page.one("#key")

        page.open("/account")
        page.until_text("h1", ADDRESS)
        page.driver.get_log("browser")
        self.fill(current=SECOND, password=SECOND)
        until(lambda: page.text(".fields .problem") == "The address or the password is wrong.", 30)
        page.driver.get_log("browser")
        self.fill(current=FIRST, password=SECOND)
        page.until_text("main", "The password is changed.", 20)
        # Only who runs the server invites.
        self.assertFalse(page.all(INVITED))
        self.assert_sound()


if __name__ == "__main__":
    unittest.main()
