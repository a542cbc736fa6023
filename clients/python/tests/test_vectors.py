"""Fixtures/wire against this client: see the README there."""

import json
import unittest
from pathlib import Path

from dattss._push import Numbering, Push, PushQueue
from dattss._recorder import Recorder, parse_sample


def cases(name):
    file = Path(__file__).resolve().parents[3] / "Fixtures" / "wire" / f"{name}.json"
    found = json.loads(file.read_text())["cases"]
    assert len(found) > 5
    return found


class VectorTests(unittest.TestCase):
    def test_a_samples_text_means_what_the_vectors_say(self):
        for vector in cases("samples"):
            expected = None if "reason" in vector else (vector["typ"], vector["value"], vector["emp"])
            self.assertEqual(parse_sample(vector["text"]), expected, vector["text"])

    def test_samples_become_the_partial_of_the_vectors_to_the_last_bit(self):
        for vector in cases("partials"):
            recorder = Recorder(vector["pct"])
            for text in vector["samples"]:
                recorder.add_text("a.b", text)
            partials, _ = recorder.flush(True)
            self.assertEqual(json.loads(json.dumps(partials)), [vector["partial"]], vector["name"])

    def test_a_periods_calls_become_the_batch_of_the_vectors_with_what_was_dropped(self):
        for vector in cases("batches"):
            recorder = Recorder(0.1)
            for path, sample in vector["calls"]:
                recorder.add_text(path, sample)
            dropped = {reason: count for reason, count in recorder.drops.items() if count}
            self.assertEqual(dropped, vector["drops"], vector["name"])
            partials, drops = recorder.flush(True)
            numbering = Numbering(vector["cid"], vector["process"])
            numbering.seq = vector["seq"] - 1
            [push] = numbering.pushes(partials, 12, drops)
            self.assertEqual(json.loads(push.body), {**vector["body"], "upt": 12}, vector["name"])

    def test_an_answer_has_the_consequence_of_the_vectors(self):
        for vector in cases("answers"):
            queue = PushQueue()
            queue.enqueue(Push(1, b"x", 1))
            step = queue.answer(vector["status"])
            if step.action == "wait":
                consequence = "slowly" if step.seconds > 1 else "again"
            else:
                consequence = "drop" if step.losses else "done"
            self.assertEqual(consequence, vector["then"], vector["status"])
