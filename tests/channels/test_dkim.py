"""Our DKIM signatures, judged by opendkim: what it finds well, and what it finds changed."""

import os
import pwd
import subprocess
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat

from backend.channels import fields, smtp_kind
from backend.channels.dkim import Signer
from backend.channels.kinds import Given, Parts
from backend.channels.mail import mail_of
from backend.clock import HeldClock
from backend.domain.errors import Invalid
from backend.domain.space import Sender
from carillon.engines.home import EngineError
from carillon.engines.programs import ensure, find
from tests.channels.dsn import SEALER
from tests.channels.mailserver import NOON, Answers, outgoing, server

HEADERS = {
    "List-Unsubscribe": f"<https://bells.example.com/u/{'x' * 90}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Id": "<orders.example.com>",
    "Feedback-ID": "orders:1:service:carillon", "Auto-Submitted": "auto-generated",
}  # fmt: skip
MAIL = outgoing(7, headers=HEADERS, subject="Grüße", text=".one\n\n  two \t three  \n\n\n", html="<p>" + "ü" * 900 + "</p>\n\n", sender=Sender(address="bells@example.com", name="Käthe"))
RSA = rsa.generate_private_key(65_537, 2_048)
ED = ed25519.Ed25519PrivateKey.generate()


def pem(key, how=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption()).decode()


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """opendkim's verdict over a mail, with the key of s1._domainkey.example.com in a file instead of DNS."""
    try:
        ensure(["OpenDKIM"])
    except EngineError as error:
        pytest.fail(str(error))
    home = tmp_path_factory.mktemp("dkim")
    public = b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    other = b64encode(ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    (home / "keys").write_text(f"s1._domainkey.example.com v=DKIM1; k=rsa; p={public}\ns2._domainkey.example.com v=DKIM1; k=ed25519; p={other}\n")
    user = pwd.getpwuid(os.geteuid()).pw_name
    (home / "conf").write_text(f"Mode v\nSyslog no\nTestPublicKeys {home}/keys\nUserID {user}\n")

    def verdict(mail: bytes) -> str:
        (home / "mail").write_bytes(mail)
        done = subprocess.run([find("opendkim"), "-x", str(home / "conf"), "-t", str(home / "mail")], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr  # its exit code is 0 whatever it finds

    return verdict


SIGNER = Signer("example.com", "s1", pem(RSA))
SIGNED = SIGNER.sign(mail_of(MAIL, NOON), NOON)


def test_what_we_sign_is_well(judge):
    assert "succeeded" in judge(SIGNED)
    assert all(len(line) <= 998 for line in SIGNED.split(b"\r\n"))
    assert b"h=from:\r\n to:" in SIGNED
    assert b"list-unsubscribe:\r\n list-unsubscribe-post:" in SIGNED
    assert b":\r\n from;" in SIGNED


@pytest.mark.parametrize(
    ("was", "changed"),
    [
        (b"Feedback-ID: orders:", b"Feedback-ID: others:"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"/u/xx", b"/u/xy"),
        (b"To: mia@", b"To: max@"),
        (b"Message-ID: <0", b"Message-ID: <1"),
        (b"\r\nFrom: ", b"\r\nFrom: evil@example.org\r\nFrom: "),  # From is signed once more than it is there
        (b"Auto-Submitted: auto-generated", b"Auto-Submitted: no"),
        (b"Content-Transfer-Encoding: base64\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n\r\nAAAA"),
        (b"t=17", b"t=16"),
    ],
)
def test_what_was_changed_is_found(judge, was, changed):
    assert was in SIGNED
    said = judge(SIGNED.replace(was, changed, 1))
    assert "succeeded" not in said
    assert "fail" in said.lower() or "bad" in said.lower() or "mismatch" in said.lower()


def test_blanks_that_servers_change_on_the_way_harm_nothing(judge):
    head, _, body = SIGNED.partition(b"\r\n\r\n")
    moved = head.replace(b"Feedback-ID: ", b"feedback-id:   ").replace(b"\r\n <https", b"\r\n\t  <https") + b"\r\n\r\n" + body.replace(b"two \t three", b"two  three") + b"\r\n\r\n"
    assert moved != SIGNED
    assert "succeeded" in judge(moved)


def test_ed25519_too(judge):
    signed = Signer("example.com", "s2", pem(ED)).sign(mail_of(MAIL, NOON), NOON)
    assert b"a=ed25519-sha256;" in signed
    assert "succeeded" in judge(signed)


# ---- as fields
TYPED = {"host": "127.0.0.1", "encryption": "none", "dkim_domain": "example.com", "dkim_selector": "s1", "dkim_key": pem(RSA)}
PARTS = Parts(HeldClock(NOON), SEALER, None, None)


async def test_a_provider_signs_what_it_sends(judge):
    async with server() as there:
        made = smtp_kind.KIND.make(Given("main", fields.read(smtp_kind.KIND, {**TYPED, "port": str(there.port)})), PARTS)
        answers = Answers()
        answers.post(made, MAIL)
        assert (await answers.all(1))[7].meaning == "accepted"
        await made.close()
    (taken,) = there.taken
    assert "succeeded" in judge(taken[: -len(b".\r\n")].replace(b"\r\n..", b"\r\n."))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dkim_key": ""}, "go together"),
        ({"dkim_domain": ""}, "go together"),
        ({"dkim_selector": "s 1"}, "selector"),
        ({"dkim_domain": "example.com;x"}, "domain"),
        ({"dkim_key": "-----BEGIN nothing"}, "no private key"),
        ({"dkim_key": pem(RSA, BestAvailableEncryption(b"x"))}, "password"),
        ({"dkim_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "RSA and Ed25519"),
    ],
)
def test_what_cannot_sign_is_refused_with_a_reason(changed, words):
    with pytest.raises(Invalid, match=words) as refused:
        smtp_kind.KIND.make(Given("main", fields.read(smtp_kind.KIND, {**TYPED, **changed})), PARTS)
    assert "BEGIN PRIVATE" not in str(refused.value.detail)
