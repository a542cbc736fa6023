"""What a first visit transfers is little, and what only an opened part needs comes when it is opened; nothing that moves stalls."""

import os
import statistics
import unittest

import measure
from page import until
from scene import Scene

DAY = 86400
LATER = ("explore", "boards.", "boardview", "travel", "team", "alertlist", "marks.js")


class Weight(Scene):
    @classmethod
    def prepare(cls, server):
        # A year of hours, and something that is sent now.
        now = int(measure.time.time()) // 3600 * 3600
        server.load([(at, "g", "year.load", 10 + at // 3600 % 24 + at // DAY % 7) for at in range(now - 366 * DAY, now, 3600)])

    def setUp(self):
        self.page.size(1440, 900)

    def loaded(self):
        return self.page.js("""return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/'))
            .map(({ name }) => name.split('/').at(-1))""")

    @unittest.skipIf(os.environ.get("DATTSS_PAGE_FROM_DISK"), "from the disk nothing is packed")
    def test_a_first_visit_transfers_at_most_120_kilobytes_of_our_own(self):
        page = self.page
        measure.send(self.server, 0)
        first, shown = measure.first_paint(page)
        own, everything = measure.weight(page)
        # As they are sent: packed with gzip, without headers.
        self.assertLessEqual(own, measure.OWN_BYTES)
        self.assertLessEqual(everything, measure.ALL_BYTES)
        self.assertGreater(own, 20_000, "something is measured")
        before = self.loaded()
        self.assertFalse([name for name in before if name.startswith(LATER) and name != "marks.js"], before)
        self.assertIn("dashboard.js", before)
        # What is opened is loaded then.
        page.js("location.hash = 'explore'")
        until(lambda: "explore.js" in self.loaded() and "explore.css" in self.loaded())
        until(lambda: page.all(".xplot"))
        page.js("location.hash = 'boards'")
        until(lambda: "boards.js" in self.loaded())
        more, _ = measure.weight(page)
        print(f"\n  first visit: {own / 1000:.1f} KB of our own, {everything / 1000:.1f} KB in all; with Explore and boards {more / 1000:.1f} KB; "
              f"painted after {first:.0f} ms, the list after {shown:.0f} ms")

    def test_a_year_of_hours_is_moved_by_mouse_and_twenty_thousand_rows_are_scrolled_within_a_frame(self):
        page = self.page
        frames = measure.pan_frames(page, "g:year.load")
        self.assertGreater(page.js("return document.querySelector('.xplot').explore.data.count"), 1000)
        self.assertGreater(len(frames), 50)
        print(f"\n  moving a year: {statistics.median(frames):.2f} ms a frame, 95 % within {measure.percentile(frames, 95):.2f} ms")
        # What was moved is what is asked for then: the address is another one.
        self.assertIn("from=", page.driver.current_url)
        self.assert_sound()


if __name__ == "__main__":
    unittest.main()
