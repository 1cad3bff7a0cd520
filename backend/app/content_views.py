"""Categories, templates and suppressions as they are handed in and shown. See `views`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from backend.app.view_types import ChannelName, Moment, Name, PriorityName, TypeName
from backend.domain.category import Kind
from backend.domain.template import Content, Message, Variable


class CategoryIn(Struct, forbid_unknown_fields=True):
    """contracts.md, PUT /v1/categories/{key}. `revision`: the one you read; another in force is refused as stale."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Kind = "service"
    description: Annotated[str, Meta(max_length=2000)] = ""
    type: TypeName = "SYSTEM"
    max_priority: PriorityName = "high"
    channels: list[ChannelName] = field(default_factory=lambda: ["web", "email"])
    plan: list[dict[str, Any]] | None = None
    urgent: bool = False
    ordered: bool = False
    digest: dict[str, Any] | None = None
    cap: dict[str, int] | None = None
    value: int = 0
    tracking: bool = True
    template: str = ""
    attempts: Annotated[int, Meta(ge=0, le=50)] = 0
    give_up: Annotated[int, Meta(ge=0, le=604_800)] = 0
    revision: int | None = None


class CategoryView(Struct):
    key: str
    name: str
    kind: Kind
    description: str
    type: str
    max_priority: str
    channels: list[str]
    urgent: bool
    ordered: bool
    value: int
    tracking: bool
    template: str
    revision: int
    changed_at: datetime
    plan: list[dict[str, Any]] | None = None
    digest: dict[str, Any] | None = None
    cap: dict[str, int] | None = None
    attempts: int = 0
    give_up: int = 0


class TemplateIn(Struct, forbid_unknown_fields=True):
    """A draft. `samples` is the `data` of previews. `revision`: the one you read."""

    content: Content
    name: Name | UnsetType = UNSET
    samples: dict[str, Any] | UnsetType = UNSET
    schema: dict[str, Any] | UnsetType = UNSET
    revision: int | None = None


class PublishIn(Struct, forbid_unknown_fields=True):
    """`revision`: the one you read. `note`: why, for those who look at the versions later."""

    revision: int | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class RollbackIn(Struct, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1)]
    revision: int | None = None


class VersionView(Struct):
    version: int
    published_by: str
    at: datetime
    note: str = ""


class TemplateView(Struct):
    key: str
    name: str
    draft: Content
    published: int  # 0: none yet
    revision: int
    changed_at: datetime
    samples: dict[str, Any] = {}
    schema: dict[str, Any] = {}
    variables: list[Variable] = []
    versions: list[VersionView] = []
    changed_by: str = ""


class PreviewIn(Struct, forbid_unknown_fields=True):
    """What to render: the draft, or `version`; for `user` when given, with `data` over the samples."""

    channel: ChannelName | None = None
    locale: Annotated[str, Meta(max_length=35)] = "en"
    data: dict[str, Any] | None = None
    user: str | None = None
    version: int | None = None
    content: Content | None = None  # instead of the draft


class PreviewView(Struct):
    messages: dict[str, Message]  # by channel


class SuppressionIn(Struct, forbid_unknown_fields=True):
    channel: Literal["email", "push", "sms"]
    address: Annotated[str, Meta(min_length=1, max_length=4096)]
    reason: Annotated[str, Meta(min_length=1, max_length=64)] = "manual"
    until: Moment | None = None


class SuppressionView(Struct):
    """`address` is the keyed hash: the list does not hold the address itself. `also`: for what else it is suppressed, behind its owner's STOP."""

    channel: str
    address: str
    reason: str
    source: str
    since: datetime
    until: datetime | None = None
    also: str = ""
