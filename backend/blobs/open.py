"""From CARILLON_BLOB_URL to blobs: `folder:` (in the home), `folder:/path`, or `s3://id:secret@host[:port]/bucket[/prefix]?region=...`."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from backend.blobs.folder import FolderBlobs
from backend.blobs.port import Blobs
from backend.blobs.s3 import Bucket, S3Blobs
from backend.clock import Clock
from backend.domain.errors import Invalid

HOW = "Use folder:, folder:/path or s3://id:secret@host/bucket?region=eu-central-1."


def open_blobs(url: str, home: Path, clock: Clock) -> Blobs:
    """The blobs that `url` names, not yet started. Errors: `Invalid`, which never repeats the URL: it holds a secret."""
    scheme, _, rest = url.partition(":")
    if scheme == "folder":
        return FolderBlobs(Path(rest).absolute() if rest else home / "blobs")
    if scheme != "s3":
        raise Invalid(f"CARILLON_BLOB_URL begins with {scheme[:20]!r}. {HOW}")
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise Invalid(f"CARILLON_BLOB_URL has a port that is none. {HOW}") from None
    options = dict(parse_qsl(parts.query))
    region, plain = options.pop("region", "us-east-1"), options.pop("tls", "1") == "0"
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if options:
        raise Invalid(f"CARILLON_BLOB_URL has unknown options: {', '.join(sorted(options))}. Known are region and tls.")
    if not (parts.hostname and bucket and parts.username and parts.password):
        raise Invalid(f"CARILLON_BLOB_URL lacks host, bucket, id or secret. {HOW}")
    endpoint = f"{'http' if plain else 'https'}://{parts.hostname}{port}"
    return S3Blobs(Bucket(endpoint, bucket, region, unquote(parts.username), unquote(parts.password), f"{prefix}/" if prefix else ""), clock)
