"""Names that are longer than their place, on a list of thousands."""

import time
import unittest

from page import Keys, until
from scene import Scene

COUNT = 1000


def name(i):
    return f"aws.eu_west_1.production.fleet.ec2_cpu_utilization_average_of_the_instance_i_0{i:05d}"


class Names(Scene):
    @classmethod
    def prepare(cls, server):
        now = int(time.time()) // 60 * 60
        server.load([(now - 60, "g", name(i), i) for i in range(COUNT)] + [(now - 60, "c", "short.one", 1)])

    def setUp(self):
        self.page.size(1440, 900)
        self.page.open("/#show=").dashboard()

    def test_names_that_differ_at_the_end_are_seen_to_differ(self):
        page = self.page
        page.click_row("aws.eu_west_1.production.fleet") if "aws.eu_west_1.production.fleet" in page.js(
            "return [...document.querySelectorAll('#tree .group:not([hidden])')].map(row => row.title)") else None
        tree = page.one("#tree")
        page.press(Keys.HOME, Keys.ARROW_RIGHT, on=tree)
        # Of each row: whether the end of its name lies within what is seen of the row.
        seen = until(lambda: page.js("""return [...document.querySelectorAll('#tree .row:not([hidden], .group)')]
            .filter(row => row.title.startsWith('aws')).map(row => {
              const [label, end] = [row.querySelector('.label'), row.querySelector('.end')].map(part => part.getBoundingClientRect());
              return [row.querySelector('.end').textContent, end.right <= label.right + 1 && end.width > 0 && end.left >= label.left];
            });"""))
        self.assertGreater(len(seen), 5)
        self.assertEqual(len({end for end, _ in seen}), len(seen))
        self.assertTrue(all(isSeen for _, isSeen in seen), seen)
        page.shoot("names-light")

    def test_what_is_found_is_seen_where_it_lies(self):
        page = self.page
        for width in (1440, 390):
            page.size(width, 844)
            page.open("/#show=").dashboard()
            page.js("document.querySelector('#panels [data-panel=statistics]').click()")
            page.one("#search").send_keys("instance 000042")
            until(lambda: page.text("#found").startswith("1 of"))
            marks = page.js("""const row = [...document.querySelectorAll('#tree .row:not([hidden])')][0];
                const label = row.querySelector('.label').getBoundingClientRect();
                return [...row.querySelectorAll('mark')].map(mark => {
                  const box = mark.getClientRects()[0];
                  return [mark.textContent, box.top >= label.top - 1 && box.bottom <= label.bottom + 1 && box.left >= label.left - 1 && box.right <= label.right + 1];
                });""")
            self.assertEqual({text for text, _ in marks}, {"instance", "000042"})
            self.assertTrue(all(isSeen for _, isSeen in marks), (width, marks))
            page.shoot(f"found-{width}-light")
            self.assert_sound()

    def test_the_list_is_made_wider_by_mouse_and_by_keys_and_stays_so(self):
        page = self.page
        width = lambda: page.js("return document.querySelector('#side').getBoundingClientRect().width")
        before = width()
        divider = page.one("#divider")
        page.mouse().click_and_hold(divider).move_by_offset(150, 0).release().perform()
        self.assertAlmostEqual(width(), before + 150, delta=12)
        wide = width()
        page.press(Keys.ARROW_LEFT, on=divider)
        until(lambda: abs(width() - (wide - 24)) < 2)
        self.assertEqual(int(divider.get_attribute("aria-valuenow")), round(width()))
        kept = width()
        page.open("/#show=").dashboard()
        self.assertAlmostEqual(width(), kept, delta=1)
        self.assert_sound()
        page.press(Keys.ENTER, on=page.one("#divider"))
        until(lambda: abs(width() - before) < 2)

    def test_thousands_are_searched_at_once(self):
        milliseconds = self.page.js("""const search = document.querySelector('#search');
            const began = performance.now();
            search.value = 'instance 0099';
            search.dispatchEvent(new Event('input'));
            return performance.now() - began;""")
        print(f"\n  searched {COUNT:,} in {milliseconds:.0f} ms")
        self.assertEqual(self.page.text("#found"), f"11 of {COUNT + 1:,}")


if __name__ == "__main__":
    unittest.main()
