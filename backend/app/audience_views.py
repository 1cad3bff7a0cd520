"""What the facade takes and shows of audiences and of imports."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from backend.app.view_types import Name
from backend.domain.audience import Rule


class AudienceIn(Struct, forbid_unknown_fields=True):
    """An audience: a rule, or a list (`kind` list, without a rule). `revision`: the one you read, 0 to make a new one. `note`: why."""

    name: Name = ""
    kind: Literal["rule", "list"] = "rule"
    rule: Rule | None = None
    exclude: list[str] = []
    description: Annotated[str, Meta(max_length=2_000)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""
    revision: int | None = None


class AudienceView(Struct):
    """`size`: how many it named when it was counted at `counted_at`, null before. `used_by`: keys of the campaigns and audiences that name it."""

    key: str
    name: str
    kind: Literal["rule", "list"]
    rule: Rule | None
    exclude: list[str]
    description: str
    version: int
    size: int | None
    counted_at: datetime | None
    revision: int
    changed_at: datetime
    changed_by: str
    used_by: list[str] = []


class AudienceVersionView(Struct):
    """What an audience was at a time."""

    version: int
    rule: Rule | None
    exclude: list[str]
    at: datetime
    by: str
    note: str = ""


class CountIn(Struct, forbid_unknown_fields=True):
    """A rule to try, saved or not. `steps`: also how many are left after each condition of an outermost `all`. `sample`: how many people to show."""

    rule: Rule | None = None
    exclude: list[str] = []
    steps: bool = False
    sample: Annotated[int, Meta(ge=0, le=20)] = 0


class SampleView(Struct):
    """Somebody whom it names, with what the rule looked at. Shown to who may read people."""

    user: str
    name: str
    timezone: str
    local_time: str  # HH:MM there, now
    attributes: dict[str, Any] = {}


class CountView(Struct):
    """Exactly how many now. `everybody`: people of the space. `channels`: of those counted, how many have an address there that may be written to
    (web: all). `steps`: left after each condition. `took_ms`."""

    count: int
    everybody: int
    channels: dict[str, int]
    steps: list[int] = []
    sample: list[SampleView] = []
    took_ms: float = 0.0


class FieldView(Struct):
    """An attribute that rules may look at. `values`: some that are met often, for texts. `used` false: sealed, rules may not."""

    name: str
    kind: Literal["text", "number", "flag", "date"]
    used: bool
    values: list[str] = []


class ImportIn(Struct, forbid_unknown_fields=True):
    """What to make of the columns of a file: name of the column -> user_id, email, phone, name, timezone, locale, group, attribute:<name>, ignore.
    `consent`: to which category, with the source and evidence asked for; none: nobody is opted in by an import. `audience`: key of a list that
    the people are put on, "" for none; `audience_name`: of one that is to be made. `overwrite`: whether what a person has already may be changed.
    `email_is_id`: no column is the user id, the e-mail address is. An attribute is text as it stands (attribute:<name>), or read as number:<name>,
    flag:<name> or date:<name>."""

    mapping: dict[str, str]
    email_is_id: bool = False
    audience_name: Name = ""
    audience: str = ""
    overwrite: bool = True
    consent_category: str = ""
    consent_source: Annotated[str, Meta(max_length=200)] = ""
    consent_evidence: Annotated[str, Meta(max_length=1_000)] = ""


class RowView(Struct):
    """A row of the file: its line, its cells, and why it is refused: `code` ("" when it is not), what that is `about`, and the sentence."""

    line: int
    cells: list[str]
    error: str = ""
    code: str = ""
    about: str = ""


class RowReasonView(Struct):
    """Why rows are refused: a code of domain.row_reasons, what it is `about` (a column, attribute or group), the sentence, and how many rows."""

    code: str
    about: str
    detail: str
    count: int


class ImportView(Struct):
    """`state`: reading (rows are checked), ready (nothing has been changed yet), running, finished, cancelled, failed. `total`: rows of the file;
    `done`: of them worked on in this state; `refused`: with an error. `new`, `changed`, `same`: people. `columns`: of the file, with what they
    are taken for; `preview`: its first rows and the first refused ones behind them, for whoever sent the file or may see addresses whole.
    `checked`: every row was looked at as it is mapped now, so it can be started. `opted_in`: people whose consent was noted; `kept_out`: who had said no and stays so."""

    id: str
    name: str
    state: Literal["reading", "ready", "running", "finished", "cancelled", "failed"]
    columns: list[str]
    mapping: dict[str, str]
    encoding: str
    delimiter: str
    total: int
    done: int
    refused: int
    new: int = 0
    changed: int = 0
    same: int = 0
    duplicates: int = 0
    audience: str = ""
    preview: list[RowView] = []
    reasons: list[RowReasonView] = []  # the most frequent first
    detail: str = ""  # of one that failed
    created_at: datetime | None = None
    by: str = ""
    changed_at: datetime | None = None
    checked: bool = False
    email_is_id: bool = False
    overwrite: bool = True
    audience_name: str = ""
    consent_category: str = ""
    consent_source: str = ""
    consent_evidence: str = ""
    opted_in: int = 0
    kept_out: int = 0
