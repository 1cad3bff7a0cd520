"""Audiences: whom a rule names. A rule is a tree of conditions over what the house knows of people; it is a value, and reads and writes JSON.

{"about": "all", "of": [{"about": "attribute", "name": "plan", "is": "equals", "value": "pro"},
{"about": "not", "of": {"about": "activity", "did": "clicked", "within_days": 30}}]}
"""

from typing import Literal, TypeAlias

import msgspec

Is = Literal["equals", "differs", "one_of", "none_of", "contains", "begins", "more", "less", "between", "before", "after", "present", "absent"]
Did = Literal["got", "opened", "clicked"]
Value: TypeAlias = str | float | bool | list[str | float] | None


class _Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="about"):
    """What all conditions are: told apart by `about`."""


class All(_Condition, frozen=True, tag="all"):
    """Everybody whom all of them name; without any: everybody."""

    of: tuple["Rule", ...] = ()


class Any(_Condition, frozen=True, tag="any"):
    """Everybody whom at least one of them names; without any: nobody."""

    of: tuple["Rule", ...] = ()


class Not(_Condition, frozen=True, tag="not"):
    """Everybody whom it does not name."""

    of: "Rule"


class Attribute(_Condition, frozen=True, tag="attribute"):
    """By an attribute; `user_id`, `timezone` and `locale` are some too. `value`: a text, number, flag or date (YYYY-MM-DD), for one_of and
    none_of a list, for between two of them, none for present and absent. Whoever has no such attribute `differs` from every value."""

    name: str
    is_: Is = msgspec.field(name="is", default="equals")
    value: Value = None


class InGroup(_Condition, frozen=True, tag="group"):
    """Members of a group."""

    key: str


class Consented(_Condition, frozen=True, tag="consent"):
    """Whose latest answer to a category of marketing is a yes; with `given` false: a no. Whoever never answered is in neither."""

    category: str
    given: bool = True


class Activity(_Condition, frozen=True, tag="activity"):
    """Who got, opened (a person, no machine) or clicked something within so many days (0: ever), on a channel, of a category, or of a campaign.
    At most one of `channel`, `category`, `campaign`. "Not since": inside a `not`."""

    did: Did
    within_days: int = 0
    channel: str = ""
    category: str = ""
    campaign: str = ""


class Acted(_Condition, frozen=True, tag="event"):
    """Who did this (the type of an activity event) at least so many times ever, the last time within so many days (0: ever)."""

    type: str
    within_days: int = 0
    times: int = 1


class InAudience(_Condition, frozen=True, tag="audience"):
    """Whom another audience names, a list among them. An audience may not name itself, through others either."""

    key: str


Rule: TypeAlias = All | Any | Not | Attribute | InGroup | Consented | Activity | Acted | InAudience


class Audience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`rule` None: a list, whose people stand in `listed`. `exclude`: keys of audiences whose people are left out."""

    rule: Rule | None = None
    exclude: tuple[str, ...] = ()
    description: str = ""
