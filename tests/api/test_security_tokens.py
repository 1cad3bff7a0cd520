"""Tokens and the keys that sign them: what is accepted, and every way to be refused."""

import base64
import stat
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from backend.app.app import App
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, Invalid, TokenExpired, TokenInvalid
from backend.domain.ids import person_id
from backend.security.keys import Keyring
from backend.security.roles import Actor, may
from backend.security.sealing import Sealer, Unsealable
from backend.security.tokens import Tokens

FOREIGN = generate_private_key(public_exponent=65537, key_size=2048)


def claims(app: App, **changes: Any) -> dict[str, Any]:
    now = int(app.clock.now())
    made: dict[str, Any] = {"iss": app.settings.base_url, "aud": "carillon", "sub": "mia", "space": 1, "role": "member", "jti": "j1", "iat": now, "exp": now + 60}
    made |= changes
    return {name: value for name, value in made.items() if value is not None}


def signed(app: App, *, key: Any = None, kid: str | None = None, alg: str = "RS256", **changes: Any) -> str:
    current, private = app.keys.current
    return jwt.encode(claims(app, **changes), private if key is None else key, algorithm=alg, headers={"kid": current if kid is None else kid})


async def test_a_member_token_speaks_for_its_person(app: App):
    actor = await app.tokens.verify(app.tokens.member(1, "mia", 60))
    assert actor == Actor(1, "mia", "member", None, person_id(1, "mia"), "mia", via="api", expires=app.clock.now() + 60)
    assert may(actor, "inbox.own")
    assert not may(actor, "inbox.any")
    assert not may(actor, "events.send")


async def test_scopes_narrow_a_role_and_a_program_has_nothing_but_scopes(app: App):
    narrowed = await app.tokens.verify(app.tokens.issue(space=1, subject="ada", role="admin", scopes=["events:write"], ttl=60))
    assert may(narrowed, "events.send")
    assert not may(narrowed, "accounts.write")
    program = await app.tokens.verify(app.tokens.issue(space=1, subject="shop", scopes=["events:write"], ttl=60))
    assert (program.person, program.role) == (0, "")
    nothing = await app.tokens.verify(app.tokens.issue(space=1, subject="shop", ttl=60))
    assert nothing.scopes == ()
    assert not may(nothing, "inbox.own")


async def test_the_header_names_algorithm_type_and_key(app: App):
    header = jwt.get_unverified_header(app.tokens.member(1, "mia", 60))
    assert header == {"alg": "RS256", "typ": "at+jwt", "kid": app.keys.current[0]}


async def test_an_expired_token_says_so(app: App, clock: HeldClock):
    token = app.tokens.member(1, "mia", 60)
    await app.tokens.verify(token)
    clock.move(59)
    await app.tokens.verify(token)
    clock.move(1)
    with pytest.raises(TokenExpired):
        await app.tokens.verify(token)


def hs256_with_our_public_key(app: App) -> str:
    """The old trick: our public key taken for a secret. Made by hand, PyJWT refuses to."""
    import hashlib
    import hmac

    pem = app.keys.current[1].public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    parts = [msgspec.json.encode({"alg": "HS256", "kid": app.keys.current[0]}), msgspec.json.encode(claims(app))]
    body = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (body + b"." + base64.urlsafe_b64encode(hmac.new(pem, body, hashlib.sha256).digest()).rstrip(b"=")).decode()


def changed_payload(app: App) -> str:
    header, _, signature = app.tokens.member(1, "mia", 60).split(".")
    payload = base64.urlsafe_b64encode(msgspec.json.encode(claims(app, role="admin"))).rstrip(b"=").decode()
    return f"{header}.{payload}.{signature}"


BAD = {
    "HS256": (lambda app: signed(app, key="a" * 64, alg="HS256"), "only RS256"),
    "HS256 with our public key": (hs256_with_our_public_key, "only RS256"),
    "none": (lambda app: jwt.encode(claims(app), None, algorithm="none", headers={"kid": app.keys.current[0]}), "only RS256"),
    "RS512": (lambda app: signed(app, alg="RS512"), "only RS256"),
    "PS256": (lambda app: signed(app, alg="PS256"), "only RS256"),
    "foreign key, our kid": (lambda app: signed(app, key=FOREIGN), "signature does not fit"),
    "foreign kid": (lambda app: signed(app, key=FOREIGN, kid="other"), "not ours"),
    "no kid": (lambda app: jwt.encode(claims(app), app.keys.current[1], algorithm="RS256"), "not ours"),
    "foreign issuer": (lambda app: signed(app, iss="https://evil.example"), "made for 'https://evil.example'"),
    "foreign audience": (lambda app: signed(app, aud="shop"), "for 'shop'"),
    "audience list": (lambda app: signed(app, aud=["carillon"]), "claims are not ours"),
    "no audience": (lambda app: signed(app, aud=None), "claims are not ours"),
    "no subject": (lambda app: signed(app, sub=None), "claims are not ours"),
    "no expiry": (lambda app: signed(app, exp=None), "claims are not ours"),
    "no space": (lambda app: signed(app, space=None), "claims are not ours"),
    "no jti": (lambda app: signed(app, jti=None), "claims are not ours"),
    "from the future": (lambda app: signed(app, iat=int(app.clock.now()) + 600, exp=int(app.clock.now()) + 900), "future"),
    "forged payload": (changed_payload, "signature does not fit"),
    "empty": (lambda app: "", "not a signed JWT"),
    "garbage": (lambda app: "a.b.c", "not a signed JWT"),
    "not ASCII": (lambda app: "ä.ö.ü", "not a signed JWT"),
    "too long": (lambda app: "a" * 10_000, "too long"),
}


@pytest.mark.parametrize("which", BAD)
async def test_bad_tokens_are_refused_each_with_its_reason(app: App, which: str):
    make, said = BAD[which]
    with pytest.raises(TokenInvalid, match=said):
        await app.tokens.verify(make(app))


async def test_a_withdrawn_token_ends_at_once(app: App):
    token, other = app.tokens.member(1, "mia", 60), app.tokens.member(1, "mia", 60)
    actor = await app.tokens.verify(token)
    with pytest.raises(Forbidden):
        await app.tokens.withdraw(await app.tokens.verify(app.tokens.member(1, "noah", 60)), token)
    await app.tokens.withdraw(actor, token)
    await app.tokens.withdraw(actor, token)  # twice is once
    with pytest.raises(TokenInvalid, match="withdrawn"):
        await app.tokens.verify(token)
    assert (await app.tokens.verify(other)).subject == "mia"
    elsewhere = Tokens(app.keys, app.store, app.clock, app.settings.base_url)  # another process
    with pytest.raises(TokenInvalid, match="withdrawn"):
        await elsewhere.verify(token)


@pytest.mark.parametrize("asked", [{"role": "boss"}, {"scopes": ["events:read"]}, {"ttl": 0}, {"ttl": 400 * 86400}, {"subject": ""}, {"subject": "x" * 257}])
async def test_what_cannot_be_issued(app: App, asked: dict[str, Any]):
    with pytest.raises(Invalid):
        app.tokens.issue(**{"space": 1, "subject": "mia", "ttl": 60, **asked})


async def test_two_keys_are_valid_at_once(app: App):
    first = app.tokens.member(1, "mia", 3600)
    await app.keys.rotate()
    second = app.tokens.member(1, "mia", 3600)
    assert [key["kid"] for key in app.keys.jwks()["keys"]] == [jwt.get_unverified_header(t)["kid"] for t in (second, first)]
    fresh = Tokens(app.keys, app.store, app.clock, app.settings.base_url)
    assert (await fresh.verify(first)).subject == (await fresh.verify(second)).subject == "mia"
    await app.keys.rotate()
    with pytest.raises(TokenInvalid, match="not ours"):
        await Tokens(app.keys, app.store, app.clock, app.settings.base_url).verify(first)


async def test_every_process_shares_the_keys_and_learns_of_a_new_one(app: App, clock: HeldClock, tmp_path):
    other = Keyring(app.store, app.sealer, tmp_path / "other", clock)
    await other.load()
    assert other.jwks() == app.keys.jwks()
    kid = await app.keys.rotate()
    assert await other.get(kid) is not None
    assert other.current[0] == kid
    assert await other.get("made up") is None


async def test_forged_kids_do_not_make_a_process_read_the_store_each_time(app: App, clock: HeldClock):
    other = Keyring(app.store, app.sealer, None, clock)
    await other.load()
    await other.get("made up")
    kid = await app.keys.rotate()
    assert await other.get(kid) is None  # it has just looked
    clock.move(10)
    assert await other.get(kid) is not None


async def test_keys_in_home_are_for_their_owner_and_refill_an_empty_store(app: App, clock: HeldClock):
    files = sorted((app.settings.home / "keys").glob("*.pem"))
    assert [stat.S_IMODE(f.stat().st_mode) for f in files] == [0o600]
    from sqlalchemy import delete

    from backend.store.tables import marks

    await app.store.write(lambda tx: tx.conn.execute(delete(marks)))
    again = Keyring(app.store, app.sealer, app.settings.home, clock)
    await again.load()
    assert again.jwks() == app.keys.jwks()


async def test_keys_lie_sealed_and_another_secret_says_so(app: App, clock: HeldClock):
    with pytest.raises(Unsealable):
        await Keyring(app.store, Sealer(b"another secret, as long as it is"), None, clock).load()


async def test_the_jwk_set_verifies_our_tokens_for_others(app: App):
    token = app.tokens.member(1, "mia", 60)
    key = jwt.PyJWKSet.from_dict(app.keys.jwks())[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key, algorithms=["RS256"], audience="carillon", issuer=app.settings.base_url, options=options)["sub"] == "mia"
    assert {name for k in app.keys.jwks()["keys"] for name in k} == {"kty", "use", "alg", "kid", "n", "e"}
