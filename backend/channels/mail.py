"""An e-mail attempt as the mail that a server is given: the same bytes whether it leaves the house or is captured."""

from backend.channels.base import Outgoing
from backend.domain.mime import build, written
from backend.domain.template import EmailMessage


def mail_of(outgoing: Outgoing, now: float) -> bytes:
    """The whole mail; its Message-ID is <delivery>@<domain of the sender>, the same for each attempt. Raises `HeaderUnsafe`."""
    message, sender, headers = outgoing.message, outgoing.sender, outgoing.headers
    assert isinstance(message, EmailMessage)
    if sender.reply_to:
        headers = {"Reply-To": sender.reply_to, **headers}
    message_id = f"{outgoing.delivery.hex()}@{written('From', sender.address).rpartition('@')[2]}"
    return build(message_id, (sender.name, sender.address), outgoing.address, message.subject, message.html, message.text, headers, now)


def envelope(outgoing: Outgoing) -> tuple[bytes, bytes]:
    """Sender and recipient for MAIL FROM and RCPT TO, without brackets. Raises `HeaderUnsafe`."""
    return written("From", outgoing.sender.address).encode(), written("To", outgoing.address).encode()
