"""What engagement is asked and what it answers: the funnel of messages, and unique people beside them. Times in seconds, rates with what they are of."""

from typing import Literal

import msgspec

from backend.domain.measures import Rate

EngagementBy = Literal["campaign", "variant", "audience", "channel", "category", "provider"]
ENGAGEMENT_BYS: tuple[EngagementBy, ...] = ("campaign", "variant", "audience", "channel", "category", "provider")
COMPARED = 10  # campaigns side by side


class EngagementIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was born from `since` to before `until`, as a clock in `zone` cuts it; "" in a filter means all. `by`: what it is broken down by.

    `audience`: campaigns that are for this one as they stand. `variant`: of campaigns' runs, the holdout is -2. `provider`: what this one
    was given; see `EngagementView`.
    """

    since: float
    until: float
    zone: str = "UTC"
    campaign: str = ""
    category: str = ""
    channel: str = ""
    by: EngagementBy = "campaign"
    audience: str = ""
    variant: int | None = None
    provider: str = ""


class CompareIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of two to ten campaigns, all that was ever sent of them."""

    campaigns: list[str]


class PeopleView(msgspec.Struct, frozen=True):
    """Unique people of campaigns' runs, each counted once a run, by the first time. `holdout_converted`: of those who got nothing on purpose."""

    got: int = 0
    opened: int = 0
    clicked: int = 0
    read: int = 0
    converted: int = 0
    unsubscribed: int = 0
    complained: int = 0
    bounced: int = 0
    holdout_converted: int = 0


class FunnelView(msgspec.Struct, frozen=True):
    """From planned to converted. `planned` to `clicked` are messages. `opened`: by a person (read, in the inbox); `opened_machine` beside it, never in it.
    `people`: null where a message's channel or provider is asked for, for a person has several. `converted`: people, of those who got a campaign that
    has an event for it (`no_signal`: none has)."""

    planned: int
    sent: int
    delivered: Rate
    opened: Rate
    opened_machine: int
    clicked: Rate
    unsubscribed: Rate
    complained: int
    bounced: int
    people: PeopleView | None = None
    converted: Rate = Rate()


class ShiftsView(msgspec.Struct, frozen=True):
    """What people changed of what they want, wherever: in the portal, by a link, by a text, by a program. What says again what stood counts nothing.

    `opted_in`, `opted_out`: of a category. `turned_on`, `turned_off`: a whole channel, STOP by SMS among it. `cells_on`, `cells_off`: one category on
    one channel. `paused`, `resumed`: everything; a pause that ends by itself is no change. `quiet_set`, `quiet_ended`: quiet hours.
    """

    opted_in: int = 0
    opted_out: int = 0
    turned_on: int = 0
    turned_off: int = 0
    cells_on: int = 0
    cells_off: int = 0
    paused: int = 0
    resumed: int = 0
    quiet_set: int = 0
    quiet_ended: int = 0


class ShiftPartView(msgspec.Struct, frozen=True):
    """The changes about one category or channel, or those that came one way."""

    key: str
    shifts: ShiftsView


class TrendView(msgspec.Struct, frozen=True):
    """A slot of the axis. `known`: False before counting of messages began, and after now. `shifts`: what people changed in it; `opted_in` and
    `opted_out` are those of `shifts`."""

    start: float
    end: float
    known: bool
    funnel: FunnelView
    opted_in: int
    opted_out: int
    shifts: ShiftsView = ShiftsView()


class EngagedView(msgspec.Struct, frozen=True):
    """One campaign, variant (`spring/0`, the holdout `spring/-2`), channel ...; `key` "" where there is none, "*" for what comes behind the
    fiftieth. `name`: of a campaign or variant."""

    key: str
    name: str
    funnel: FunnelView


class HourFunnelView(msgspec.Struct, frozen=True):
    """An hour of the week by the clock of the zone, `weekday` 0 is Monday: what went out then, and what of that was opened by people and clicked."""

    weekday: int
    hour: int
    sent: int
    opened: int
    clicked: int


class EngagementView(msgspec.Struct, frozen=True):
    """`upto`: until when moves are counted. `since`, `until`: as they were taken, on quarters of an hour.

    `provider`: "" or whose part this is. Then planned is what it was given and sent what it took; opens, clicks and people belong to a
    message. `providers`: who answered in this time.

    `shifts`: what people changed of what they want, in all, by category, channel and way (`domain.shift.WAYS`). Of the filters the category counts for
    them, and the channel for those that are about one.
    """

    since: float
    until: float
    zone: str
    grain: str
    counted_from: float | None
    upto: float
    whole: FunnelView
    points: list[TrendView]
    parts: list[EngagedView]
    hours: list[HourFunnelView]
    provider: str = ""
    providers: list[str] = []
    shifts: ShiftsView = ShiftsView()
    shifts_by_category: list[ShiftPartView] = []
    shifts_by_channel: list[ShiftPartView] = []
    shifts_by_way: list[ShiftPartView] = []


class CampaignChoiceView(msgspec.Struct, frozen=True):
    """A campaign that can be looked at, with what its variants are called."""

    key: str
    name: str
    variants: list[str]


class EngagementChoicesView(msgspec.Struct, frozen=True):
    """What can be filtered by: every campaign by its name, the audiences they are for, categories that were counted."""

    campaigns: list[CampaignChoiceView]
    audiences: list[str]
    categories: list[str]


class ComparedView(msgspec.Struct, frozen=True):
    """One of the campaigns compared, with its variants."""

    key: str
    name: str
    funnel: FunnelView
    variants: list[EngagedView]
