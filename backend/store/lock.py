"""The writer's lock of an SQLite file: the operating system's, so that death frees it."""

import fcntl
import os
from pathlib import Path

from backend.domain.errors import SecondWriter, StoreUnavailable


class WriterLock:
    """Held from `take` to `free`. The file names the holder: its pid and its address, one a line."""

    def __init__(self, database: Path, address: str) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._address = address
        self._file = -1

    def take(self) -> None:
        """Raises `SecondWriter` with `pid` and `address` of the holder."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"The folder of the database cannot be used: {error.strerror}. Check that it exists and is yours."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid, _, address = os.pread(file, 1000, 0).decode(errors="replace").partition("\n")
            os.close(file)
            address = address.strip()
            where = f" at {address}" if address else ""
            raise SecondWriter(
                f"Another Carillon (pid {pid}) already runs on this home{where}. Use that one, or stop it first.", pid=pid, address=address
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n{self._address}\n".encode(), 0)
        self._file = file

    def free(self) -> None:
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)  # the lock goes with it; the file stays, or a third process could lock a removed one
            self._file = -1
