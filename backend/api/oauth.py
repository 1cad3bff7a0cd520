"""POST /oauth/token (client credentials, RFC 6749 4.4) and GET /oauth/jwks.json (RFC 7517)."""

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend.api.auth import network_address
from backend.api.problems import problem_response
from backend.api.reading import decode, media_type, read_body
from backend.domain.errors import Forbidden, Invalid, Refusal, Unauthenticated
from backend.security.limits import SIGN_IN

if TYPE_CHECKING:
    from backend.app.app import App

LIFE = 3600.0  # seconds of a client's token
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Asked(msgspec.Struct, frozen=True):
    """The parameters of a token request, wherever they stood."""

    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""


async def token(app: "App", request: Request) -> Response:
    """A token with the client's scopes, or the part of them that `scope` asks for. Errors as RFC 6749 5.2 wants them."""
    try:
        asked = await _asked(request)
        if asked.grant_type != "client_credentials":
            return _error("unsupported_grant_type", "grant_type is client_credentials here.")
        await app.limits.take(SIGN_IN, f"client {network_address(request)} {asked.client_id}")
        actor = await app.clients.verify(asked.client_id, asked.client_secret)
        held = actor.scopes or ()
        wanted = tuple(asked.scope.split()) or held
        if beyond := [scope for scope in wanted if scope not in held]:
            return _error("invalid_scope", f"This client does not hold the scope {beyond[0][:64]}.")
        made = app.tokens.issue(space=actor.space, subject=actor.subject, ttl=LIFE, scopes=wanted, name=actor.name)
    except (Unauthenticated, Forbidden):
        return _error("invalid_client", "No client has this id and secret.", 401)
    except Invalid as refusal:
        return _error("invalid_request", refusal.detail)
    except Refusal as refusal:
        return problem_response(refusal)
    body = {"access_token": made, "token_type": "Bearer", "expires_in": int(LIFE), "scope": " ".join(wanted)}
    return Response(msgspec.json.encode(body), 200, _NO_STORE, "application/json")


async def jwks(app: "App", request: Request) -> Response:
    """The public halves of the keys that sign now."""
    return Response(msgspec.json.encode(app.keys.jwks()), 200, {"Cache-Control": "public, max-age=300"}, "application/jwk-set+json")


async def _asked(request: Request) -> Asked:
    raw = await read_body(request, 16 * 1024)
    kind = media_type(request)
    if kind == "application/json":
        asked = decode(raw, Asked)
    elif kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        if len({name for name, _ in pairs}) < len(pairs):
            raise Invalid("A parameter is given twice.")
        asked = msgspec.convert(dict(pairs), Asked)
    else:
        raise Invalid("Send application/x-www-form-urlencoded.")
    scheme, _, basic = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return asked
    try:
        name, _, secret = base64.b64decode(basic, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Invalid("The Authorization header is no Basic credential.") from None
    return msgspec.structs.replace(asked, client_id=unquote(name), client_secret=unquote(secret))


def _error(code: str, description: str, status: int = 400) -> Response:
    headers = _NO_STORE | ({"WWW-Authenticate": 'Basic realm="carillon"'} if status == 401 else {})
    return Response(msgspec.json.encode({"error": code, "error_description": description}), status, headers, "application/json")
