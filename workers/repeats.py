"""What becomes of a record whose attempt could not be started: it is on record already, or the delivery went on since.

It was begun by a dead process, by a living one that lost the partition a moment ago, or by an earlier generation; or the record came
twice.
"""

from collections.abc import Sequence

from backend.store import hot
from backend.store.port import Tx
from workers.items import Item, anew, following_try, left_open, start_of, unknown
from workers.outcomes import look, may_repeat


def settle(tx: Tx, items: Sequence[Item], now: float, alone: bool) -> list[Item]:
    """Those to be sent now, each with its next attempt on record: that comes with the end of the one before, since a crash between the
    two would leave a closed attempt that nobody follows up.

    `alone`: there is no other process that could have one open. Else what is younger than its provider's patience may still be answered
    to whoever has it, and a due row looks again.
    """
    following: list[Item] = []
    for space in {item.delivery.space for item in items}:
        mine = [item for item in items if item.delivery.space == space]
        places = hot.attempts_of(tx, space, [item.delivery.id for item in mine])
        mine = [item for item in mine if item.delivery.id in places]  # of a day that was dropped meanwhile nothing is left to do
        left = [item for item in mine if left_open(item.delivery, places[item.delivery.id])]
        if not alone:
            young = [item for item in left if now < _over(item, places[item.delivery.id])]
            if young:
                hot.write_due(tx, [_look(item, places[item.delivery.id]) for item in young])
            left = [item for item in left if item not in young]
        if left:
            hot.close_unknown(tx, space, [item.delivery.id for item in left], now + 1, now)
        unsure = [item for item in left if item.facts and not may_repeat(item.facts.category, item.delivery.channel)]
        if unsure:
            hot.write_moves(tx, [unknown(item.delivery) for item in unsure], now)
        sure = [item for item in left if item not in unsure]
        for item in [*sure, *(item for item in mine if anew(item.delivery, places[item.delivery.id]))]:
            item.delivery = following_try(item.delivery, places[item.delivery.id].n + 1)
            following.append(item)
    fresh = hot.write_attempts(tx, [], [start_of(item) for item in following], now)
    return [item for item in following if item.delivery.id in fresh]


def _over(item: Item, place: hot.OpenAttempt) -> float:
    """When its attempt has been answered, or never will be."""
    return place.started + (item.provider.patience if item.provider else 0.0)


def _look(item: Item, place: hot.OpenAttempt) -> hot.Later:
    return look(item.delivery, place.n, _over(item, place))
