"""Which kinds of provider there are, and the providers that need no portal. A new kind is one file and one line here (docs/adding-a-provider.md)."""

from collections.abc import Mapping, Sequence

from backend.channels import apns, fcm, mailgun, postmark, sendgrid, ses, smtp_kind, twilio, webpush
from backend.channels.base import Provider
from backend.channels.capture import Capture, Shelf
from backend.channels.kinds import Kind, Parts, Report
from backend.channels.smtp import Smtp
from backend.clock import Clock
from backend.domain.errors import Invalid
from backend.security.sealing import Sealer
from backend.settings import Settings

KINDS: tuple[Kind, ...] = (smtp_kind.KIND, sendgrid.KIND, mailgun.KIND, postmark.KIND, ses.KIND, twilio.KIND, fcm.KIND, apns.KIND, webpush.KIND)

CAPTURED = ("email", "push", "sms")  # channels with a capture of their own


def kinds() -> Mapping[str, Kind]:
    """By key."""
    return {kind.key: kind for kind in KINDS}


def kind_of(key: str) -> Kind:
    """One. Raises `Invalid`."""
    for kind in KINDS:
        if kind.key == key:
            return kind
    raise Invalid(f"There is no kind of provider {key[:80]!r}. Choose one of those that are listed.", field="kind", allowed=[kind.key for kind in KINDS])


def from_settings(settings: Settings, clock: Clock, parts: Parts | None = None) -> list[Provider]:
    """smtp, smtp-2 ... of CARILLON_SMTP_URL: the later ones stand in for the earlier. Raises `Invalid`."""
    return [Smtp(url, clock=clock, parts=parts, key=_nth("smtp", n)) for n, url in enumerate(settings.smtp_urls, 1)]


def _nth(key: str, n: int) -> str:
    return key if n == 1 else f"{key}-{n}"


def captures(parts: Parts) -> list[Provider]:
    """The providers that keep everything here, one of each channel."""
    return [Capture(channel, shelf=parts.shelf, sealer=parts.sealer, clock=parts.clock, report=parts.report) for channel in CAPTURED]


def providers(settings: Settings, *, shelf: Shelf, sealer: Sealer, clock: Clock, report: Report) -> Sequence[Provider]:
    """Those that stand before anybody has added one, in order of preference within their channel; every channel ends with its capture.
    Raises `Invalid`."""
    parts = Parts(clock, sealer, shelf, report)
    return [*from_settings(settings, clock, parts), *captures(parts)]
