"""Threads share two heaps of the C library, which says so itself."""

import subprocess
import sys

TRY = """
import ctypes, sys, threading
from carillon import heaps
if sys.argv[1] == "few":
    print(heaps.few(), flush=True)
many, libc = threading.Barrier(9), ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def work():
    blocks = [libc.malloc(5_000) for _ in range(200)]
    many.wait()
    for block in blocks:
        libc.free(block)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
many.wait()
for thread in threads:
    thread.join()
libc.malloc_stats()
"""


def heaps_of(how):
    done = subprocess.run([sys.executable, "-c", TRY, how], capture_output=True, text=True, check=True)
    return sum(line.startswith("Arena") for line in done.stderr.splitlines()), done.stdout.strip()


def test_threads_share_two_heaps():
    usual, _ = heaps_of("usual")
    assert usual > 2, "else this proves nothing"
    assert heaps_of("few") == (2, "True")
