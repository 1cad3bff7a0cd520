"""Named fault points: places where a test kills the real process, to prove that nothing depends on surviving them.

`CARILLON_FAULT=decide:after_commit:3` ends the process with SIGKILL at the third time the decide stage passes that point.
Without the variable a point costs one comparison.
"""

import os
import signal

POINTS = ("after_read", "before_commit", "after_commit", "amid_appends", "before_mark")


class Faults:
    """The points of one stage. `at` returns, or does not."""

    def __init__(self, stage: str, plan: str | None = None) -> None:
        wanted = (plan if plan is not None else os.environ.get("CARILLON_FAULT", "")).split(":")
        self._point, self._left = (wanted[1], int(wanted[2])) if len(wanted) == 3 and wanted[0] == stage else ("", 0)

    def armed(self, point: str) -> bool:
        """True when the plan names this point: callers may then go slower to make it meet something."""
        return self._point == point

    def at(self, point: str) -> None:
        """Pass a point of `POINTS`."""
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
