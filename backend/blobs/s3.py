"""Blobs in a bucket of S3 or of a server that speaks it, by plain HTTP with Signature Version 4: two calls need no library."""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
from msgspec import Struct

from backend.blobs.port import BlobsUnavailable, check_name, check_size
from backend.clock import Clock

TIMEOUT = 10.0  # seconds for one call
TRIES = 3  # of one call; what is put is the same bytes under the same name, so once more does no harm


class Bucket(Struct, frozen=True):
    """Where: `endpoint` without a slash at its end, the bucket in the path, as every server understands it."""

    endpoint: str
    bucket: str
    region: str
    key_id: str
    secret: str
    prefix: str = ""


class S3Blobs:
    """Keeps blobs under `prefix` of a bucket, which must be there."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self._bucket, self._clock = bucket, clock
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Open the connections; the bucket is met at the first call."""
        self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        """Close them."""
        if self._client is not None:
            await self._client.aclose()

    async def put(self, name: str, data: bytes, kind: str) -> None:
        """Put the object."""
        check_size(data)
        answer = await self._call("PUT", check_name(name), data, {"content-type": kind, "cache-control": "public, max-age=31536000, immutable"})
        if answer.status_code not in (200, 201, 204):
            raise self._refused(answer)

    async def get(self, name: str) -> bytes | None:
        """Get the object."""
        answer = await self._call("GET", check_name(name), b"", {})
        if answer.status_code == httpx.codes.NOT_FOUND and "NoSuchBucket" not in answer.text:
            return None
        if answer.status_code != httpx.codes.OK:
            raise self._refused(answer)
        return answer.content

    async def _call(self, method: str, name: str, data: bytes, headers: dict[str, str]) -> httpx.Response:
        if self._client is None:
            raise BlobsUnavailable
        path = "/" + quote(f"{self._bucket.bucket}/{self._bucket.prefix}{name}", safe="/-_.~")
        error = ""
        for _ in range(TRIES):
            signed = sign(method, self._bucket, path, headers, data, self._clock.now())
            try:
                answer = await self._client.request(method, self._bucket.endpoint + path, content=data or None, headers=signed)
            except httpx.HTTPError as failed:
                error = type(failed).__name__
                continue
            if answer.status_code < 500:
                return answer
            error = f"HTTP {answer.status_code}"
        raise BlobsUnavailable(f"The bucket for pictures does not answer ({error}). Nothing was changed; try again in a moment.")

    def _refused(self, answer: httpx.Response) -> BlobsUnavailable:
        code = answer.text.partition("<Code>")[2].partition("</Code>")[0][:60] or f"HTTP {answer.status_code}"
        return BlobsUnavailable(f"The bucket for pictures refuses: {code}. Look at CARILLON_BLOB_URL.")


def sign(method: str, bucket: Bucket, path: str, headers: dict[str, str], data: bytes, now: float) -> dict[str, str]:
    """The headers with the signature (AWS Signature Version 4, header form). `path` is encoded already and has no query."""
    at = datetime.fromtimestamp(now, UTC)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    digest = hashlib.sha256(data).hexdigest()
    host = bucket.endpoint.partition("://")[2]
    signed = {**headers, "host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = sorted(signed)
    canonical = "\n".join((method, path, "", *(f"{name}:{' '.join(signed[name].split())}" for name in names), "", ";".join(names), digest))
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = b"AWS4" + bucket.secret.encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    authorization = f"AWS4-HMAC-SHA256 Credential={bucket.key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return {**signed, "authorization": authorization}
