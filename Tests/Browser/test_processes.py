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
        page.until_text("#audit li", "shop-api was asked to stop by session")

    def test_a_job_that_ended_is_not_red_for_ever(self):
        page = self.page
        self.server.send(("c", "hits", 1))
        # As the stream would tell it after minutes, hours and days.
        script = page.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
            const { addEventListener } = EventSource.prototype;
            EventSource.prototype.addEventListener = function (name, work) {
              if (name !== 'processes') return addEventListener.call(this, name, work);
              const job = (name, ago) => ({ name, up: false, since: Date.now() / 1000 - ago, stopping: false, polls: false });
              const processes = [job('fell-over', 60), job('hourly', 3600), job('old', 3 * 86400)];
              return addEventListener.call(this, name, () => work({ data: JSON.stringify({ processes }) }));
            };""")["identifier"]
        try:
            page.open().dashboard()
            names = lambda kind: page.js("return [...document.querySelectorAll(`#processes .${arguments[0]} .name`)].map(n => n.title)", kind)
            until(lambda: names("down") == ["fell-over"])
            self.assertEqual((names("ended"), names("gone")), (["hourly"], []))
            border = "return getComputedStyle(document.querySelector(`#processes .${arguments[0]} .dot`)).borderTopColor"
            self.assertNotEqual(page.js(border, "down"), page.js(border, "ended"))
            page.one("#gone summary").click()
            until(lambda: names("gone") == ["old"])
            self.assert_sound()
        finally:
            page.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


if __name__ == "__main__":
    unittest.main()
