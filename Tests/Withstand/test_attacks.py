"""Every attack for a moment: whatever strangers do, nothing of an honest client is lost, and the server ends when it is told to.

How fast it answers meanwhile is measured by scripts/withstand, on a machine that has nothing else to do.
"""

import unittest

from Withstand.attacks import ATTACKS
from Withstand.trial import trial

MEMORY_BYTES_MAX = 512 << 20


class Attacks(unittest.TestCase):
    def test_each_of_them(self):
        for attack in ATTACKS:
            with self.subTest(attack.name):
                outcome = trial(attack, alone_seconds=0.2, beside_seconds=2, history_days=1)
                self.assertEqual(outcome.lost, 0)
                self.assertGreater(outcome.batches, 0)
                self.assertLess(outcome.memory_bytes, MEMORY_BYTES_MAX)
                # It is given a minute for that.
                self.assertEqual(outcome.exit_code, 0)


if __name__ == "__main__":
    unittest.main()
