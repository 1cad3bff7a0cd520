"""Blobs as files of a folder: written beside their name and moved there whole, so that no reader meets a half one."""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path

from backend.blobs.port import BlobsUnavailable, check_name, check_size


class FolderBlobs:
    """Keeps blobs in `folder`, two levels deep, readable by its owner alone. For one machine; several need S3."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def start(self) -> None:
        """Make the folder."""
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise BlobsUnavailable(f"The folder for pictures cannot be made: {error.strerror}. Look at CARILLON_BLOB_URL.") from None

    async def close(self) -> None:
        """Nothing is held."""

    async def put(self, name: str, data: bytes, kind: str) -> None:
        """Write it, unless it is there."""
        check_size(data)
        path = self._path(name)
        try:
            await asyncio.to_thread(self._write, path, data)
        except OSError as error:
            raise BlobsUnavailable(f"The picture cannot be written: {error.strerror}. Look at the room on the disk.") from None

    async def get(self, name: str) -> bytes | None:
        """Read it."""
        path = self._path(name)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BlobsUnavailable(f"The picture cannot be read: {error.strerror}.") from None

    def _path(self, name: str) -> Path:
        return self._folder / check_name(name)[:2] / name

    def _write(self, path: Path, data: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(exist_ok=True, mode=0o700)
        handle, beside = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
            raise
