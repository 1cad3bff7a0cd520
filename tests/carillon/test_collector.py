"""A process that carries out deliveries looks for circles of objects seldom, and never again through what it loaded."""

import subprocess
import sys

TRY = """
import gc
from carillon import collector
before = len(gc.get_objects())
collector.spare()
class Ring: pass
def circle():
    one = Ring(); one.itself = one
for _ in range(200_000):
    circle()
old = [Ring() for _ in range(50_000)]
for one in old:
    one.itself = one
gc.collect(1)
gc.collect(1)  # they outlived two looks: only one at all finds them from now on
del old, one
kept = [[] for _ in range(400_000)]
print(before, len(gc.get_objects()), gc.get_freeze_count() >= before // 2, sum(isinstance(one, Ring) for one in gc.get_objects()), gc.get_threshold())
"""


def test_what_was_loaded_is_put_aside_and_circles_still_end():
    said = subprocess.run([sys.executable, "-c", TRY], capture_output=True, text=True, check=True).stdout.split(maxsplit=4)
    before, after, aside, rings, often = int(said[0]), int(said[1]), said[2], int(said[3]), said[4].strip()
    assert before > 3_000
    assert aside == "True"
    assert after < 440_000, "what came later alone is looked at"
    assert rings <= 20_000, "young or old"
    assert often == "(10000, 5, 5)"
