"""How many heaps the C library keeps beside each other: two, in a process whose threads take and give back rows by the thousand.

glibc opens one for every thread that finds the others busy, up to eight a core, and what one gave back no other can use. A campaign of 400,000 left
24 MB more in them between its start and its end (225 to 236 MB from a tenth to the end; with two heaps 208 to 213, at the same rate). See mallopt(3), M_ARENA_MAX.
"""

import ctypes

FEW = 2
_M_ARENA_MAX = -8  # malloc.h


def few() -> bool:
    """From now on: call it before threads begin. False where the C library is another and has nothing to say about it."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt is not None and mallopt(_M_ARENA_MAX, FEW))
