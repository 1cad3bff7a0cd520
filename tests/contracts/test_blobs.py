"""The blob contract on a folder and on S3: a server of somebody else's, and the published examples of its signatures."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backend.blobs.open import open_blobs
from backend.blobs.port import Blobs, BlobsUnavailable
from backend.blobs.s3 import Bucket, S3Blobs, sign
from backend.clock import HeldClock, SystemClock
from backend.domain.errors import Invalid
from tests.contracts.blob_contract import NAME, BlobContract

NOW = 1_790_000_000.0
ORACLES = Path(__file__).parents[1] / "oracles"


class TestFolderBlobs(BlobContract):
    @pytest.fixture
    def again(self, tmp_path: Path):
        async def opened() -> Blobs:
            made = open_blobs("folder:", tmp_path, HeldClock(NOW))
            await made.start()
            return made

        return opened

    @pytest.fixture
    async def blobs(self, again) -> AsyncIterator[Blobs]:
        made = await again()
        yield made
        await made.close()

    async def test_nothing_half_written_stays(self, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", full)
            with pytest.raises(BlobsUnavailable, match="No space left"):
                await blobs.put(NAME, b"data", "image/png")
        assert await blobs.get(NAME) is None
        assert [p for p in (tmp_path / "blobs").rglob("*") if p.is_file()] == []

    async def test_others_of_the_machine_cannot_look(self, blobs: Blobs, tmp_path: Path) -> None:
        await blobs.put(NAME, b"data", "image/png")
        modes = {p.stat().st_mode & 0o077 for p in [tmp_path / "blobs", *(tmp_path / "blobs").rglob("*")]}
        assert modes == {0}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server that speaks S3, with the bucket pictures; its address."""
    program = ORACLES / "node_modules" / "s3rver" / "bin" / "s3rver.js"
    if not program.exists():
        pytest.fail("s3rver is missing. Run npm ci in tests/oracles.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = [str(Path(sys.executable).parent / "node"), str(program), "-d", str(tmp_path / "s3"), "-a", "127.0.0.1", "-p", str(port), "--no-vhost-buckets"]
    (tmp_path / "s3").mkdir()
    child = subprocess.Popen([*made, "--configure-bucket", "pictures"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    began = time.monotonic()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            if child.poll() is not None or time.monotonic() - began > 40:
                pytest.fail("s3rver does not start.")
    yield f"127.0.0.1:{port}"
    os.killpg(child.pid, signal.SIGTERM)  # node is the child of a small program that starts it
    child.wait(20)


class TestS3Blobs(BlobContract):
    @pytest.fixture
    async def again(self, server: str):
        opened: list[Blobs] = []

        async def open_one(key_id: str = "S3RVER", place: str = "pictures/of-us") -> Blobs:
            made = open_blobs(f"s3://{key_id}:S3RVER@{server}/{place}?region=eu-central-1&tls=0", Path("/nowhere"), SystemClock())
            await made.start()
            opened.append(made)
            return made

        yield open_one
        for one in opened:
            await one.close()

    @pytest.fixture
    async def blobs(self, again) -> Blobs:
        made: Blobs = await again()
        return made

    async def test_a_bucket_that_is_not_there_says_so(self, again) -> None:
        away = await again(place="elsewhere")
        for call in (away.get(NAME), away.put(NAME, b"x", "image/png")):
            with pytest.raises(BlobsUnavailable, match="NoSuchBucket"):
                await call

    async def test_a_key_that_nobody_knows_is_refused(self, again) -> None:
        with pytest.raises(BlobsUnavailable, match="InvalidAccessKeyId"):
            await (await again(key_id="NOBODY")).put(NAME, b"x", "image/png")


async def test_a_server_that_is_away_is_said_after_three_tries() -> None:
    away = S3Blobs(Bucket("http://127.0.0.1:9", "b", "r", "i", "s"), HeldClock(NOW))
    await away.start()
    with pytest.raises(BlobsUnavailable, match="ConnectError"):
        await away.get(NAME)
    await away.close()


def test_the_signature_is_that_of_the_published_examples() -> None:
    """Of the S3 reference, "Signature Calculations for the Authorization Header": examples GET object and PUT object."""
    bucket = Bucket("https://examplebucket.s3.amazonaws.com", "", "us-east-1", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    then = 1_369_353_600.0  # 24 May 2013
    got = sign("GET", bucket, "/test.txt", {"range": "bytes=0-9"}, b"", then)["authorization"]
    assert got.endswith("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    headers = {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}
    put = sign("PUT", bucket, "/test%24file.text", headers, b"Welcome to Amazon S3.", then)["authorization"]
    assert put.endswith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")


@pytest.mark.parametrize(
    "url",
    ["file:/x", "s3://bucket", "s3://id:hush@host", "s3://id@host/bucket", "s3://id:hush@host:port/bucket", "s3://id:hush@host/bucket?zone=1", "memory:"],
)
def test_addresses_that_name_no_place(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_blobs(url, Path("/nowhere"), HeldClock(NOW))
    assert "hush" not in refused.value.detail
