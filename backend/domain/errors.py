"""Refusals: everything the house says no with. The docstring is the message, the class name gives the code.

One table maps codes to HTTP and GraphQL (`backend/api/problems.py`). A message says what happened, why, and what to do.
"""

import re
from typing import Any


class Refusal(Exception):
    """The request cannot be carried out."""

    status = 422  # of HTTP, RFC 9110

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        self.facts = facts  # shown with the problem: field, allowed values, revisions ...
        super().__init__(self.detail)

    @classmethod
    def code(cls) -> str:
        """`TemplateMissing` -> `template_missing`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Invalid(Refusal):
    """The request is not understood as it stands."""


class NotFound(Refusal):
    """There is no such thing here. Check its key; what belongs to another space is not shown."""

    status = 404


class Unauthenticated(Refusal):
    """Nobody is signed in. Send a bearer token, or sign in."""

    status = 401


class TokenExpired(Unauthenticated):
    """The token has expired. Get a new one and send the request again."""


class TokenInvalid(Unauthenticated):
    """The token was not made here, was changed, or has been withdrawn. Get a new one."""


class Forbidden(Refusal):
    """You may not do this. Ask an administrator for the role or scope that is named here."""

    status = 403


class OriginForeign(Forbidden):
    """The request comes from a page of another site, and carries a session's cookie. Open this page here, or send a bearer token."""


class Stale(Refusal):
    """Somebody changed this since you read it. Read it again and repeat your change on the newer version."""

    status = 409


class Erased(Refusal):
    """This person was erased and does not come back under the same user id. Use a new user id."""

    status = 409


class Taken(Refusal):
    """This name is in use already. Choose another one."""

    status = 409


class WrongState(Refusal):
    """This cannot be done in the state this is in now. Look at it again; it says what can be done."""

    status = 409


class Locked(Refusal):
    """This is essential: it reaches everybody and cannot be switched off. Change other categories instead."""


class Conflict(Refusal):
    """This is being done right now by another request. Wait for its answer, or send the same request again."""

    status = 409


class TooLarge(Refusal):
    """The body is larger than is accepted. Send less in one request."""

    status = 413


class MethodWrong(Refusal):
    """This address does not answer to this method. Use one of those in the Allow header."""

    status = 405


class UnsupportedType(Refusal):
    """The content type is not understood. Send application/json, or a CloudEvents type."""

    status = 415


class TooManyRequests(Refusal):
    """Too many requests. Wait for the time given in Retry-After."""

    status = 429


class Unavailable(Refusal):
    """A part this needs does not answer. Nothing was lost; send the request again in a moment."""

    status = 503


class LogUnavailable(Unavailable):
    """The event log does not answer. Nothing was accepted; send it again in a moment."""


class StoreUnavailable(Unavailable):
    """The database does not answer. Nothing was changed; send it again in a moment."""


class CacheUnavailable(Unavailable):
    """The cache does not answer. Nothing was lost; send it again in a moment."""


class SecondWriter(Refusal):
    """Another Carillon already runs on this home. Use it at the address shown, or stop it first."""

    status = 409


class UnknownUser(Refusal):
    """Nobody with this user id is known here. Create the user first with PUT /v1/users/{id}."""


class UnknownGroup(Refusal):
    """There is no group with this key. Create it first with PUT /v1/groups/{key}."""


class UnknownAudience(Refusal):
    """There is no audience with this key. Send to a group, or to users."""


class UnknownCategory(Refusal):
    """There is no category with this key. Create it first with PUT /v1/categories/{key}."""


class UnknownChannel(Refusal):
    """There is no such channel. The channels are web, email, push and sms."""


class TemplateMissing(Refusal):
    """No published version of this template. Publish it first, or send a title and a message."""


class TemplateSyntax(Refusal):
    """The template cannot be understood at the line that is named."""


class TemplateBounds(Refusal):
    """The template asks for more than a message may take. Make it smaller where it is named."""


class PostalMissing(Refusal):
    """Marketing mail must carry the postal address of its sender, and this sender has none. Give it one, or assign another sender."""


class DataMissing(Refusal):
    """The template needs a value that the event does not bring. Send it in data, or give the template a default."""


class CursorForeign(Refusal):
    """This cursor does not belong to this list. Start again without one."""


class IdempotencyMismatch(Refusal):
    """This Idempotency-Key was used before with another body. Use a new key for a new request."""


class LinkUnsafe(Refusal):
    """A link may only lead to http, https, mailto or tel. Change the link, or the value it is made of."""


class LinkInvalid(Refusal):
    """This link was not made here, or was changed on its way. Open it again from the message that brought it."""

    status = 404


class LinkExpired(Refusal):
    """This link was good for a limited time, which is over. Open a newer one, or sign in."""

    status = 410


class HeaderUnsafe(Refusal):
    """A mail header may not contain a line break or other control character. Remove it from the value that is named."""


class RenderStopped(TemplateBounds):
    """The template took more time or memory than a preview may, and was stopped. Look for loops in loops and for texts that grow."""
