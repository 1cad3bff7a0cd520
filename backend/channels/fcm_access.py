"""Access tokens of a Google service account (RFC 7523): fetched by google-auth on a thread, kept, and replaced before they end."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from backend.channels.base import Answer
from backend.channels.push import words
from backend.clock import Clock
from backend.domain.errors import Invalid

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
ENDS: Collection[str] = ("https://oauth2.googleapis.com", "https://accounts.google.com", "https://www.googleapis.com")  # whom tokens may be asked of
EARLY = 300.0  # seconds before its end that a token is replaced; the old one serves meanwhile
PAUSE = 5.0  # seconds after a failure in which nobody asks again
PATIENCE = 10.0  # seconds for one request


class NoAccess(Exception):
    """There is no token now; `answer` says what becomes of an attempt."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.raw)
        self.answer = answer


def account_of(text: str) -> dict[str, Any]:
    """A service account as its JSON file says it. Raises `Invalid`, naming what is wrong and never repeating the key."""
    try:
        account = msgspec.json.decode(text.encode(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        raise Invalid("This is not the JSON file of a service account. Open the file in an editor and paste all of it, from { to }.") from None
    if account.get("type") != "service_account":
        raise Invalid(
            'This JSON is no service account ("type" says otherwise). In the Firebase console: Project settings, Service accounts, Generate new private key.'
        )
    for name in ("project_id", "private_key", "client_email", "token_uri"):
        if not isinstance(account.get(name), str) or not account[name]:
            raise Invalid(f'"{name}" is missing in this service account. Paste the whole file as it was downloaded.')
    project = account["project_id"]
    if not (3 <= len(project) <= 64 and all(c.isascii() and (c.isalnum() or c in "-:.") for c in project)):
        raise Invalid('"project_id" of this service account is no name of a project. Paste the file as it was downloaded.')
    try:
        where = urlsplit(account["token_uri"])
    except ValueError:
        where = urlsplit("")
    if f"{where.scheme}://{where.netloc}" not in ENDS:
        raise Invalid('"token_uri" of this service account does not lead to Google over https. Paste the file as it was downloaded.')
    try:
        _credentials(account)
    except (ValueError, TypeError):
        raise Invalid('"private_key" of this service account cannot be read. Paste the file as it was downloaded; a key is several lines long.') from None
    return account


def _credentials(account: dict[str, Any]) -> Credentials:
    return Credentials.from_service_account_info(account, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call]


class Access:
    """The token of one account. Safe for many at once on one loop: they share one request."""

    def __init__(self, account: dict[str, Any], clock: Clock) -> None:
        self._credentials, self._clock = _credentials(account), clock
        self._token, self._ends = "", 0.0
        self._asking: asyncio.Task[None] | None = None
        self._failed: tuple[float, Answer] | None = None

    async def token(self) -> str:
        """Raises `NoAccess`."""
        left = self._ends - self._clock.now()
        if left > EARLY:
            return self._token
        if self._failed and self._clock.now() < self._failed[0] and left <= 0:
            raise NoAccess(self._failed[1])
        if self._asking is None and not (self._failed and self._clock.now() < self._failed[0]):
            self._asking = asyncio.create_task(self._ask())
        if left <= 0 and self._asking is not None:
            await asyncio.shield(self._asking)
        if self._ends > self._clock.now():
            return self._token
        raise NoAccess(self._failed[1] if self._failed else Answer("temporary", "oauth_away", "Google gave no access token."))

    def spoil(self, token: str) -> None:
        """It was refused: ask for another."""
        if token == self._token:
            self._ends = 0.0

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            lifetime = await asyncio.to_thread(_refreshed, self._credentials)
        except RefreshError as refused:
            text = words(str(refused.args[0]) if refused.args else str(refused))
            self._fail("oauth_away" if refused.retryable else "oauth_refused", f"Google gives no access token for this service account: {text}")
        except (GoogleAuthError, OSError, ValueError) as away:
            self._fail("oauth_away", f"The access token could not be asked for: {words(str(away))}")
        else:
            self._token, self._ends, self._failed = str(self._credentials.token), self._clock.now() + lifetime, None
        finally:
            self._asking = None

    def _fail(self, code: str, why: str) -> None:
        self._failed = (self._clock.now() + PAUSE, Answer("temporary", code, why))


def _refreshed(credentials: Credentials) -> float:
    """Seconds that the new token lives."""
    request = Request()
    try:
        credentials.refresh(partial(request, timeout=PATIENCE))  # type: ignore[no-untyped-call]
    finally:
        request.session.close()
    return float((credentials.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()) if credentials.expiry else 0.0
