"""Addresses that are full or away too often: counted where their deliveries, receipts and attempts are kept, so that nothing else has to be told."""

from sqlalchemy import func, or_, select

from backend.domain.delivery import CHANNEL_NAME, State
from backend.domain.ids import first_of_day
from backend.domain.receipt import SOFT, SOFT_CODES
from backend.store.port import Tx
from backend.store.suppress import suppress
from backend.store.tables import attempts, deliveries, receipts

ENDS = (int(State.FAILED), int(State.EXPIRED), int(State.DEAD))


def worn_out(tx: Tx, space: int, person: int, channel: int, address: bytes, source: str, now: float) -> list[int]:
    """Suppress an address of somebody that came back for a while as often as `SOFT` bears, or was said at once to be full; the persons whose facts changed."""
    soft = SOFT.get(CHANNEL_NAME[channel])
    if soft is None or times(tx, space, person, channel, address, now - soft.within) < soft.times:
        return []
    return suppress(tx, space, channel, address, "bounced", source, now)


def times(tx: Tx, space: int, person: int, channel: int, address: bytes, since: float) -> int:
    """Deliveries that ended so, from `since` on."""
    d, r, a = deliveries.c, receipts.c, attempts.c
    mine = (d.space == space) & (d.person == person) & (d.channel == channel) & (d.address == address) & (d.id >= first_of_day(int(since // 86_400)))
    told = select(r.delivery).where(r.delivery == d.id, r.space == space, r.kind == "bounced_soft", r.at >= since).exists()
    said = select(a.delivery).where(a.delivery == d.id, a.space == space, a.started >= since, or_(*(a.code.like(f"{code}%") for code in SOFT_CODES))).exists()
    return int(tx.conn.scalar(select(func.count()).select_from(deliveries).where(mine, told | (d.state.in_(ENDS) & said))) or 0)
