"""Programs: up and down, and asked to stop."""

import json
import threading
import unittest

from page import until
from scene import Scene


class Processes(Scene):
    def test_a_program_is_stopped_after_a_question_and_the_audit_says_so(self):
        self.server.send(("c", "hits", 1), process="shop-api")
        answers = []

        def poll():
            answers.append(self.server.request("/process", json.dumps({"process": "shop-api"}).encode(), "PUT")[2].decode())

        poller = threading.Thread(target=poll, daemon=True)
        poller.start()
        page = self.page
        page.open().dashboard()
        page.until_text("#processes .up .name", "shop-api")
        page.until_text("#processes .since", "up since")
        page.until_text("#processes-up", "1 of 1 up")

        # No is no.
        button = page.one("#processes button")
        button.click()
        self.assertEqual(page.text("dialog[open] h2"), "Stop shop-api?")
        self.assert_sound()
        page.js("document.querySelector('dialog[open] button[value=\"\"]').click()")
        until(lambda: not page.all("dialog[open]"))
        self.assertEqual(answers, [])

        # A program that never asks whether it is to stop is not offered to be stopped.
        self.server.send(("c", "hits", 1), process="cron-job")
        page.until_text("#processes-up", "2 of 2 up")
        self.assertEqual(page.js("return [...document.querySelectorAll('#processes button')].map(button => button.ariaLabel)"),
                         ["Stop shop-api"])

        # What comes in meanwhile takes the button away from nobody who is about to press it.
        self.server.send(("c", "hits", 1), process="worker")
        page.until_text("#processes-up", "3 of 3 up")
        button.click()
        page.js("document.querySelector('dialog[open] button.danger').click()")
        poller.join(10)
        self.assertEqual(answers, [f"{self.server.key}-shop-api"])
        page.one("#audit summary").click()
        page.until_text("#audit li", "shop-api was asked to stop by local")

    def test_each_state_of_a_program_is_told_and_none_is_red_for_ever(self):
        page = self.page
        self.server.send(("c", "hits", 1), ("c", "api.requests", 1))
        # As the stream would tell it after minutes, hours and days.
        script = page.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
            const { addEventListener } = EventSource.prototype;
            EventSource.prototype.addEventListener = function (name, work) {
              if (name !== 'processes') return addEventListener.call(this, name, work);
              const time = Date.now() / 1000;
              const down = { up: false, since: time - 60, stopping: false, stop: null, ended: false, restarts: [], polls: false };
              const up = { ...down, up: true, since: time - 7200 };
              const processes = [{ ...down, name: 'fell-over' }, { ...down, name: 'hourly', since: time - 3600 },
                { ...down, name: 'stopped', stop: 'told', ended: true }, { ...up, name: 'api', restarts: [time - 400, time - 300] },
                { ...up, name: 'busy', stop: 'asked', stopping: true, polls: true }, { ...up, name: 'deaf', stop: 'unheard', polls: true },
                { ...up, name: 'worker', restarts: [time - 200] }];
              return addEventListener.call(this, name, () => work({ data: JSON.stringify({ processes }) }));
            };""")["identifier"]
        try:
            page.open().dashboard()
            names = lambda kind: page.js("return [...document.querySelectorAll(`#processes .${arguments[0]} .name`)].map(n => n.title)", kind)
            until(lambda: names("down") == ["fell-over"])
            self.assertEqual(names("ended"), ["hourly", "stopped"])
            border = "return getComputedStyle(document.querySelector(`#processes .${arguments[0]} .dot`)).borderTopColor"
            self.assertNotEqual(page.js(border, "down"), page.js(border, "ended"))
            said = page.js("return Object.fromEntries([...document.querySelectorAll('#processes li')].map(li => [li.querySelector('.name').title, li.textContent]))")
            for name, words in (("busy", "asked to stop, not told yet"), ("deaf", "did not hear the stop"),
                                ("stopped", "stopped"), ("api", "2 restarts in 1 h"), ("worker", "restarted")):
                self.assertIn(words, said[name])
            buttons = page.js("return [...document.querySelectorAll('#processes button')].map(button => button.ariaLabel)")
            self.assertEqual(buttons, ["Stop again deaf", "Remove fell-over", "Remove hourly", "Remove stopped"])

            # Restarts stand on the plots: those of the program that the name begins with, or else those of all.
            page.open("/#show=c:api.requests,c:hits").dashboard()
            page.plots()
            until(lambda: "worker restarted at" in page.text(".plot:nth-child(2) .restarts"))
            self.assertIn("api restarted at", page.text(".plot:nth-child(2) .restarts"))
            self.assertNotIn("worker", page.text(".plot:nth-child(1) .restarts"))
            self.assertIn("api restarted at", page.text(".plot:nth-child(1) .restarts"))
            page.driver.get_log("browser")
            for theme in ("dark", "light"):
                page.theme(theme)
                self.assert_sound()
                page.shoot(f"restarts-{theme}")
        finally:
            page.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)

    def test_a_restart_is_seen_and_a_program_that_is_down_goes_off_the_list(self):
        def send(uptime, client, seq):
            partial = {"typ": "c", "pth": "jobs.done", "cnt": 1, **{name: 1 for name in ("sum", "max", "min", "fst", "lst", "top", "bot")}}
            body = {"nam": "jobs", "upt": uptime, "cid": client, "seq": seq, "prt": {"c": [partial], "ms": [], "g": []}}
            status, _, answer = self.server.request("/agg", json.dumps(body).encode(), "PUT")
            self.assertEqual(status, 200, answer)

        page = self.page
        send(1000, "a" * 16, 1)
        page.open("/#show=c:jobs.done").dashboard()
        page.plots()
        self.assertEqual(page.text(".plot .restarts"), "")
        send(0.1, "b" * 16, 1)
        # The page is told while it is open.
        page.until_text(".plot .restarts", "jobs restarted at")
        # While it is up it is not removed; what has been silent for long enough is down.
        row = "return [...document.querySelectorAll('#processes li')].find(li => li.querySelector('.name')?.title === 'jobs')"
        self.assertFalse(page.js(f"{row}.querySelector('button')"))
        until(lambda: page.js(f"{row}.className") == "down", 60, "the program is down")
        page.js(f"{row}.querySelector('button').click()")
        until(lambda: not page.js(row))
        page.until_text("#notices", "jobs is off the list")
        self.assert_sound()


if __name__ == "__main__":
    unittest.main()
