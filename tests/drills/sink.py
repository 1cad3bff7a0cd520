"""The mail server of the drills: `python -m tests.drills.sink FILE`. It writes each mail it hears to FILE before anybody is answered,
and behaves as the last line on its standard input says (a `Manner` as JSON); `{}` is well again, and cuts who still waits for an answer.

A line of FILE: the second, `ok` or how it treated the mail (`hang`, `drop`), the delivery id, the subject.
"""

import asyncio
import os
import re
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from carillon.bench.sink_smtp import MESSAGE_ID, Manner, Sink

SUBJECT = re.compile(rb"(?:^|\r\n)Subject: ([^\r\n]*)", re.IGNORECASE)


class Witness(Sink):
    """A sink whose file says when, what and how."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._told = file.open("ab", 0)  # unbuffered: what is in it was heard, whatever happens next

    def took(self, mail: bytes) -> None:
        self.count += 1
        made, subject = MESSAGE_ID.search(mail), SUBJECT.search(mail)
        how = "hang" if self.manner.hang else "drop" if self.manner.drop else "ok"
        line = f"{time.time():.3f} {how} {made[1].decode() if made else '?'} {subject[1].decode('ascii', 'replace') if subject else '?'}\n"
        self._told.write(line.encode())

    def behave(self, manner: Manner) -> None:
        self.manner = manner
        if manner == Manner():
            for one in tuple(self._open):
                one.abort()


async def serve(file: Path) -> None:
    sink, ended = Witness(file), asyncio.Event()
    os.write(1, f"{await sink.start()}\n".encode())

    def told() -> None:
        line = sys.stdin.readline()
        if not line:
            ended.set()
            return
        sink.behave(msgspec.json.decode(line, type=Manner))
        os.write(1, b"so\n")

    asyncio.get_running_loop().add_reader(0, told)
    await ended.wait()
    await sink.close()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
