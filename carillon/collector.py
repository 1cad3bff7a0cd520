"""How often Python looks for circles of objects that nobody holds: seldom, in a process whose work is short-lived rows by the thousand.

With the interpreter's own settings its collector took 41 microseconds of a delivery's CPU, and each look at everything there is held the loop
for 120 ms: it walks through all that was loaded at the start, again and again. What was loaded stays, so it is put aside for good.
"""

import gc

YOUNG = 10_000  # objects more than there were, between looks at the newest (700 by default): some 30 events in hand
OLDER = 5  # looks at the newest between looks at what outlived one, and of those between looks at all (10): what pages leave behind ends within 50 MB


def spare() -> None:
    """From now on: call it once, when all is loaded and runs."""
    gc.set_threshold(YOUNG, OLDER, OLDER)
    gc.collect()
    gc.freeze()
