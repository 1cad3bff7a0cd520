"""The kind `smtp`: the fields in which a mail server is typed, and the provider they make."""

import dataclasses
from collections.abc import Mapping

from backend.channels.dkim import SELECTOR, Signer
from backend.channels.imap_intake import parse_mailbox
from backend.channels.kinds import Field, Given, Kind, Parts
from backend.channels.returns import listening
from backend.channels.smtp import Smtp
from backend.channels.smtp_open import CONNECTIONS, Target, is_domain, is_host
from backend.domain.errors import Invalid


def _host(text: str) -> None:
    if not is_host(text):
        raise Invalid("This is no name of a server. Write it like mail.example.com, without smtp:// before it and without a port.")


def _domain(text: str) -> None:
    if not is_domain(text):
        raise Invalid("This is no domain. Write it in lower case, like bounces.example.com.")


def _port(text: str) -> None:
    listening(text)


def _mailbox(text: str) -> None:
    parse_mailbox(text)


def _selector(text: str) -> None:
    if not SELECTOR.fullmatch(text):
        raise Invalid("This is no selector. It is the name before ._domainkey in DNS, in lower case, like s1.")


def _signer(fields: Mapping[str, str]) -> Signer | None:
    typed = {name: fields.get(name, "") for name in ("dkim_domain", "dkim_selector", "dkim_key")}
    missing = [name for name, text in typed.items() if not text]
    if len(missing) == len(typed):
        return None
    if missing:
        raise Invalid("Domain, selector and private key of DKIM go together, and not all are given. Give all three, or none.", field=missing[0])
    return Signer(*typed.values())


def _make(given: Given, parts: Parts) -> Smtp:
    fields = given.fields
    user, password = fields.get("user", ""), fields.get("password", "")
    if bool(user) != bool(password):
        missing = "password" if user else "user"
        raise Invalid(f"A user and a password go together, and the {missing} is missing. Give both, or neither.", field=missing)
    target = Target(
        host=fields["host"], port=given.number("port"), implicit=fields["encryption"] == "tls", starttls="must" if fields["encryption"] == "starttls" else "never",
        user=user, password=password, connections=given.number("connections"), answer=float(given.number("timeout")), rate=given.number("rate"),
        bounces=fields.get("bounces", ""), listen=fields.get("listen", ""), mailbox=fields.get("mailbox", ""),
    )  # fmt: skip
    return Smtp(dataclasses.replace(target, verify=False) if target.near else target, clock=parts.clock, key=given.key, parts=parts, signer=_signer(fields))


KIND = Kind(
    key="smtp",
    name="SMTP",
    channel="email",
    needs={
        "en": "A mail server that accepts mail from you: its name, port and, mostly, a user and a password.",
        "de": "Einen Mailserver, der Mail von Ihnen annimmt: seinen Namen, den Port und meist einen Benutzer und ein Passwort.",
    },
    fields=(
        Field(
            name="host", title={"en": "Server", "de": "Server"}, longest=253, check=_host, pinned=True,
            hint={"en": "For example mail.example.com, as your mail provider names it.", "de": "Zum Beispiel mail.example.com, wie Ihr Mailanbieter ihn nennt."},
        ),
        Field(
            name="port", form="number", title={"en": "Port", "de": "Port"}, usual="587", low=1, high=65_535,
            hint={"en": "587 with STARTTLS, 465 with TLS from the first byte, 25 within your own network.",
                  "de": "587 mit STARTTLS, 465 mit TLS vom ersten Byte an, 25 im eigenen Netz."},
        ),
        Field(
            name="encryption", form="choice", title={"en": "Encryption", "de": "Verschlüsselung"}, usual="starttls",
            choices=(
                ("starttls", {"en": "STARTTLS", "de": "STARTTLS"}),
                ("tls", {"en": "TLS from the first byte", "de": "TLS vom ersten Byte an"}),
                ("none", {"en": "None (own network only)", "de": "Keine (nur im eigenen Netz)"}),
            ),
        ),
        Field(name="user", required=False, title={"en": "User", "de": "Benutzer"}, longest=320,
              hint={"en": "Leave it empty for a server that asks for none.", "de": "Bleibt leer bei einem Server, der keinen verlangt."}),
        Field(name="password", form="secret", required=False, title={"en": "Password", "de": "Passwort"}, longest=1_024),
        Field(name="connections", rare=True, form="number", title={"en": "Connections", "de": "Verbindungen"}, usual=str(CONNECTIONS), low=1, high=1_000,
              hint={"en": "How many each process keeps open at once.", "de": "Wie viele jeder Prozess zugleich offen hält."}),
        Field(name="rate", rare=True, form="number", title={"en": "Mails a second", "de": "Mails je Sekunde"}, usual="0", low=0, high=100_000,
              hint={"en": "The most that all processes together send; 0 for any number.", "de": "So viele senden alle Prozesse zusammen höchstens; 0 für beliebig viele."}),
        Field(name="timeout", rare=True, form="number", title={"en": "Patience in seconds", "de": "Geduld in Sekunden"}, usual="60", low=1, high=600,
              hint={"en": "A mail that is not answered within this time counts as unknown.", "de": "Eine Mail ohne Antwort in dieser Zeit gilt als ungewiss."}),
        Field(name="bounces", rare=True, required=False, title={"en": "Bounce domain", "de": "Domain für Rückläufer"}, longest=190, check=_domain,
              hint={"en": "Mails that cannot be delivered come back to an address of their own at this domain. Your mail provider must let you send from it, and "
                          "its MX record must lead to where Carillon reads them. Empty: they go back to the sender of the mail.",
                    "de": "Unzustellbare Mails kommen an eine eigene Adresse in dieser Domain zurück. Ihr Mailanbieter muss Ihnen diesen Absender erlauben, und ihr "
                          "MX-Eintrag muss dorthin führen, wo Carillon sie liest. Leer: sie gehen an den Absender der Mail zurück."}),
        Field(name="listen", rare=True, required=False, title={"en": "Port for bounces", "de": "Port für Rückläufer"}, longest=100, check=_port,
              hint={"en": "Carillon listens here for the mails of the bounce domain and takes nothing else, for example 25 or 192.0.2.1:25. Empty: it does not listen.",
                    "de": "Hier nimmt Carillon die Mails der Domain für Rückläufer an und sonst nichts, zum Beispiel 25 oder 192.0.2.1:25. Leer: es nimmt nichts an."}),
        Field(name="mailbox", rare=True, form="secret", required=False, title={"en": "Mailbox of bounces", "de": "Postfach der Rückläufer"}, longest=1_024, check=_mailbox,
              hint={"en": "Read by IMAP every minute: imaps://user:password@mail.example.com/INBOX. With ?delete=1 behind it what was read is deleted. Complaints that "
                          "mailbox providers forward (feedback loops) are read there too.",
                    "de": "Wird jede Minute per IMAP gelesen: imaps://benutzer:passwort@mail.example.com/INBOX. Mit ?delete=1 dahinter wird Gelesenes gelöscht. Auch "
                          "Beschwerden, die Mailanbieter weiterleiten (Feedback Loops), werden dort gelesen."}),
        Field(name="dkim_domain", rare=True, required=False, title={"en": "DKIM domain", "de": "DKIM-Domain"}, longest=190, check=_domain,
              hint={"en": "Only if your mail provider does not sign your mails. The domain of your senders.",
                    "de": "Nur wenn Ihr Mailanbieter Ihre Mails nicht signiert. Die Domain Ihrer Absender."}),
        Field(name="dkim_selector", rare=True, required=False, title={"en": "DKIM selector", "de": "DKIM-Selektor"}, longest=63, check=_selector,
              hint={"en": "The name under which the public key stands in DNS: <selector>._domainkey.<domain>.",
                    "de": "Der Name, unter dem der öffentliche Schlüssel im DNS steht: <Selektor>._domainkey.<Domain>."}),
        Field(name="dkim_key", rare=True, form="secret_lines", required=False, title={"en": "DKIM private key", "de": "Privater DKIM-Schlüssel"}, longest=8_192,
              hint={"en": "RSA (2048 bits) or Ed25519, in PEM.", "de": "RSA (2048 Bit) oder Ed25519, als PEM."}),
    ),
    make=_make,
)  # fmt: skip
