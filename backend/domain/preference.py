"""Whether a person wants a category on a channel, and who says so: the person, their groups, the space, or the default.

The nearest level with an opinion decides. Within a level the cell (category x channel) is the most specific; without a cell
both the category and the channel must not be off: "no SMS" and "orders on" together mean no SMS about orders.
Between groups off wins, whatever their order.
"""

import msgspec

from backend.domain.category import Kind
from backend.domain.person import Person, QuietHours, Wishes


class Wish(msgspec.Struct, frozen=True):
    """The answer. `source`: person, group:<key>, space or default. `about`: cell, category, channel or nothing (default)."""

    wanted: bool
    source: str
    about: str = ""


DEFAULT = Wish(True, "default")  # marketing needs its opt-in before this is asked; it is the consent gate's to refuse


def opinion(wishes: Wishes, category: str, channel: str) -> tuple[bool, str] | None:
    """What one level says, with what it speaks about; None when it has no opinion."""
    if wishes.matrix:
        cell = wishes.matrix.get(category, {}).get(channel)
        if cell is not None:
            return cell, "cell"
    of_category = wishes.categories.get(category)
    of_channel = wishes.channels.get(channel)
    if of_category is False:
        return False, "category"
    if of_channel is False:
        return False, "channel"
    if of_category:
        return True, "category"
    if of_channel:
        return True, "channel"
    return None


def resolve(person: Person, space: Wishes, category: str, channel: str) -> Wish:
    """The wish that counts for (category, channel)."""
    said = opinion(person.wishes, category, channel)
    if said is not None:
        return Wish(said[0], "person", said[1])
    wanted: Wish | None = None
    for key, wishes in person.group_wishes:
        said = opinion(wishes, category, channel)
        if said is not None:
            if not said[0]:
                return Wish(False, f"group:{key}", said[1])
            wanted = wanted or Wish(True, f"group:{key}", said[1])
    if wanted is not None:
        return wanted
    said = opinion(space, category, channel)
    return DEFAULT if said is None else Wish(said[0], "space", said[1])


def quiet_ranges(person: Person, space: Wishes) -> tuple[tuple[QuietHours, ...], str]:
    """The quiet hours that hold for a person, with their source; those of several groups are joined."""
    if person.wishes.quiet is not None:
        return person.wishes.quiet, "person"
    joined: tuple[QuietHours, ...] | None = None
    source = ""
    for key, wishes in person.group_wishes:
        if wishes.quiet is not None:
            joined, source = (joined or ()) + wishes.quiet, source or f"group:{key}"
    if joined is not None:
        return joined, source
    return (space.quiet, "space") if space.quiet is not None else ((), "default")


def frequency(person: Person, space: Wishes) -> tuple[str, str]:
    """How often somebody wants to hear of what can wait (each, daily, weekly), with the source."""
    if person.wishes.frequency:
        return person.wishes.frequency, "person"
    for key, wishes in person.group_wishes:
        if wishes.frequency:
            return wishes.frequency, f"group:{key}"
    return (space.frequency, "space") if space.frequency else ("each", "default")


def tracked(person: Person, space: Wishes) -> tuple[bool, str]:
    """Whether opens and clicks of somebody may be counted, with the source. Between groups off wins; who says nothing is counted."""
    if person.wishes.tracking is not None:
        return person.wishes.tracking, "person"
    said: tuple[bool, str] | None = None
    for key, wishes in person.group_wishes:
        if wishes.tracking is False:
            return False, f"group:{key}"
        if wishes.tracking:
            said = said or (True, f"group:{key}")
    if said is not None:
        return said
    return (True, "default") if space.tracking is None else (space.tracking, "space")


def locked(kind: Kind) -> bool:
    """Essential categories cannot be turned off."""
    return kind == "essential"
