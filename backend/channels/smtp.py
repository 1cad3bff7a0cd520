"""E-mail by SMTP to any server. Measured: 46 us of CPU a mail, where aiosmtplib takes 250.

What it promises about the answer is in smtp_link.py, what replies mean in smtp_replies.py, how a server is typed in smtp_kind.py.
"""

from collections.abc import Callable, Collection

from backend.channels.base import Answer, Outgoing
from backend.channels.dkim import Signer
from backend.channels.kinds import Parts
from backend.channels.mail import envelope, mail_of
from backend.channels.returns import Returns
from backend.channels.smtp_open import Target, open_link, parse_target
from backend.channels.smtp_parcel import Parcel, Timing, Unreachable
from backend.channels.smtp_pool import Pool
from backend.channels.verp import Verp
from backend.clock import Clock
from backend.domain.errors import HeaderUnsafe, Unavailable

LANES = 1 << 20  # so many that two people who are told something now hardly share one


class Smtp:
    """The provider. `target`: a server, or a URL as `smtp_open.parse_target` wants it; raises `Invalid`. Nothing is connected before the
    first mail. Without `parts` nothing that comes back is heard."""

    channel = route = "email"

    def __init__(
        self, target: str | Target, *, clock: Clock, timing: Timing | None = None, key: str = "smtp", parts: Parts | None = None, signer: Signer | None = None,
    ) -> None:  # fmt: skip
        self.key = key
        self._target = parse_target(target) if isinstance(target, str) else target
        self._timing = timing or Timing(answer=self._target.answer)
        self._context, self._clock = self._target.context(), clock
        self.lanes, self.open_limit = LANES, self._target.most_open  # the pool finds a connection for each
        self.rate = self._target.rate
        self.patience = self._timing.connect + self._timing.answer
        self._verp = Verp(parts.sealer) if parts and self._target.bounces else None
        self.returns: Returns | None = None
        if parts and (self._target.listen or self._target.mailbox):
            self.returns = Returns(key, parts, domain=self._target.bounces, listen=self._target.listen, mailbox=self._target.mailbox)
        self._signer = signer
        self._pool = Pool(self._target, self._timing, self._context, self._target.connections)

    async def start(self) -> None:
        """Connections are opened when there is something to send; what comes back is taken from now on."""
        if self.returns:
            await self.returns.start()

    async def close(self, patience: float | None = None) -> None:
        """Answer what waits, wait for what flies, say goodbye."""
        await self._pool.close(self._timing.close if patience is None else patience)
        if self.returns:
            await self.returns.close()

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """One mail. What cannot be written as a mail is refused at once, before anything is sent."""
        try:
            parcel = self._parcel(outgoing, done)
        except HeaderUnsafe as unsafe:
            done(Answer("refused", unsafe.code(), unsafe.detail))
            return
        self._pool.put(lane, parcel)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """What waits for its turn; a mail that was begun goes on."""
        self._pool.recall(deliveries, answer)

    async def reachable(self) -> str:
        """Opens a connection of its own, signs in and leaves."""
        try:
            link = await open_link(self._target, self._timing, self._context)
        except Unreachable as away:
            raise Unavailable(away.why) from None
        encrypted = link.transport.get_extra_info("ssl_object") is not None
        link.quit()
        how = ("encrypted" if encrypted else "not encrypted") + (", signed in" if self._target.user else "")
        back = f"; {await self.returns.reachable()}" if self.returns else ""
        return f"{self._target.host}:{self._target.port} answered ({how}): {link.greeting}{back}"

    def _parcel(self, outgoing: Outgoing, done: Callable[[Answer], None]) -> Parcel:
        sender, recipient = envelope(outgoing)
        if self._verp:
            sender = self._verp.address(outgoing.space, outgoing.delivery, self._target.bounces).encode()
        now = self._clock.now()
        mail = mail_of(outgoing, now)
        if self._signer:
            mail = self._signer.sign(mail, now)
        return Parcel(sender, recipient, mail, done, outgoing.delivery, urgent=outgoing.priority == "critical")
