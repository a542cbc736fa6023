"""Twenty thousand statistics: only what is seen is in the document, and searching does not stall."""

import json
import statistics
import time
import unittest

import measure
from page import Keys, until
from scene import Scene

COUNT = 20_000


class Scale(Scene):
    options = ("--max-partials", str(COUNT), "--max-body-bytes", str(64 << 20))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        numbers = {name: 1 for name in ("sum", "cnt", "max", "min", "fst", "lst", "top", "bot")}
        partials = [{"typ": "c", "pth": f"fleet.region{i % 10}.host{i // 10 % 200}.disk{i // 2000}.reads", **numbers} for i in range(COUNT)]
        status, _, body = cls.server.request("/agg", json.dumps({"prt": {"c": partials, "ms": [], "g": []}}).encode(), "PUT")
        assert status == 200, body

    def rows_in_document(self):
        return self.page.js("return document.querySelectorAll('#tree .row').length")

    def test_rows_in_the_document_are_bounded_and_search_is_quick(self):
        page = self.page
        page.open("/#show=").dashboard()
        page.until_text("#found", "20 k statistics")
        self.assertLess(self.rows_in_document(), 80)
        # Everything opened: the list is as high as all rows together, the document is not larger.
        page.js("for (let i = 0; i < 10; i++) document.querySelector('#tree').focus()")
        tree = page.one("#tree")
        page.press(Keys.HOME, on=tree)
        milliseconds = page.js("""
            const search = document.querySelector('#search');
            const times = [];
            for (const word of ['d', 'di', 'disk7', 'disk7 region3', 'host19 reads', 'nowhere', 'reads']) {
              search.value = word;
              const began = performance.now();
              search.dispatchEvent(new InputEvent('input', { bubbles: true }));
              document.querySelector('#tree').getBoundingClientRect();
              times.push(performance.now() - began);
            }
            return times;""")
        self.assertEqual(page.text("#found"), "20 k of 20 k")
        self.assertLess(max(milliseconds), 200, "each a key that is pressed")
        height = page.js("return document.querySelector('.floor').getBoundingClientRect().height")
        # What is found has two lines.
        self.assertEqual(height, COUNT * 44)
        self.assertLess(self.rows_in_document(), 80)
        # To the very end, and there is the last one.
        page.press(Keys.END, on=tree)
        until(lambda: "fleet.region9.host99.disk9.reads (counter)" in page.rows())
        self.assertLess(self.rows_in_document(), 80)
        # Only what was looked at was asked for.
        asked = page.js("return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/series/')).length")
        self.assertLess(asked, 250)
        print(f"\n  searching {COUNT} statistics: {max(milliseconds):.0f} ms at most")

    def test_scrolling_takes_little_of_each_frame(self):
        page = self.page
        page.open("/#show=").dashboard()
        page.until_text("#found", "20 k statistics")
        frames = measure.scroll_frames(page)
        self.assertEqual(len(frames), measure.FRAMES)
        self.assertGreater(page.js("return document.querySelector('#tree').scrollTop"), measure.FRAMES * 100)
        self.assertLess(self.rows_in_document(), 80)
        print(f"\n  scrolling {COUNT} statistics: {statistics.median(frames):.2f} ms a frame, 95 % within {measure.percentile(frames, 95):.2f} ms")

    def test_scrolling_draws_each_frame(self):
        page = self.page
        page.open("/#show=").dashboard()
        page.one("#search").send_keys("reads")
        page.until_text("#found", "20 k of")
        blank = page.driver.execute_async_script("""
            const done = arguments[0];
            const tree = document.querySelector('#tree');
            let frame = 0, blank = 0;
            const step = () => {
              tree.scrollTop += 4100;
              requestAnimationFrame(() => setTimeout(() => {
                const box = tree.getBoundingClientRect();
                const shown = document.elementFromPoint(box.left + 80, box.top + box.height / 2)?.closest('.row');
                if (!shown) blank++;
                ++frame < 40 ? step() : done(blank);
              }));
            };
            step();""")
        self.assertEqual(blank, 0)


if __name__ == "__main__":
    unittest.main()
