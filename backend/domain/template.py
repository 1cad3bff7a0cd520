"""Templates as values: one content per channel, per locale, versioned; and the messages that rendering makes of them.

Everything here is a msgspec struct: it reads and writes JSON as it stands. Texts are Jinja sources until they are rendered.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

Channel: TypeAlias = Literal["email", "push", "sms", "web"]
CHANNELS: tuple[Channel, ...] = ("email", "push", "sms", "web")
Kind: TypeAlias = Literal["text", "number", "date", "link", "list", "flag", "object"]
TEST = "~test"  # behind a template's key: the versions its tests are made of; no key of a template can hold a tilde


class Action(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A button: `key` names it for programs, `label` is what it says, `link` is where it leads."""

    key: str
    label: str
    link: str = ""


class EmailContent(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Mail. Without `text` the text part is made from `html` when the template is published. `layout`: key of the layout around `html`."""

    subject: str
    html: str
    preheader: str = ""
    text: str = ""
    layout: str = ""


class PushContent(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A notice on a device; `image` and `link` are addresses, empty for none."""

    title: str
    body: str = ""
    image: str = ""
    link: str = ""
    actions: tuple[Action, ...] = ()


class SmsContent(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A text message."""

    text: str


class WebContent(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An entry of the inbox; `image` and `link` are addresses, empty for none."""

    title: str
    body: str = ""
    image: str = ""
    link: str = ""
    actions: tuple[Action, ...] = ()


ChannelContent: TypeAlias = EmailContent | PushContent | SmsContent | WebContent


class Content(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a template says, per channel; None: not on this channel.

    `locales` holds the same for other languages, keyed by BCP 47 tag. A reader of de-AT gets de-AT, else de, else the outer
    content, decided for each channel by itself.
    """

    email: EmailContent | None = None
    push: PushContent | None = None
    sms: SmsContent | None = None
    web: WebContent | None = None
    locales: dict[str, "Content"] = field(default_factory=dict)

    def on(self, channel: Channel) -> ChannelContent | None:
        """The content of one channel in the outer language."""
        found: ChannelContent | None = getattr(self, channel)
        return found

    def each(self) -> Iterator[tuple[str, Channel, ChannelContent]]:
        """Every (locale, channel, content) there is; the outer language has the locale ''."""
        for locale, content in [("", self), *sorted(self.locales.items())]:
            for channel in CHANNELS:
                if (found := content.on(channel)) is not None:
                    yield locale, channel, found


class Variable(Struct, frozen=True, omit_defaults=True):
    """A value the template reads: its path (`data.order.total`, `data.items[].name`), what it is used as, whether it must be there."""

    name: str
    kind: Kind = "text"
    required: bool = True


class TemplateVersion(Struct, frozen=True, omit_defaults=True):
    """A published version; it never changes. Events pin (key, version) when they are accepted.

    `samples` is the `data` used for previews. `brand` is the space's brand of that day, and `parts` the layouts and partials put in,
    with their revisions.
    """

    key: str
    version: int
    content: Content
    variables: tuple[Variable, ...] = ()
    samples: dict[str, Any] = field(default_factory=dict)
    brand: dict[str, str] | None = None
    parts: dict[str, int] = field(default_factory=dict)


class EmailMessage(Struct, frozen=True, tag="email"):
    """A mail ready for MIME; `subject` is one line."""

    subject: str
    html: str
    text: str
    preheader: str = ""


class PushMessage(Struct, frozen=True, tag="push"):
    """A notice ready for a push provider."""

    title: str
    body: str
    image: str = ""
    link: str = ""
    actions: tuple[Action, ...] = ()


class SmsMessage(Struct, frozen=True, tag="sms"):
    """A text ready for an SMS provider."""

    text: str


class WebMessage(Struct, frozen=True, tag="web"):
    """An entry ready for the inbox."""

    title: str
    body: str
    image: str = ""
    link: str = ""
    actions: tuple[Action, ...] = ()


Message: TypeAlias = EmailMessage | PushMessage | SmsMessage | WebMessage


@lru_cache(1_000)
def fallbacks(locale: str) -> tuple[str, ...]:
    """`de-AT` -> ('de-at', 'de', ''): where to look, best first. Case and underscore do not matter."""
    tag = locale.replace("_", "-").lower()
    parts = tag.split("-") if tag else []
    return (*("-".join(parts[:n]) for n in range(len(parts), 0, -1)), "")
