"""Refusals as RFC 9457 problem documents: the one table from code to HTTP, and the only place that makes an error's body.

A problem has type, title, status, detail and `code`; what the refusal knows beyond that (field, allowed, current ...) stands beside them.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from backend.domain import errors
from backend.domain.errors import Refusal, TooManyRequests, Unauthenticated, Unavailable
from backend.security.limits import limit_headers

PROBLEM_JSON = "application/problem+json"
TYPE = "/v1/docs#{code}"  # a relative reference: resolves on every installation, and its page explains the code
_RESERVED = frozenset({"type", "title", "status", "detail", "code", "instance"})
_log = logging.getLogger("carillon.api")


class Unforeseen(Refusal):
    """Something here went wrong that nobody foresaw. It was written down; nothing you sent was at fault. Try again in a moment."""

    status = 500


def _all(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


def table() -> dict[str, tuple[int, str]]:
    """Every code with its HTTP status and sentence, as the docs page shows them."""
    return {
        kind.code(): (kind.status, " ".join((kind.__doc__ or "").split())) for kind in sorted(set(_all(Refusal)), key=lambda k: k.code())
    }


def problem(refusal: Refusal) -> dict[str, Any]:
    """The problem document, ready for JSON."""
    code = refusal.code()
    document: dict[str, Any] = {
        "type": TYPE.format(code=code),
        "title": _title(type(refusal)),
        "status": refusal.status,
        "detail": refusal.detail,
        "code": code,
    }
    document.update((name, value) for name, value in refusal.facts.items() if name not in _RESERVED)
    return document


def headers_of(refusal: Refusal) -> dict[str, str]:
    """WWW-Authenticate (RFC 6750), Retry-After and RateLimit where the status asks for them."""
    if isinstance(refusal, TooManyRequests):
        return limit_headers(refusal)
    if isinstance(refusal, Unauthenticated):
        error = "" if type(refusal) is errors.Unauthenticated else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="carillon"{error}'}
    if isinstance(refusal, Unavailable):
        return {"Retry-After": "1"}
    return {}


def problem_response(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a refused request."""
    body = msgspec.json.encode(problem(refusal), enc_hook=str)
    return Response(body, refusal.status, {"Cache-Control": "no-store", **headers_of(refusal), **(headers or {})}, PROBLEM_JSON)


def unforeseen(error: Exception, what: str) -> Refusal:
    """The refusal to answer with when something else than a refusal was raised: logged here, its words kept inside."""
    _log.error("%s failed unforeseen", what, exc_info=error)
    return Unforeseen()


def _title(kind: type[Refusal]) -> str:
    sentence = " ".join((kind.__doc__ or "").split())
    return sentence.split(". ")[0].rstrip(".")
