"""What the template studio takes and gives. Everything here reads and writes JSON as it stands."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from backend.app.views import ChannelName, Name
from backend.domain.draft import Change
from backend.domain.lint import Problem
from backend.domain.parts import PartKind
from backend.domain.schema import Fault
from backend.domain.segments import Segments
from backend.domain.template import Content, Message, Variable

Colour = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
PartKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,63}$")]


class SaveIn(Struct, forbid_unknown_fields=True):
    """A draft as its editor has it now. `revision`: the one this editor began with. `over`: on purpose over somebody else's draft of that revision."""

    content: Content
    revision: int
    name: Name | UnsetType = UNSET
    samples: dict[str, Any] | UnsetType = UNSET
    schema: dict[str, Any] | UnsetType = UNSET
    over: bool = False


class Overtaken(Struct):
    """Somebody saved first. Their draft stands, and what was handed in is kept beside it."""

    by: str
    at: datetime
    revision: int
    content: Content
    samples: dict[str, Any] = {}
    schema: dict[str, Any] = {}


class Saved(Struct):
    """Where the draft is now; `overtaken` when it was kept aside instead."""

    revision: int
    at: datetime
    overtaken: Overtaken | None = None


class KeptView(Struct):
    """A text kept aside: whose, on top of which revision, from when."""

    author: str
    base: int
    at: datetime
    content: Content


class LookIn(Struct, forbid_unknown_fields=True):
    """What to check and show: unsaved content on one channel, with the values of `user`, in their language unless `locale` names one."""

    content: Content
    channel: ChannelName
    locale: Annotated[str, Meta(max_length=35)] | None = None
    data: dict[str, Any] = {}
    schema: dict[str, Any] = {}
    user: str | None = None


class LookView(Struct):
    """What was found. `read` is the language that was taken: "" the outer one, None: nothing on this channel."""

    problems: list[Problem]
    variables: list[Variable]
    missing: list[str]
    faults: list[Fault]
    read: str | None
    chain: list[str]
    message: Message | None = None
    segments: Segments | None = None
    user: dict[str, Any] = {}


class CreateIn(Struct, forbid_unknown_fields=True):
    """A new template: from a starting layout (`starter`), or as a copy of another one (`of`)."""

    name: Name
    starter: str = ""
    of: str = ""
    locale: Annotated[str, Meta(max_length=35)] = "en"


class TemplateCard(Struct):
    """A template in a list. `draft_differs`: there is something to publish."""

    key: str
    name: str
    channels: list[str]
    locales: list[str]
    categories: list[str]
    published: int
    draft_differs: bool
    changed_at: datetime
    changed_by: str


class VersionCard(Struct):
    """A version: who published it, when, why, and the layouts and partials it holds."""

    version: int
    published_by: str
    at: datetime
    note: str
    live: bool
    parts: dict[str, int]
    planned: int  # messages in the last days


class UsedBy(Struct):
    """Where a template is used."""

    categories: list[str]
    days: int
    planned: int
    by_version: dict[int, int]


class OutlookView(Struct):
    """What publishing would change: texts, parts that moved on since, and who would get it."""

    next: int
    changes: list[Change]
    newer_parts: list[str]
    used: UsedBy
    problems: list[Problem]


class TrialIn(Struct, forbid_unknown_fields=True):
    """A draft to be sent to oneself. `category`: under which rules; `channels`: those of the draft when empty."""

    content: Content
    category: str
    samples: dict[str, Any] = {}
    channels: list[ChannelName] = []


class TrialSent(Struct):
    """The event, and the version that only this test uses."""

    event: str
    template: str
    version: int


class PartIn(Struct, forbid_unknown_fields=True):
    """A layout (its source has {% content %} once) or a partial. `revision`: the one you read."""

    source: Annotated[str, Meta(max_length=100_000)]
    revision: int | None = None


class PartView(Struct):
    """A layout or partial; `used_by`: templates whose draft names it."""

    kind: PartKind
    key: str
    source: str
    revision: int
    changed_at: datetime
    changed_by: str
    used_by: list[str] = []


class BrandIn(Struct, forbid_unknown_fields=True):
    """How messages of the space look. `logo` and `url` are https addresses or empty; `address` is the postal one of the footer."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    color: Colour
    logo: Annotated[str, Meta(max_length=500)] = ""
    url: Annotated[str, Meta(max_length=500)] = ""
    address: Annotated[str, Meta(max_length=300)] = ""
