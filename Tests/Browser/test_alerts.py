"""Alerts: made, looked back at, fired, acknowledged and resolved, by mouse, by keyboard and on a phone, in both themes."""

import hashlib
import hmac
import http.server
import json
import threading
import unittest

from page import Keys, until
from scene import Scene, week

PHONE = (390, 844)
THEMES = ("light", "dark")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what a webhook sends, at /good; refuses everything else."""

    bodies = []
    signed = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/good":
            Receiver.bodies.append(json.loads(body))
            Receiver.signed.append((self.headers["X-DaTtSs-Signature"], body))
        self.send_response(200 if self.path == "/good" else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


def signature(like, body, secret):
    """What signs a body at the time that another signature names."""
    at = like.removeprefix("t=").partition(",")[0]
    return f"t={at},v1=" + hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


class Alerts(Scene):
    options = ("--alert-addresses", "127.0.0.1")

    @classmethod
    def prepare(cls, server):
        server.load(week(step=120))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        cls.addClassCleanup(cls.receiver.server_close)
        cls.addClassCleanup(cls.receiver.shutdown)
        threading.Thread(target=cls.receiver.serve_forever, daemon=True).start()
        cls.hook = f"http://127.0.0.1:{cls.receiver.server_address[1]}"

    def setUp(self):
        Receiver.bodies.clear()
        self.request("PUT", "rules", {"rules": []})
        for silence in self.server.api("alerts")["silences"]:
            self.request("DELETE", f"silences/{silence['id']}")
        for channel in self.server.api("alerts/channels"):
            self.request("DELETE", f"channels/{channel['name']}")

    def tearDown(self):
        self.page.size(1440, 900)
        self.page.theme("light")

    # What the tests are made of

    def request(self, method, path, body=None, expected=(200, 201, 204)):
        data = None if body is None else json.dumps(body).encode()
        status, _, answer = self.server.request(f"/api/v1/alerts/{path}", data, method)
        self.assertIn(status, expected, answer)
        return json.loads(answer or b"null")

    def make(self, **rule):
        return self.request("POST", "rules", {"match": "queue.mail.length", "kind": "g", "measure": "value", "above": 5000, **rule})

    def states(self):
        return {rule["name"]: rule["state"] for rule in self.server.api("alerts")["rules"]}

    def open(self, address=""):
        self.page.open(f"/#alerts{address}")
        self.page.one("#alerts h1", 30)
        self.page.dashboard()

    def heading(self, expected):
        self.page.until_text("#alerts h1", expected, 60)

    def field(self, label):
        return self.page.js("""return [...document.querySelectorAll('#alerts .field')].find(field =>
            field.querySelector('label').textContent === arguments[0]).control""", label)

    def fill(self, label, text):
        field = self.field(label)
        self.page.js("arguments[0].select()", field)
        field.send_keys(text or Keys.DELETE)

    def choose(self, select, value):
        self.page.js("""arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', { bubbles: true }))""", select, value)

    def problem(self, label):
        return self.page.js("""const field = [...document.querySelectorAll('#alerts .field')].find(field =>
            field.querySelector('label').textContent === arguments[0]);
            const problem = field.querySelector('.problem');
            return problem.hidden ? '' : problem.textContent""", label)

    def found(self):
        return self.page.text(".backtest .found")

    def until_looked_back(self, condition, seconds=60):
        until(lambda: self.page.js("return document.querySelector('.backtest').getAttribute('aria-busy') === 'false'")
              and condition(self.found()), seconds, lambda: f"the look back says {self.found()!r}")

    def each(self, name):
        for theme in THEMES:
            with self.subTest(theme=theme):
                self.page.theme(theme)
                until(lambda: self.page.js("return document.getAnimations().length") == 0)
                self.page.shoot(f"{name}-{theme}")
                self.assertEqual(self.page.complaints(), [])
                # The part of the page scrolls by itself: only downwards.
                wide, room = self.page.js("const { scrollWidth, clientWidth } = document.querySelector('#alerts'); return [scrollWidth, clientWidth]")
                self.assertLessEqual(wide, room, name)
        self.page.theme("light")

    def tab_to(self, condition, most=80):
        """Goes on with Tab until the focused element is the one that is meant."""
        for _ in range(most):
            self.page.press(Keys.TAB)
            if self.page.js(f"const at = document.activeElement; return Boolean({condition})"):
                return
        self.fail(f"Tab does not reach {condition}; it is at {self.page.js('return document.activeElement.outerHTML')[:200]}")

    # The tests

    def test_a_page_without_rules_helps(self):
        self.open()
        self.page.until_text("#alerts .empty", "Make the first rule")
        self.each("alerts-empty")
        self.page.size(*PHONE)
        self.each("alerts-empty-phone")

    def test_a_rule_is_made_by_mouse_with_a_look_at_the_past(self):
        page = self.page
        page.open("/#show=ms:shop.checkout.time").dashboard()
        page.plots()
        page.one(".plot a.watch").click()
        self.heading("New rule")
        self.assertEqual(self.field("Which statistics").get_attribute("value"), "shop.checkout.time")
        page.until_text(".matches", "Matches shop.checkout.time.")
        # Without a threshold the past is shown; above everything it never fires, below some of it it does.
        self.until_looked_back(lambda text: text.startswith("Say a threshold"))
        self.fill("Fires when it", "100000")
        self.until_looked_back(lambda text: text == "Never in 8 days")
        self.fill("For", "0")
        self.fill("Fires when it", "150")
        self.until_looked_back(lambda text: "times in 8 days" in text)
        often = self.found()
        self.assertGreater(len(page.all(".plot-frame .fired")), 0)
        # The line can be dragged: farther up it fires less often.
        handle = page.one("#alerts .threshold")
        page.mouse().click_and_hold(handle).move_by_offset(0, -60).release().perform()
        dragged = float(self.field("Fires when it").get_attribute("value"))
        self.assertGreater(dragged, 150)
        self.until_looked_back(lambda text: text != often and "in 8 days" in text)
        self.each("alerts-form")
        page.size(*PHONE)
        self.each("alerts-form-phone")
        page.js("document.querySelector('.backtest').scrollIntoView()")
        self.each("alerts-look-back-phone")
        page.size(1440, 900)
        # A suggestion fires no more often than it says.
        page.js("document.querySelector('.suggest input').value = 2")
        page.one(".suggest button").click()
        until(lambda: float(self.field("Fires when it").get_attribute("value")) != dragged)
        self.until_looked_back(lambda text: text.startswith(("Never", "Once", "2 times")))
        self.fill("Title", "Slow checkout")
        page.one(".rule-form .actions .primary").click()
        self.heading("Alerts")
        page.until_text(".rules", "Slow checkout")
        page.until_text(".rules", "p95 of shop.checkout.time above")
        self.assert_sound()

    def test_a_pattern_is_looked_back_at_with_each_of_its_statistics(self):
        page = self.page
        self.open("&new=c:shop.pages.cart")
        self.heading("New rule")
        self.fill("Which statistics", "shop.pages.*")
        page.until_text(".matches", "Matches 4 statistics")
        self.fill("For", "0")
        self.fill("Fires when it", "60")
        self.until_looked_back(lambda text: "times in 8 days" in text)
        page.until_text(".backtest .about", "Of 4 statistics together.")
        often = self.found()
        self.assertEqual(page.js("return document.querySelector('.backtest select').options.length"), 5)
        path = "return document.querySelector('.plot-frame .curve').getAttribute('d')"
        drawn = page.js(path)
        self.choose(page.one(".backtest select"), "c:shop.pages.cart")
        until(lambda: page.js(path) != drawn, 30, "another statistic is drawn")
        self.assertEqual(self.found(), often)
        page.js("document.querySelector('.stretches').open = true; document.querySelector('.backtest').scrollIntoView()")
        page.until_text(".stretches ol", "shop.pages.product")
        self.each("alerts-pattern")
        # Of a rule whose past is not kept that is said.
        self.choose(self.field("What is looked at"), "process")
        self.until_looked_back(lambda text: "is not kept" in text)
        self.assert_sound()

    def test_a_rule_about_what_is_usual_is_looked_back_at_by_its_scores(self):
        page = self.page
        self.open("&new=g:host.web1.load.1m")
        self.heading("New rule")
        self.choose(self.field("What is looked at"), "usual")
        self.choose(page.one("#alerts [aria-label='How it is compared']"), "outside")
        self.fill("For", "0")
        self.until_looked_back(lambda text: text.startswith("Say a threshold"))
        page.until_text(".backtest .about", "comes from the days before")
        self.fill("Fires when it", "0.5")
        self.until_looked_back(lambda text: "in 8 days" in text and not text.startswith("Never"))
        often = self.found()
        # Scores have both signs, and the threshold stands at both.
        self.assertLess(page.js("return Number(document.querySelector('.threshold').getAttribute('aria-valuemin'))"), 0)
        self.assertEqual(len(page.all(".plot-frame .recover")), 1)
        self.assertGreater(len(page.js("return document.querySelector('.plot-frame .curve').getAttribute('d')")), 1000)
        self.each("alerts-usual")
        page.size(*PHONE)
        self.each("alerts-usual-phone")
        page.size(1440, 900)
        page.js("document.querySelector('.suggest input').value = 1")
        page.one(".suggest button").click()
        until(lambda: float(self.field("Fires when it").get_attribute("value")) > 0.5)
        self.until_looked_back(lambda text: text != often and text.startswith(("Never", "Once")))
        # What has no sign cannot be dragged down to nothing.
        handle = page.one("#alerts .threshold")
        page.mouse().click_and_hold(handle).move_by_offset(0, 190).release().perform()
        self.assertEqual(float(self.field("Fires when it").get_attribute("value")), 0.01)
        self.until_looked_back(lambda text: "times in 8 days" in text)
        self.assert_sound()

    def test_maintenance_of_each_week_is_made_and_removed(self):
        page = self.page
        self.make(name="Mail waits")
        self.open()
        page.until_text(".rules", "Mail waits")
        page.one("#alerts .links a[href='#alerts&maintenance']").click()
        self.heading("Maintenance each week")
        for box in page.all("#alerts .channels input:checked"):
            box.click()
        page.one(".rule-form .primary").click()
        until(lambda: "Expected one day" in self.problem("Days"), 20, lambda: self.problem("Days"))
        for box in page.all("#alerts .channels input"):
            box.click()
        # All of the day, so that it is under way now.
        self.choose(self.field("From"), "00:00")
        self.choose(page.one("#alerts [aria-label='Until']"), "00:00")
        self.fill("Time zone", "Mars/Base")
        self.fill("Which statistics", "queue.**")
        self.fill("Why", "backup")
        page.one(".rule-form .primary").click()
        until(lambda: "There is no time zone" in self.problem("Time zone"), 20, lambda: self.problem("Time zone"))
        self.each("alerts-maintenance")
        page.size(*PHONE)
        self.each("alerts-maintenance-phone")
        page.size(1440, 900)
        self.fill("Time zone", "Europe/Paris")
        page.one(".rule-form .primary").click()
        self.heading("Alerts")
        page.until_text(".silences", "daily 00:00-24:00 Europe/Paris, queue.**: backup")
        page.until_text(".silences", "Silenced")
        page.until_text(".rules .covered", "Silent daily 00:00")
        self.each("alerts-weekly")
        silence = self.server.api("alerts")["silences"][0]
        self.assertEqual([silence["every"], silence["match"], silence["active"]], ["daily 00:00-24:00 Europe/Paris", "queue.**", True])
        page.one(".silences button").click()
        until(lambda: not self.server.api("alerts")["silences"])
        page.driver.get_log("browser")

    def test_a_channel_is_changed_and_keeps_its_secret(self):
        page = self.page
        self.request("PUT", "channels/ops", {"type": "webhook", "url": self.hook + "/good", "secret": "hush-hush"})
        self.request("PUT", "channels/sms", {"type": "http", "url": self.hook + "/good", "body": "{}", "headers": {"X-To": "me"}})
        self.open("&channels")
        page.until_text(".channel-list", "ops")

        def change(name):
            page.one(f".channel-list button[aria-label='Change {name}']").click()
            page.until_text("#alerts legend", f"Change {name}")

        def save():
            page.one(".rule-form .primary").click()

        change("ops")
        self.assertEqual(self.field("Address").get_attribute("value"), self.hook + "/good")
        self.assertEqual(self.field("Secret that signs it (if there is one)").get_attribute("value"), "")
        self.assertFalse(self.field("Name").is_enabled())
        self.each("alerts-channel-change")
        page.size(*PHONE)
        self.each("alerts-channel-change-phone")
        page.size(1440, 900)
        # At another address the secret has to be given again.
        self.fill("Address", self.hook + "/good?more")
        save()
        until(lambda: "given again" in self.problem("Secret that signs it (if there is one)"), 60, "what is wrong with the secret")
        self.fill("Secret that signs it (if there is one)", "new-hush")
        save()
        page.until_text(".channel-list", "/good?more")
        page.until_text("#alerts legend", "Add a channel")
        page.one(".channel-list button[aria-label='Send a test to ops']").click()
        page.until_text(".channel-list .outcome", "ops did not take it", 60)
        # At the same one it is kept, and what is sent is signed by it.
        change("ops")
        self.fill("Address", self.hook + "/good")
        self.fill("Secret that signs it (if there is one)", "new-hush")
        save()
        until(lambda: self.server.api("alerts/channels")[0]["url"] == self.hook + "/good")
        page.until_text("#alerts legend", "Add a channel")
        change("ops")
        save()
        page.until_text("#alerts legend", "Add a channel")
        page.one(".channel-list button[aria-label='Send a test to ops']").click()
        page.until_text(".channel-list .outcome", "ops took the test.", 60)
        at, body = Receiver.signed[-1]
        self.assertEqual(at, signature(at, body, "new-hush"))
        self.assertNotIn("hush", page.js("return document.body.outerHTML") + str(self.server.api("alerts/channels")))
        # What is shown is filled in, and what is said to be gone is gone.
        change("sms")
        self.assertEqual(self.field("Headers, one a line (if there is one)").get_attribute("value"), "X-To: me")
        page.one(".rule-form .actions button:not(.primary)").click()
        page.until_text("#alerts legend", "Add a channel")
        change("ops")
        page.one("#alerts .members input[type=checkbox]").click()
        save()
        until(lambda: "secret" not in self.server.api("alerts/channels")[0])
        page.driver.get_log("browser")

    def test_the_skip_link_keeps_the_address(self):
        page = self.page
        self.make(name="Mail waits")
        self.open()
        page.until_text(".rules", "Mail waits")
        page.js("document.querySelector('.skip').focus()")
        self.assertEqual(page.text(".skip"), "Skip to the alerts")
        page.press(Keys.ENTER)
        until(lambda: page.js("return document.activeElement === document.querySelector('#alerts h1')"), 10, "the heading has the focus")
        self.assertEqual(page.js("return location.hash"), "#alerts")
        self.heading("Alerts")
        page.open("/#show=g:queue.mail.length").dashboard()
        page.plots()
        address = page.js("return location.hash")
        page.js("document.querySelector('.skip').focus()")
        self.assertEqual(page.text(".skip"), "Skip to the plots")
        page.press(Keys.ENTER)
        until(lambda: page.js("return document.activeElement.id") == "watch", 10, "the plots have the focus")
        self.assertEqual(page.js("return location.hash"), address)
        self.assert_sound()

    def test_what_fires_is_acknowledged_silenced_and_resolved_on_a_phone(self):
        page = self.page
        self.request("PUT", "channels/ops", {"type": "webhook", "url": self.hook + "/good"})
        quiet = self.make(name="Quiet", match="host.**", above=90000)
        rule = self.make(name="Mail waits", channels=["ops"], severity="critical", text="Look at the queue first.", runbook="https://wiki.example.com/mail")
        self.server.send(("g", "queue.mail.length", 6000))
        page.size(*PHONE)
        page.open("/#show=").dashboard()
        until(lambda: self.states()["Mail waits"] == "firing", 60)
        # The badge says so wherever one is.
        until(lambda: page.js("return document.querySelector('#alarm .count b').checkVisibility()"), 60, "the badge")
        self.assertEqual(page.text("#alarm .count b"), "1")
        self.assertTrue(page.driver.title.startswith("(1) "))
        page.shoot("alerts-badge-phone")
        self.assertEqual(page.complaints(), [])
        page.one("#panels [data-panel=alerts]").click()
        self.heading("Alerts")
        until(lambda: page.js("return document.querySelector('.rules li')?.textContent.includes('Mail waits')"), 30, "what fires comes first")
        page.until_text(".rules li .instances", "queue.mail.length")
        page.until_text(".rules li .instances", "6,000")
        page.until_text(".rules li .instances", "since")
        self.each("alerts-firing-phone")
        sizes = page.js("return [...document.querySelectorAll('.rule .actions > *')].map(button => button.getBoundingClientRect().height)")
        self.assertGreaterEqual(min(sizes), 44)
        page.one(".rule.firing .actions .primary").click()
        page.until_text(".rules li .state", "Acknowledged")
        self.assertEqual(self.states()["Mail waits"], "acknowledged")
        until(lambda: not page.js("return document.querySelector('#alarm .count b').checkVisibility()"), 30, "no badge")
        # One tap silences; another takes it back.
        page.one(".rule.acknowledged .actions button").click()
        page.until_text(".rules li .covered", "Silent until")
        until(lambda: self.states()["Mail waits"] == "silenced", 30)
        page.until_text(".rules li .state", "Silenced")
        self.each("alerts-silenced-phone")
        page.one(".rules li .covered button").click()
        until(lambda: not self.server.api("alerts")["silences"])
        self.server.send(("g", "queue.mail.length", 3))
        until(lambda: self.states()["Mail waits"] == "ok", 60)
        page.until_text(f"#rule-{rule['id']} .state", "OK")
        # All of it is in the history.
        page.one(f"#rule-{rule['id']} h2 a").click()
        self.heading("Mail waits")
        for words in ("the rule was saved by “default”", "fired: 6,000", "acknowledged by “local”", "silenced by “local”",
                      "the silence was ended by “local”", "is good again: 3"):
            page.until_text("#alerts .events", words)
        self.assertIn("https://wiki.example.com/mail", page.text("#alerts"))
        self.each("alerts-history-phone")
        until(lambda: [alert["event"] for body in Receiver.bodies for alert in body["alerts"]][:2] == ["fired", "resolved"], 30,
              lambda: Receiver.bodies)
        page.size(1440, 900)
        self.each("alerts-history")
        self.request("DELETE", f"rules/{quiet['id']}")
        self.assert_sound()

    def test_everything_is_done_by_keyboard(self):
        page = self.page
        page.open("/#show=").dashboard()
        # The link is there for Tab, and a letter leads to it.
        self.tab_to("at.id === 'alarm'")
        page.press("a", on=page.one("body"))
        self.heading("Alerts")
        self.tab_to("at.textContent === 'New rule'")
        page.press(Keys.ENTER)
        self.heading("New rule")
        until(lambda: page.js("return document.activeElement.localName") == "h1", 10, "the heading has the focus")
        self.tab_to("at.labels?.[0]?.textContent === 'Which statistics'")
        page.press("queue.mail.length")
        self.assertIn("queue.mail.length", page.js("return [...document.querySelectorAll('#alert-matches option')].map(option => option.value)"))
        self.tab_to("at.labels?.[0]?.textContent === 'What is looked at'")
        page.press("the last value")
        until(lambda: self.field("What is looked at").get_attribute("value") == "value")
        self.tab_to("at.labels?.[0]?.textContent === 'Fires when it'")
        page.press("6")
        self.until_looked_back(lambda text: "in 8 days" in text)
        before = self.found()
        self.tab_to("at.labels?.[0]?.textContent === 'For'")
        page.press(Keys.BACKSPACE, "0")
        self.tab_to("at.getAttribute('role') === 'slider'")
        self.assertIn("above", page.js("return document.activeElement.ariaValueText"))
        page.press(*[Keys.PAGE_UP] * 3)
        until(lambda: float(self.field("Fires when it").get_attribute("value")) > 6)
        self.until_looked_back(lambda text: text != before)
        self.each("alerts-keyboard")
        page.press(Keys.END)
        page.js("document.querySelector('.suggest input').focus()")
        self.tab_to("at.labels?.[0]?.textContent === 'Title'")
        page.press("Mail waits")
        threshold = float(self.field("Fires when it").get_attribute("value"))
        page.press(Keys.ENTER)
        self.heading("Alerts")
        self.server.send(("g", "queue.mail.length", threshold * 10))
        page.until_text(".rules li .state", "Firing", 60)
        self.tab_to("at.textContent === 'Acknowledge'")
        page.press(Keys.ENTER)
        page.until_text(".rules li .state", "Acknowledged")
        self.server.send(("g", "queue.mail.length", 1))
        page.until_text(".rules li .state", "OK", 60)
        self.tab_to("at.textContent === 'Edit'")
        page.press(Keys.ENTER)
        self.heading("Edit Mail waits")
        self.assertEqual(float(self.field("Fires when it").get_attribute("value")), threshold)
        self.assert_sound()

    def test_what_is_wrong_is_said_at_its_field(self):
        page = self.page
        self.open("&new")
        self.heading("New rule")
        for fields, label, words in (
                ({"Which statistics": "a b", "Fires when it": "1"}, "Which statistics", "Expected 1 to"),
                ({"Which statistics": "shop.**", "Fires when it": "much"}, "Fires when it", "Expected a number"),
                ({"Fires when it": ""}, "Fires when it", "Expected exactly one of above"),
                ({"Fires when it": "100", "Good again from": "200"}, "Good again from", "expected at most 100"),
                ({"Good again from": "90", "For": "1.03"}, "For", "Expected whole seconds"),
                ({"For": "1", "Link to what is to be done": "wiki"}, "Link to what is to be done", "Expected a link")):
            for name, text in fields.items():
                self.fill(name, text)
            page.one(".rule-form .actions .primary").click()
            until(lambda: words in self.problem(label), 20, lambda: f"{label}: {self.problem(label)!r}")
            self.assertEqual(page.js("return document.activeElement.getAttribute('aria-invalid')"), "true")
        self.each("alerts-problem")
        # What matches nothing may be saved all the same, and is said.
        self.fill("Link to what is to be done", "")
        self.fill("Which statistics", "no.such.thing")
        page.until_text(".matches", "Matches nothing that is known now")
        self.until_looked_back(lambda text: "matches no statistic" in text)
        page.one(".rule-form .actions .primary").click()
        self.heading("Alerts")
        page.until_text(".rules .state", "No data")
        # The browser remarks on each answer 400.
        page.driver.get_log("browser")

    def test_channels_are_made_tried_and_removed(self):
        page = self.page
        self.open("&channels")
        page.until_text(".channel-list", "There is none yet")
        self.fill("Name", "ops")
        self.choose(self.field("Type"), "webhook")
        page.one(".rule-form .primary").click()
        until(lambda: "Is missing" in self.problem("Address"), 20, lambda: self.problem("Address"))
        self.fill("Address", self.hook + "/good")
        self.fill("Secret that signs it (if there is one)", "hush-hush")
        page.one(".rule-form .primary").click()
        page.until_text(".channel-list", self.hook)
        self.assertNotIn("hush-hush", page.js("return document.body.outerHTML") + str(self.server.api("alerts/channels")))
        page.one(".channel-list button").click()
        page.until_text(".channel-list .outcome", "ops took the test.", 60)
        # One that refuses says why.
        self.fill("Name", "deaf")
        self.choose(self.field("Type"), "ntfy")
        self.fill("Address with the topic", self.hook + "/bad")
        page.one(".rule-form .primary").click()
        page.until_text(".channel-list", "deaf")
        page.one(".channel-list li:first-child button").click()
        page.until_text(".channel-list li:first-child .outcome", "deaf did not take it: answered 403", 60)
        page.until_text(".messages", "given up")
        self.each("alerts-channels")
        page.size(*PHONE)
        self.each("alerts-channels-phone")
        page.one(".channel-list button[aria-label='Remove deaf']").click()
        page.one("dialog button.danger").click()
        until(lambda: [channel["name"] for channel in self.server.api("alerts/channels")] == ["ops"])
        page.driver.get_log("browser")

    def test_the_page_says_when_it_is_old_and_when_the_session_has_ended(self):
        page = self.page
        rule = self.make(name="Mail waits")
        self.open()
        page.until_text(".rules", "Mail waits")
        self.server.stop()
        page.until_text("#alerts .stale", "What you see is old", 60)
        page.until_text(".rules", "Mail waits")
        self.each_faint("alerts-server-away")
        self.server.start()
        until(lambda: page.js("return document.querySelector('#alerts .stale').hidden"), 60)
        # What was written when the session ends is there again after signing in.
        page.open(f"/#alerts&edit={rule['id']}").dashboard()
        self.heading("Edit Mail waits")
        self.fill("Title", "Mail waits long")
        for session in self.server.command("user", "sessions", "list", "local").splitlines():
            self.server.command("user", "sessions", "revoke", "local", session.split("\t")[0])
        # (Until the server has heard of it, it would be saved.)
        until(lambda: page.js("return fetch('/api/v1/session').then(answer => answer.status)") == 401, 30, "the session's end")
        page.one(".rule-form .actions .primary").click()
        page.until_text("#alerts .general", "You are signed out")
        page.until_text("#live", "Signed out. Sign in again.")
        page.shoot("alerts-signed-out")
        link = self.server.command("user", "link", "local").strip()
        page.driver.get(link.replace(f"http://{self.server.http}", self.server.url))
        page.dashboard()
        page.open(f"/#alerts&edit={rule['id']}").dashboard()
        page.until_text("#alerts .general", "It is not saved yet")
        self.assertEqual(self.field("Title").get_attribute("value"), "Mail waits long")
        page.one(".rule-form .actions .primary").click()
        self.heading("Alerts")
        page.until_text(".rules", "Mail waits long")
        page.driver.get_log("browser")

    def each_faint(self, name):
        """Numbers of a server that is not heard are faint on purpose."""
        self.page.shoot(name)
        self.assertEqual([told for told in self.page.complaints() if "contrast" not in told], [])

    def test_many_rules_stand_in_order_and_back_leads_to_the_same_plots(self):
        page = self.page
        self.make(name="A quiet one")
        self.make(name="B fires", below=5000, above=None, severity="warning")
        self.make(name="C fires and is critical", below=5000, above=None, severity="critical")
        self.make(name="D is off", enabled=False)
        self.make(name="E waits", below=5000, above=None, **{"for": 6000})
        self.make(name="F has nothing", match="none.*")
        self.make(name="G all pages", match="shop.pages.*", kind="c", measure="rate-per-minute", above=0, severity="info")
        page.open("/").dashboard()
        shown = page.plots()
        page.one("#alarm").click()
        self.heading("Alerts")
        self.server.send(("g", "queue.mail.length", 80), ("c", "shop.pages.home", 5), ("c", "shop.pages.cart", 2))
        names = """return [...document.querySelectorAll('.rule')].map(rule => [rule.querySelector('h2').textContent, rule.querySelector('.state').textContent.slice(2)])"""
        expected = [["C fires and is critical", "Firing"], ["B fires", "Firing"], ["G all pages", "Firing"], ["E waits", "Pending"],
                    ["F has nothing", "No data"], ["A quiet one", "OK"], ["D is off", "Off"]]
        until(lambda: page.js(names) == expected, 60, lambda: page.js(names))
        page.until_text("#alerts .overview", "3 firing, 1 pending, 1 no data, 1 off, of 7 rules.")
        self.each("alerts-list")
        page.size(*PHONE)
        self.each("alerts-list-phone")
        page.size(800, 900)
        self.each("alerts-list-narrow")
        page.size(1440, 900)
        page.driver.back()
        self.assertEqual(page.plots(), shown)
        self.assertTrue(page.js("return document.querySelector('#alerts').hidden"))
        page.one("#alarm").click()
        self.heading("Alerts")
        page.one("#alerts .back").click()
        self.assertEqual(page.plots(), shown)
        self.assert_sound()


class Looking(Scene):
    """Who may only look sees the server's own rules, and can change nothing."""

    def test_the_servers_own_rules_are_there_to_be_looked_at(self):
        page = self.page
        page.open("/server#alerts")
        page.until_text("#alerts .rules", "The disk is nearly full", 60)
        self.assertEqual(page.js("return document.querySelectorAll('#alerts .actions, #alerts .primary').length"), 0)
        page.open("/server#alerts&rule=disk")
        page.until_text("#alerts h1", "The disk is nearly full", 60)
        page.until_text("#alerts .events", "the rule was saved")
        page.open("/server#alerts&new")
        page.until_text("#alerts h1", "Alerts", 60)
        self.assertEqual(page.all("#alerts form"), [])
        page.shoot("alerts-server")
        self.assert_sound()


if __name__ == "__main__":
    unittest.main()
