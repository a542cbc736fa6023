"""Two people, each in a browser of their own, see and share one user's statistics, as far as the one has let the other."""

import email
import email.policy
import re
import unittest
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

from page import Keys, Page, until
from scene import Scene, week
from server import free_port

ANN = "ann@example.org"
NEW_ADDRESS = "[aria-label='E-mail address of the new member']"
NEW_ROLE = "[aria-label='Role of the new member']"
LOOKS = [(1440, 900, "light"), (1440, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]


class TwoPeople(Scene):
    """`local`, whose statistics they are, and Ann, who has none of her own yet."""

    @classmethod
    def prepare(cls, server):
        server.load(week(step=600))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.command("user", "add", "ann", "--email", ANN)
        cls.ann = Page(cls.server, cls.zone)
        cls.addClassCleanup(cls.ann.close)
        cls.sign_ann_in()

    @classmethod
    def sign_ann_in(cls):
        cls.ann.open(urlsplit(cls.server.command("user", "link", "ann").strip()).path)

    def setUp(self):
        # Whoever asks for what is not theirs any more is refused, and the console tells of it.
        self.addCleanup(lambda: [page.driver.get_log("browser") for page in (self.page, self.ann)])
        if "\nann\t" in self.server.command("team", "list", "local"):
            self.leave()

    def invite(self, role="view"):
        """By the page, as the owner; answers the link's path."""
        page = self.page
        page.open("/account")
        page.one(NEW_ADDRESS).send_keys(ANN)
        page.js(f"document.querySelector(arguments[0]).value = '{role}'", NEW_ROLE)
        page.press(Keys.ENTER, on=page.one(NEW_ADDRESS))
        page.until_text("#team .note", "Pass this link on")
        return re.search(r"http://[^/]+(/account#join=[0-9a-f]+)", page.text("#team .note"))[1]

    def join(self, role="view"):
        self.ann.open(self.invite(role))
        self.ann.one("main .primary").click()
        self.ann.dashboard()

    def leave(self):
        """Ends what another test has left behind."""
        self.server.command("team", "remove", "local", "ann")

    def shoot(self, page, name):
        for width, height, theme in LOOKS:
            page.size(width, height)
            page.theme(theme)
            page.shoot(f"{name}-{width}-{theme}")
            self.assertEqual(page.problems(), [], f"{name} {width} {theme}")
        page.size(1440, 900)
        page.theme("light")

    def shown(self):
        return self.ann.text(".switcher summary")

    def refused(self, path, method, body=None):
        """What Ann's browser is answered that asks all the same."""
        return self.ann.js("""
            return (async () => {
              const { csrf } = await (await fetch('/api/v1/session')).json();
              const answer = await fetch(arguments[0], { method: arguments[1], body: arguments[2], headers: { 'X-CSRF-Token': csrf } });
              return answer.status;
            })();""", path, method, body)

    def test_one_invites_and_the_other_joins_looks_and_is_removed_while_looking(self):
        ann, page = self.ann, self.page
        link = self.invite()
        self.shoot(page, "team-invited")
        page.until_text("#team .waiting", ANN)

        ann.open(link)
        ann.until_text("h1", "Join local?")
        self.assertIn("local invites you to the team of local.", ann.text("main"))
        self.assertIn("There you may view: look at everything, and change nothing.", ann.text("main"))
        self.assertIn(f"You are signed in as {ANN}.", ann.text("main"))
        self.shoot(ann, "team-join")
        # The keyboard is where it is needed.
        self.assertEqual(ann.js("return document.activeElement.textContent"), "Join")
        ann.press(Keys.ENTER)
        ann.dashboard()
        self.assertEqual(urlsplit(ann.driver.current_url).query, "user=local")
        until(lambda: self.shown() == "Shown: local (view)")
        self.assertTrue(ann.rows())
        self.assertEqual(ann.driver.title, "local – DaTtSs")

        # The address keeps whose it is, wherever one goes.
        ann.plots()
        ann.click_row(next(iter(ann.rows())))
        until(lambda: "?user=local#show=" in ann.driver.current_url)
        ann.one("#explore-open").click()
        until(lambda: "?user=local#explore" in ann.driver.current_url)
        ann.driver.back()
        ann.one("#alarm").click()
        until(lambda: "?user=local#alerts" in ann.driver.current_url)
        ann.until_text("#alerts", "There are no rules here.")

        # What a viewer may not do is not there, and refused all the same.
        for offered in ("#alerts .primary", "#cards .star:not([hidden])", "#processes button"):
            self.assertFalse([one for one in ann.all(offered) if one.is_displayed()], offered)
        self.assertEqual(self.refused("/api/v1/favourites?user=local", "PUT", '{"favourites":[]}'), 403)
        self.assertEqual(self.refused("/api/v1/keys?user=local", "GET"), 403)
        self.assertEqual(self.refused("/api/v1/keys", "GET"), 200)
        ann.driver.get_log("browser")
        ann.open("/?user=local").dashboard()
        until(lambda: self.shown() == "Shown: local (view)")
        self.shoot(ann, "team-viewer")

        # Removed, while the page is open: it ends by itself, and shows nothing more.
        page.open("/account")
        page.one(f"[aria-label='Remove {ANN}']").click()
        page.until_text("dialog[open] h2", f"Remove {ANN}?")
        page.one("dialog[open] .danger").click()
        until(lambda: ANN not in page.text("#team .rows"))
        ann.until_text("#start h1", "You are not in the team of local any more.")
        self.assertIn("No longer in this team.", ann.text("#live"))
        self.assertFalse(ann.js("return document.querySelector('#dashboard').checkVisibility()"))
        self.assertEqual(ann.complaints(), [])
        ann.shoot("team-removed")
        ann.driver.get_log("browser")
        ann.one("#start a").click()
        ann.one("#key")
        self.assertFalse(ann.all(".switcher"))
        ann.open("/?user=local")
        ann.until_text("#start h1", "You are not in the team of local.")
        page.js("document.querySelector('#team details').open = true")
        page.until_text("#team details", f"{ANN} was removed by local")
        page.until_text("#team details", f"{ANN} joined (view, invited by local)")
        self.assert_sound()

    def test_an_editor_changes_what_is_the_teams_and_goes_back_to_what_is_hers(self):
        ann = self.ann
        self.join("edit")
        until(lambda: self.shown() == "Shown: local (edit)")
        star = until(lambda: next((one for one in ann.all("#cards .star") if one.is_displayed()), None), 30, "a star")
        star.click()
        until(lambda: self.server.api("favourites")["favourites"], 30, "the favourite")
        self.assertEqual(ann.problems(), [])

        # The switcher by keys: opened, gone through, and closed without a choice.
        summary = ann.one(".switcher summary")
        ann.press(Keys.ENTER, on=summary)
        until(lambda: ann.js("return document.querySelector('.switcher').open"))
        self.shoot(ann, "team-switcher")
        ann.press(Keys.ESCAPE)
        self.assertFalse(ann.js("return document.querySelector('.switcher').open"))
        self.assertEqual(ann.js("return document.activeElement.tagName"), "SUMMARY")
        ann.press(Keys.ENTER)
        ann.press(Keys.TAB)
        self.assertEqual(ann.js("return document.activeElement.textContent"), "mine")
        ann.press(Keys.ENTER)
        ann.one("#key")
        self.assertEqual(urlsplit(ann.driver.current_url).query, "")
        until(lambda: self.shown() == "Shown: mine")
        ann.driver.back()
        ann.dashboard()
        until(lambda: self.shown() == "Shown: local (edit)")

        # She arranges boards, and makes no links to them: that is not offered, and said.
        self.assertEqual(self.server.request("/api/v1/boards", b'{"name":"Shop","panels":[]}', "POST")[0], 201)
        self.addCleanup(self.server.request, "/api/v1/boards/Shop", method="DELETE")
        ann.open("/?user=local#board/Shop").dashboard()
        buttons = until(lambda: ann.js("return [...document.querySelectorAll('#boards .btop button')].map(({ textContent }) => textContent)"))
        self.assertEqual(buttons, ["Edit", "Export", "Full screen"])
        ann.until_text(".bwhy", "Links are made by whoever administers the team.")
        self.assertEqual(self.refused("/api/v1/boards/Shop/shares?user=local", "POST", '{"days":1}'), 403)
        ann.driver.get_log("browser")
        self.shoot(ann, "team-board")
        self.page.open("/#board/Shop").dashboard()
        until(lambda: self.page.js("return [...document.querySelectorAll('#boards .btop button')].map(({ textContent }) => textContent)")
              == ["Edit", "Share", "Export", "Full screen"])

        # Keys are nobody's but of those who administer, also on the page of the account.
        ann.open("/account?user=local")
        ann.until_text("#team h2", "Team of local")
        self.assertEqual(ann.text("h1"), "local")
        self.assertNotIn("Make a key", ann.text("main"))
        self.assertFalse(ann.all(NEW_ADDRESS))
        self.assertEqual(ann.problems(), [])

    def test_who_administers_has_the_keys_and_the_team_and_leaves_it(self):
        ann, page = self.ann, self.page
        self.join("view")
        page.open("/account")
        choice = page.one(f"[aria-label='Role of {ANN}']")
        page.js("arguments[0].value = 'administer'; arguments[0].dispatchEvent(new Event('change'))", choice)
        until(lambda: "administer" in self.server.command("team", "list", "local"))
        self.shoot(page, "team-owner")
        # A row keeps within its card, however narrow that is.
        page.size(390, 844)
        beyond = page.js("""
            const card = document.querySelector('#team');
            const end = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
            return [...card.querySelectorAll('.rows li, .rows li *')].map(one => one.getBoundingClientRect().right - end)""")
        page.size(1440, 900)
        self.assertLess(max(beyond), 0.5)

        ann.open("/account?user=local")
        ann.until_text("main", "Make a key")
        ann.one(NEW_ADDRESS).send_keys("carl@example.org")
        ann.press(Keys.ENTER, on=ann.one(NEW_ADDRESS))
        ann.until_text("#team .waiting", "carl@example.org")
        # The owner is not to be removed, nor made less.
        self.assertFalse(ann.all("[aria-label='Role of local']") + ann.all("[aria-label='Remove local']"))
        self.shoot(ann, "team-administrator")
        ann.one("[aria-label='Take back the invitation of carl@example.org']").click()
        until(lambda: not ann.all("#team .waiting"))

        ann.open("/account")
        ann.until_text("main", "Teams of others")
        self.shoot(ann, "team-teams")
        ann.one("[aria-label='Leave the team of local']").click()
        ann.until_text("dialog[open] h2", "Leave the team of local?")
        ann.one("dialog[open] .danger").click()
        until(lambda: "Teams of others" not in ann.text("main") and ann.text("#team"))
        self.assertNotIn("ann", self.server.command("team", "list", "local").replace(ANN, "ann"))
        self.assertEqual(ann.problems(), [])

    def test_who_runs_the_server_and_is_in_a_team_has_room_for_all_of_it_on_a_phone(self):
        page = self.page
        link = urlsplit(self.server.command("team", "invite", "ann", "--role", "administer").strip())
        self.addCleanup(self.server.command, "team", "remove", "ann", "local")
        page.open(f"/account#{link.fragment}")
        page.one("main .primary").click()
        for path, shown in (("/?user=ann", "ann (administer)"), ("/account?user=ann", "ann (administer)"), ("/account", "mine"),
                            ("/server", "the server")):
            page.open(path)
            until(lambda: page.text(".switcher summary") == f"Shown: {shown}", 30, path)
            self.shoot(page, f"team-places{path.replace('/', '-').replace('?', '-')}")

    def test_a_link_that_was_taken_back_or_used_says_so(self):
        ann = self.ann
        link = self.invite()
        self.page.one(f"[aria-label='Take back the invitation of {ANN}']").click()
        until(lambda: not self.page.all("#team .waiting"))
        ann.open(link)
        ann.until_text(".problem", "This invitation was used or taken back, or is too old.")
        self.assertEqual(ann.complaints(), [])

    def test_whoever_is_not_signed_in_is_told_whom_they_join_and_comes_back_after_signing_in(self):
        ann = self.ann
        link = self.invite("administer")
        ann.open("/account")
        ann.one(".who button").click()
        until(lambda: ann.text("h1") == "Sign in")
        ann.open(link)
        ann.until_text("h1", "Join local?")
        self.assertIn("There you may administer", ann.text("main"))
        ann.driver.get_log("browser")
        self.shoot(ann, "team-join-signed-out")
        ann.one("main .primary").click()
        until(lambda: ann.text("h1") == "Sign in")
        token = self.server.command("user", "reset", "ann", "--public-url", self.server.url).strip()
        ann.driver.get_log("browser")
        # (The password is set as by a letter, in the same tab.)
        ann.open(urlsplit(token).path + "#" + urlsplit(token).fragment)
        ann.one("input[type=password]").send_keys("correct horse battery")
        ann.one("form button").click()
        ann.until_text("h1", "Join local?")
        ann.one("main .primary").click()
        ann.dashboard()
        until(lambda: self.shown() == "Shown: local (administer)")


class ByMail(Scene):
    """An invitation that is sent is not shown to who invites; and who has no account gets one by it, where the server is its author's."""

    signs_in = False

    @classmethod
    def setUpClass(cls):
        cls.texts = []
        cls.controller = Controller(cls, hostname="127.0.0.1", port=free_port())
        cls.controller.start()
        cls.addClassCleanup(cls.controller.stop)
        cls.options = (
            "--public-url", "http://stats.example.org", "--mail-from", "stats@example.org",
            "--smtp-url", f"smtp://127.0.0.1:{cls.controller.port}")
        super().setUpClass()

    @classmethod
    async def handle_DATA(cls, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        cls.texts.append((envelope.rcpt_tos, message["Subject"], message.get_body(("plain",)).get_content()))
        return "250 OK"

    def letter(self, number):
        until(lambda: len(self.texts) >= number, 30, f"letter {number}")
        addresses, subject, text = self.texts[number - 1]
        self.assertEqual(addresses, [ANN])
        return subject, text, re.search(r"http://stats.example.org(/account#\S+)", text)[1]

    def test_from_a_letter_to_an_account_and_into_the_team(self):
        page = self.page
        self.server.send(("c", "shop.orders", 1))
        page.open(urlsplit(self.server.sign_in).path)
        page.open("/account")
        page.one(NEW_ADDRESS).send_keys(ANN)
        page.press(Keys.ENTER, on=page.one(NEW_ADDRESS))
        page.until_text("#team .note", f"The invitation is on its way to {ANN}.")
        subject, text, link = self.letter(1)
        self.assertEqual(subject, "An invitation to a team at DaTtSs")
        self.assertIn("local invites you to the statistics of 'local' at DaTtSs, to look at them.", text)
        self.assertNotIn(link.split("=")[1], page.js("return document.documentElement.outerHTML"))
        self.assert_sound()

        ann = Page(self.server, self.zone)
        self.addCleanup(ann.close)
        ann.open(link)
        ann.until_text("h1", "Join local?")
        ann.js("[...document.querySelectorAll('main a')].find(link => link.textContent === 'Sign up').click()")
        until(lambda: ann.text("h1") == "Sign up")
        ann.one("input[name=email]").send_keys(ANN)
        ann.one("form.fields button.primary").click()
        ann.until_text("h1", "Look into your mail")
        ann.open(self.letter(2)[2])
        ann.one("input[type=password]").send_keys("correct horse battery")
        ann.one("form button").click()
        # In the same tab one is back where one was; in another one, the first letter's link is still good.
        ann.until_text("h1", "Join local?")
        ann.driver.get_log("browser")
        ann.one("main .primary").click()
        ann.dashboard()
        until(lambda: ann.text(".switcher summary") == "Shown: local (view)")
        self.assertEqual(ann.problems(), [])


if __name__ == "__main__":
    unittest.main()
