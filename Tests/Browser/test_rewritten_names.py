"""The server's own page: which names were no paths, and what became of them."""

import socket
import unittest

from page import until
from scene import Scene


class RewrittenNames(Scene):
    options = ("--statsd-user", "local")

    def send(self, line):
        host, port = self.server.udp.rsplit(":", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(line.encode(), (host, int(port)))

    def told(self):
        return self.page.js("return fetch('/api/v1/rewritten-names').then(answer => answer.json())")

    def test_the_latest_names_are_shown_as_they_were_sent_and_as_text(self):
        page = self.page
        page.open("/server").dashboard()
        self.assertFalse(page.one("#rewritten").is_displayed())
        self.send("<img src=x onerror=alert(1)>:1|c\nGET /caf\u00e9:1|c")
        until(lambda: self.told()["count"] == 2)
        page.open("/server").dashboard()
        page.until_text("#rewritten summary", "Names rewritten in 2 lines, the latest")
        lines = page.js("return [...document.querySelectorAll('#rewritten li')].map(line => line.textContent)")
        self.assertEqual(lines, ["GET /caf\u00e9 \u2192 GET_-caf", "<img src=x onerror=alert(1)> \u2192 img_srcx_onerroralert1"])
        self.assertTrue(page.one("#rewritten").is_displayed())
        self.assertEqual(page.all("#rewritten img"), [])
        # What comes later is shown without another look.
        self.send("a/b:1|c")
        page.until_text("#rewritten summary", "Names rewritten in 3 lines, the latest", 20)
        self.assert_sound()
        page.open("/").dashboard()
        self.assertFalse(page.one("#rewritten").is_displayed())


if __name__ == "__main__":
    unittest.main()
