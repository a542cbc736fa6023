"""What Linux tells of a process, and where a process runs."""

import os
import re
import shutil

# Server and load keep out of each other's way, when there is a core for each.
SERVER_CORE, LOAD_CORE = ("0", "1") if (os.cpu_count() or 1) > 1 and shutil.which("taskset") else (None, None)


def pinned(core, command):
    return ["taskset", "-c", core, *command] if core else list(command)


def where():
    return "server on one core, load on another" if SERVER_CORE else "load and server on the same core"


def cpu_seconds(stat, ticks_per_second=os.sysconf("SC_CLK_TCK")):
    """Seconds in the program and in the kernel, from the text of /proc/PID/stat: fields 14 and 15.

    A program's name stands in brackets and may contain anything, brackets and blanks, too.
    """
    fields = stat.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_second


def resident_bytes(status):
    """From the text of /proc/PID/status."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def system_calls(summary):
    """Calls by name, from what `strace -c` prints: % time, seconds, usecs/call, calls, [errors,] name."""
    rows = [line.split() for line in summary.splitlines() if re.match(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+\d+", line)]
    return {fields[-1]: int(fields[3]) for fields in rows if fields[-1] != "total"}
