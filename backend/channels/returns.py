"""What comes back of the mails of one provider: bounces and complaints, at our own small mail server (smtp_intake.py) or in a mailbox (imap_intake.py)."""

import asyncio
import logging
from collections.abc import Sequence

from backend.channels.imap_intake import Reading, parse_mailbox
from backend.channels.kinds import Parts
from backend.channels.reports import receipt_of
from backend.channels.smtp_intake import Intake
from backend.channels.verp import Verp
from backend.domain.errors import Invalid, Unavailable

log = logging.getLogger("carillon.channels")


class Returns:
    """`listen`: [host:]port, "" for no server; `mailbox`: a URL, "" for none. Raises `Invalid`."""

    def __init__(self, key: str, parts: Parts, *, domain: str, listen: str = "", mailbox: str = "") -> None:
        self._key, self._parts, self._verp = key, parts, Verp(parts.sealer)
        self._listen = listening(listen) if listen else None
        self.intake = Intake(*self._listen, known=self._known, take=self._posted) if self._listen else None
        if listen and not domain:
            raise Invalid("Carillon takes bounces at the addresses of a bounce domain only, and none is given. Give one, or no port.", field="bounces")
        self._reading = Reading(parse_mailbox(mailbox), self._read) if mailbox else None
        self._deaf = ""

    async def start(self) -> None:
        """A port that is taken is no error here: mails go out all the same, and the provider's check says it."""
        if self.intake:
            try:
                await self.intake.start()
            except OSError as error:
                self._deaf = f"Bounces cannot be taken at {self._listen}: {error.strerror or error}. Free the port, or choose another one."
                log.warning("%s", self._deaf)
        if self._reading:
            self._reading.start()

    async def close(self) -> None:
        """Hang up."""
        if self.intake:
            await self.intake.close()
        if self._reading:
            await self._reading.close()

    async def reachable(self) -> str:
        """How they stand, in a few words. Raises `Unavailable`."""
        if self._deaf:
            raise Unavailable(self._deaf)
        said = [f"bounces are taken at port {self.intake.port}"] if self.intake else []
        if self._reading:
            said.append(await self._reading.reachable())
        return "; ".join(said)

    def _known(self, address: str) -> bool:
        return self._verp.read(address) is not None  # at whichever domain of ours: providers of one port hear each other's

    async def _posted(self, raw: bytes, recipients: Sequence[str]) -> None:
        await self._told(raw, recipients, "")

    async def _read(self, raw: bytes, sender: str | None) -> bool:
        return await self._told(raw, (), sender)

    async def _told(self, raw: bytes, recipients: Sequence[str], sender: str | None) -> bool:
        """Whether it was a report; its receipt is in the log. Parsing a large one takes long enough to be done elsewhere."""
        now = self._parts.clock.now()
        receipt = await asyncio.to_thread(receipt_of, raw, recipients, sender, self._verp, self._key, now)
        if receipt is None:
            return False
        await self._parts.report(receipt)
        return True


def listening(text: str) -> tuple[str, int]:
    """`25`, `0.0.0.0:2525` or `[::]:2525`. Raises `Invalid`."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 <= int(port[:6]) <= 65_535 or any(char in host for char in " \r\n/@"):
        raise Invalid("This is no port to listen at. Write it like 2525, or 192.0.2.1:2525.", field="listen")
    return host.strip("[]"), int(port)
