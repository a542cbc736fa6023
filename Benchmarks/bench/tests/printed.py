import contextlib
import io

from bench import report


@contextlib.contextmanager
def printed():
    """What is printed, as a list of lines once it is over; with no ratio or excess kept before, and none afterwards."""
    lines = []
    report.ratios.clear()
    report.exceeded.clear()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        try:
            yield lines
        finally:
            report.ratios.clear()
            report.exceeded.clear()
            lines.extend(output.getvalue().splitlines())
