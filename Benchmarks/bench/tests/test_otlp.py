"""Exports that are made up are what OpenTelemetry's protobuf says."""

import random
import struct
import unittest

from bench import otlp


def fields(content):
    """Fields by number, of a message of protobuf."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(content):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            value = varint()
        else:
            size = {1: 8, 2: None, 5: 4}[kind]
            size = varint() if size is None else size
            value = content[at:at + size]
            at += size
        found.setdefault(number, []).append(value)
    return found


class ExportTests(unittest.TestCase):
    def metrics(self, histograms):
        for body in otlp.bodies(random.Random(7), histograms, count=8, points=50, paths=100):
            resource = fields(fields(body)[1][0])
            scope = fields(resource[2][0])
            self.assertEqual(len(scope[2]), 50)
            for metric in scope[2]:
                yield fields(metric)

    def test_lengths_beyond_a_byte_are_varints(self):
        for size in (0, 127, 128, 16383, 16384):
            self.assertEqual(fields(otlp.field(3, bytes(size))), {3: [bytes(size)]})

    def test_sums_gauges_and_histograms(self):
        kinds = {5: 0, 7: 0, 10: 0}
        for metric in self.metrics(histograms=True):
            kind, = set(metric) - {1}
            kinds[kind] += 1
            point = fields(fields(metric[kind][0])[1][0])
            self.assertEqual((point[2][0], point[3][0]), (otlp.START, otlp.TIME))
            if kind == 10:
                buckets = fields(point[8][0])
                self.assertEqual(struct.unpack("<Q", point[4][0])[0], sum(buckets[2][0]))
                low, high = (struct.unpack("<d", point[number][0])[0] for number in (12, 13))
                self.assertLess(low, high)
        self.assertTrue(all(count > 10 for count in kinds.values()), kinds)
        self.assertFalse(any(10 in metric for metric in self.metrics(histograms=False)))

    def test_all_statistics_come_before_one_comes_again(self):
        names = [metric[1][0] for metric in self.metrics(histograms=False)]
        for start in range(0, len(names), 100):
            self.assertEqual(len(set(names[start:start + 100])), 100)
