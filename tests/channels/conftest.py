"""A certificate authority of the tests' own, and a certificate for this machine."""

import datetime as dt
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificates:
    ca: Path
    context: ssl.SSLContext  # of a server on 127.0.0.1


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Certificates:
    home = tmp_path_factory.mktemp("certificates")
    day, now = dt.timedelta(days=1), dt.datetime.now(dt.UTC)

    def issue(name, key, issuer, signer, *extensions):
        made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        for extension, critical in extensions:
            made = made.add_extension(extension, critical=critical)
        return made.sign(signer, hashes.SHA256())

    def called(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
            "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    known = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
    ca = issue(
        called("Tests"), root, called("Tests"), root, (x509.BasicConstraints(ca=True, path_length=0), True), (known, False),
        (x509.KeyUsage(**{**usage, "key_cert_sign": True}), True),
    )  # fmt: skip
    here = issue(
        called("127.0.0.1"), key, ca.subject, root, (x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known), False),
    )  # fmt: skip
    (home / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    (home / "here.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + here.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "here.pem")
    return Certificates(home / "ca.pem", context)
