"""Firebase and Google's token endpoint as their documents describe them: a signed assertion gives a token, and every request is held to the
discovery document that Google's own client ships."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import googleapiclient
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jsonschema import Draft202012Validator

PROJECT = "our-bells"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
AUDIENCE = "https://oauth2.googleapis.com/token"  # of every assertion, wherever it is sent
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
Say = tuple[int, dict[str, str], bytes]


def _schema(of: dict[str, Any]) -> dict[str, Any]:
    """A schema of the discovery document as JSON Schema: nothing that it does not name, int64 as text, durations as protobuf writes them."""
    if "$ref" in of:
        return {"$ref": f"#/$defs/{of['$ref']}"}
    kind, form = of.get("type"), of.get("format")
    if kind == "any":
        return {}
    if kind == "string" and form in ("int64", "uint64"):
        return {"type": "string", "pattern": r"^-?\d+$"}
    if form == "google-duration":
        return {"type": "string", "pattern": r"^\d+(\.\d{1,9})?s$"}
    made: dict[str, Any] = {"type": kind} if kind else {}
    if "enum" in of:
        made["enum"] = of["enum"]
    if "items" in of:
        made["items"] = _schema(of["items"])
    if kind == "object":
        made["properties"] = {name: _schema(one) for name, one in of.get("properties", {}).items()}
        more = of.get("additionalProperties")
        made["additionalProperties"] = _schema(more) if more else False
    return made


_DOCUMENT = json.loads((Path(googleapiclient.__file__).parent / "discovery_cache/documents/fcm.v1.json").read_text())
VALID = Draft202012Validator(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {name: _schema(one) for name, one in _DOCUMENT["schemas"].items()},
        "$ref": "#/$defs/SendMessageRequest",
    }
)


def error(status: int, name: str, code: str = "", message: str = "x", fields: tuple[str, ...] = (), **headers: str) -> Say:
    """An error as Google writes it; `code` is Firebase's own."""
    details: list[dict[str, Any]] = []
    if code:
        details.append({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
    if fields:
        wrong = [{"field": field, "description": message} for field in fields]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": wrong})
    said = {"error": {"code": status, "message": message, "status": name, "details": details}}
    return status, {key.replace("_", "-"): value for key, value in headers.items()}, json.dumps(said).encode()


class Fake:
    """`say`: from the address of a message to another answer than success. `tokens`: access tokens that are good now."""

    def __init__(self) -> None:
        self.base = ""
        self.sent: list[dict[str, Any]] = []
        self.checked: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.assertions: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.say: Callable[[str], Say | None] = lambda _: None
        self.refuse: tuple[int, dict[str, Any]] | None = None  # of the token endpoint
        self.lives = 3600
        self.drop: Callable[[web.Request], bool] = lambda _: False  # close the connection before answering

    def account(self, **other: Any) -> str:
        """A service account that the token endpoint knows."""
        return json.dumps(
            {
                "type": "service_account", "project_id": PROJECT, "private_key_id": "k1", "private_key": PEM,
                "client_email": f"bells@{PROJECT}.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{self.base}/token", **other,
            }
        )  # fmt: skip

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
            claims = jwt.decode(str(form["assertion"]), KEY.public_key(), algorithms=["RS256"], audience=AUDIENCE, options={"require": ["iss", "exp", "iat"]})
            assert claims["scope"] == SCOPE
            assert claims["exp"] - claims["iat"] <= 3600
        except (jwt.InvalidTokenError, AssertionError, KeyError) as wrong:
            return web.json_response({"error": "invalid_grant", "error_description": f"Invalid JWT: {wrong}"}, status=400)
        self.assertions.append(claims)
        if self.refuse:
            return web.json_response(self.refuse[1], status=self.refuse[0])
        made = f"ya29.{len(self.assertions)}.{time.time()}"
        self.tokens.add(made)
        return web.json_response({"access_token": made, "expires_in": self.lives, "token_type": "Bearer"})

    async def send(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if self.drop(request):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if request.match_info["project"] != PROJECT:
            return _response(error(404, "NOT_FOUND", message="Requested entity was not found."))
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _response(error(401, "UNAUTHENTICATED", message="Request had invalid authentication credentials."))
        found = [f"{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in VALID.iter_errors(body)]
        self.wrong += found
        if found:
            return _response(error(400, "INVALID_ARGUMENT", message=found[0], fields=tuple(one.partition(":")[0].replace("/", ".") for one in found)))
        message = body["message"]
        address = message.get("token") or message.get("fid") or ""
        if body.get("validateOnly"):
            self.checked.append(message)
            return _response(self.say(address) or error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"))
        self.sent.append(message)
        said = self.say(address)
        return _response(said) if said else web.json_response({"name": f"projects/{PROJECT}/messages/{len(self.sent)}"})


def _response(said: Say) -> web.Response:
    return web.Response(status=said[0], headers={"Content-Type": "application/json; charset=UTF-8", **said[1]}, body=said[2])


@contextlib.asynccontextmanager
async def firebase() -> AsyncIterator[Fake]:
    """On a port of this machine."""
    fake, app = Fake(), web.Application()
    app.router.add_post("/token", fake.token)
    app.router.add_post("/v1/projects/{project}/messages:send", fake.send)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    fake.base = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield fake
    finally:
        await runner.cleanup()
