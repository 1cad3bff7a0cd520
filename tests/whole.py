"""All tests as CI runs them: `python -m tests.whole [what pytest takes]`.

What fails beside 3,000 others is run once more, alone, in a process of its own: whoever reads the run learns at once whether the code is
broken or the test raced something, and a race on a busy machine does not stop everybody. It is named in either case, for it is a
fault to be found, and more than `FEW` of them fail the run without a second look.
"""

import subprocess
import sys

import click
import pytest

FEW = 2


class Failures:
    """A plugin that keeps the ids of the tests that failed, in their order."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.ids:
            self.ids.append(report.nodeid)


def main(args: list[str]) -> int:
    """The exit code, as pytest means it."""
    failures = Failures()
    code = int(pytest.main(args, plugins=[failures]))
    if code != pytest.ExitCode.TESTS_FAILED or not 0 < len(failures.ids) <= FEW:
        return code
    broken = [one for one in failures.ids if subprocess.run([sys.executable, "-m", "pytest", one], check=False).returncode]
    for one in failures.ids:
        click.echo(f"FAILED TWICE  {one}" if one in broken else f"FAILED BESIDE THE OTHERS, PASSED ALONE  {one}: find what it raced")
    return int(pytest.ExitCode.TESTS_FAILED if broken else pytest.ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
