import os
import time
import unittest

from bench import process

STAT = "4711 (a) b (c)) S 1 4711 4711 0 -1 4194560 1000 0 0 0 {user} {kernel} 7 8 20 0 3 0 100 1000 200"


class ProcessTests(unittest.TestCase):
    def test_processor_time_is_that_of_program_and_kernel_whatever_the_program_is_called(self):
        self.assertEqual(process.cpu_seconds(STAT.format(user=250, kernel=50), ticks_per_second=100), 3)
        self.assertEqual(process.cpu_seconds(STAT.format(user=0, kernel=0)), 0)

    def test_processor_time_of_this_process_is_what_it_says_itself(self):
        with open("/proc/self/stat") as stat:
            before, told, after = time.process_time(), process.cpu_seconds(stat.read()), time.process_time()
        tick = 1 / os.sysconf("SC_CLK_TCK")
        # Ticks are whole, one of the program and one of the kernel.
        self.assertLessEqual(before - 2 * tick, told)
        self.assertLessEqual(told, after + 2 * tick)

    def test_resident_memory_comes_in_bytes(self):
        self.assertEqual(process.resident_bytes("VmPeak:\t  9 kB\nVmRSS:\t    1234 kB\nRssAnon:\t 1 kB\n"), 1234 * 1024)

    def test_a_command_is_pinned_only_where_there_is_a_core_for_it(self):
        self.assertEqual(process.pinned("1", ["a", "b"]), ["taskset", "-c", "1", "a", "b"])
        self.assertEqual(process.pinned(None, ("a", "b")), ["a", "b"])

    def test_system_calls_are_counted_by_name_without_their_total(self):
        self.assertEqual(process.system_calls("""strace: Process 12 attached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 62.50    0.000500           5       100         7 recvmmsg
 37.50    0.000300           1       300           write
------ ----------- ----------- --------- --------- ----------------
100.00    0.000800           2       400         7 total
"""), {"recvmmsg": 100, "write": 300})
