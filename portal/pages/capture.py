"""One captured message as it would have arrived: the mail in a mailbox, the push on a phone, the SMS as a bubble."""

import reflex as rx

from backend.domain.errors import Invalid, NotFound, Unavailable
from backend.domain.segments import pieces, segments
from backend.domain.template import EmailMessage, PushMessage, SmsMessage
from portal.components.controls import button, segmented
from portal.components.elements import div, h2, icon, iframe, p, pre, span
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, tag
from portal.components.surfaces import card, empty, kv
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.theme import clock, count, moment
from portal.wiring import app

VIEWS = ("mail", "text", "source")
BUBBLES = 20  # segments of an SMS that are told apart
SOURCE_LIMIT = 200_000  # characters of a mail's source that are shown


class CapturePage(rx.State):
    """One message, whole."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    channel: str = ""
    title: str = ""
    sub: str = ""
    sender: str = ""
    sender_name: str = ""
    address: str = ""
    user: str = ""
    when: str = ""
    hour: str = ""
    delivery: str = ""
    html: str = ""
    text: str = ""
    source: str = ""
    headers: list[Choice] = []
    image: str = ""
    link: str = ""
    actions: list[Choice] = []
    facts: str = ""
    foreign: str = ""
    view: str = "mail"
    narrow: bool = False
    dark: bool = False  # as a device in dark mode shows it
    preheader: str = ""
    initials: str = ""
    bubbles: list[str] = []  # of an SMS: its segments

    @guarded("captures.read", page=True)
    async def load(self) -> None:
        self.key = last_part(self, 64)
        self.view, self.narrow, self.dark = "mail", False, False
        await _fill(self)

    @guarded("captures.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("captures.read")
    async def show(self, view: str) -> None:
        """As it arrived, its text part, or its source."""
        self.view = view if view in VIEWS else "mail"

    @guarded("captures.read")
    async def width(self, which: str) -> None:
        """As wide as a desktop or a phone."""
        self.narrow = which == "narrow"

    @guarded("captures.read")
    async def mode(self, which: str) -> None:
        """As a device in light or dark mode shows it."""
        self.dark = which == "dark"


async def _fill(page: CapturePage) -> None:
    voice = await teller(page)
    page.gone = page.trouble = ""
    try:
        view = await app().captures.get(caller(), page.key)
    except (NotFound, Invalid) as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    at = view.at.timestamp()
    page.channel, page.title, page.sender, page.address, page.user = view.channel, view.title or "–", view.sender, view.address, view.user
    page.when, page.hour, page.delivery = moment(at, voice.zone, voice.language), clock(at, voice.zone)[:5], view.delivery
    page.sub = voice.say("captured.attempt", number=view.attempt)
    page.html = page.text = page.source = page.image = page.link = page.facts = page.foreign = ""
    page.headers, page.actions, page.bubbles, page.preheader = [], [], [], ""
    page.sender_name = view.sender.partition(" <")[0] or view.sender
    words = [part for part in page.sender_name.split() if part[0].isalnum()]
    page.initials = "".join(part[0] for part in words[:2]).upper() or "–"
    match view.message:
        case EmailMessage() as mail:
            page.html, page.text, page.source = in_frame(mail.html), mail.text, (view.mail or "")[:SOURCE_LIMIT]
            page.headers, page.preheader = headers_of(view.mail or ""), mail.preheader
        case PushMessage() as push:
            page.text, page.link = push.body, push.link
            page.image = push.image
            page.actions = [Choice(action.link, action.label) for action in push.actions]
        case SmsMessage() as sms:
            page.text = sms.text
            page.title = voice.say("captured.sms.title", user=view.user or view.address)
            counted, page.bubbles = segments(sms.text), pieces(sms.text)[:BUBBLES]
            page.facts = voice.say(
                "captured.sms.facts", count=counted.count, encoding={"gsm7": "GSM-7", "ucs2": "UCS-2"}[counted.encoding],
                units=count(counted.units, voice.language), room=counted.per_segment,
            )  # fmt: skip
            page.foreign = voice.say("captured.sms.foreign", foreign=" ".join(counted.foreign[:20])) if counted.foreign else ""


def in_frame(html: str) -> str:
    """The mail for a sandboxed frame: its links open in a tab of their own, for the frame itself goes nowhere."""
    base = '<base target="_blank">'
    head = html.lower().find("<head>")
    return html[: head + 6] + base + html[head + 6 :] if head >= 0 else base + html


def headers_of(mail: str) -> list[Choice]:
    """The headers of a mail as they stand, unfolded; at most 30."""
    found: list[Choice] = []
    for line in mail.replace("\r\n", "\n").partition("\n\n")[0].split("\n"):
        if line[:1] in (" ", "\t") and found:
            found[-1].text += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            found.append(Choice(name, value.strip()))
    return [header for header in found if header.value not in ("From", "To", "Subject", "Date", "MIME-Version", "Content-Type")][:30]


def _modes() -> rx.Component:
    page = CapturePage
    items = [("light", t("captured.light")), ("dark", t("captured.dark"))]
    return segmented(items, rx.cond(page.dark, "dark", "light"), page.mode, t("captured.mode"))


def _listed() -> rx.Component:
    """The line of a mailbox: what people decide by."""
    page = CapturePage
    return div(
        span(page.initials, cls="avatar"),
        div(
            div(span(page.sender_name, cls="strong clip"), span(page.hour, cls="cap faint num end"), cls="row"),
            p(page.title, cls="strong clip"),
            rx.cond(page.preheader != "", p(page.preheader, cls="faint clip"), p(t("captured.preheader.none"), cls="faint clip")),
            cls="grow",
        ),
        cls="mailline",
        aria_label=t("captured.line"),
        role="group",
    )


def _mail() -> rx.Component:
    page = CapturePage
    views = segmented([(v, t(f"captured.view.{v}")) for v in VIEWS], page.view, page.show, t("captured.views"))
    widths = segmented(
        [("wide", t("captured.wide")), ("narrow", t("captured.narrow"))],
        rx.cond(page.narrow, "narrow", "wide"),
        page.width,
        t("captured.width"),
    )
    devices = div(span(widths, cls="only-d"), _modes(), cls="row end")
    top = div(views, rx.cond(page.view == "mail", devices), cls="tools")
    letter = div(
        div(
            span(icon("user", 15), cls="ico"),
            div(p(page.sender, cls="strong clip"), p(t("captured.address"), " ", page.address, cls="cap faint clip"), cls="grow"),
            span(page.when, cls="cap faint nowrap only-d"),
            cls="row",
        ),
        h2(page.title, cls="subject"),
        cls="letter",
    )
    # No script, no form, no cookie of ours: a link may open a tab of its own, nothing else.
    arrived = iframe(
        src_doc=page.html,
        custom_attrs={
            "sandbox": "allow-popups allow-popups-to-escape-sandbox",
            "title": t("captured.frame"),
            "referrerPolicy": "no-referrer",
        },
        class_name=rx.cond(page.narrow, "mail narrow", "mail") + rx.cond(page.dark, " night", ""),
        key=rx.cond(page.dark, "dark", "light"),  # a frame asks for its mode when it is made
    )
    shown = rx.match(
        page.view,
        ("text", pre(page.text, cls="source", tab_index=0)),
        ("source", pre(page.source, cls="source mono", tab_index=0)),
        div(arrived, cls="stage whole"),
    )
    return rx.fragment(card(t("captured.line"), _listed(), sub=t("captured.line.sub"), flush=True), card(None, top, letter, shown, flush=True))


def _phone(*inner: rx.Component) -> rx.Component:
    """A phone on its stage, in the mode that is chosen above it."""
    phone = div(div(div(cls="notch"), *inner, cls="screen"), cls="phone")
    return card(
        None, div(_modes(), cls="tools"), div(phone, cls=rx.cond(CapturePage.dark, "stage dark", "stage light")), flush=True
    )


def _push() -> rx.Component:
    page = CapturePage
    actions = rx.cond(page.actions.length() > 0, div(rx.foreach(page.actions, lambda x: span(x.text, cls="btn sm")), cls="row wrap"))
    notice = div(
        div(
            span(icon("bell", 12), cls="ico sm accent"),
            span(page.sender, cls="cap strong grow clip"),
            span(t("captured.now"), cls="cap faint"),
            cls="row",
        ),
        p(page.title, cls="strong"),
        rx.cond(page.text != "", p(page.text, cls="muted")),
        rx.cond(page.image != "", tag(page.image, "", "image")),
        actions,
        cls="notice",
    )
    return _phone(p(page.hour, cls="hour num"), notice)


def _sms() -> rx.Component:
    page = CapturePage
    parts = rx.cond(
        page.bubbles.length() > 1,
        rx.el.ol(
            rx.foreach(page.bubbles, lambda text, n: rx.el.li(span(n + 1, cls="cap faint num"), p(text, cls="part"), class_name="row top")),
            class_name="parts",
            custom_attrs={"aria-label": t("captured.sms.parts")},
        ),
    )
    talk = div(p(page.sender, cls="cap strong talker"), div(page.text, cls="bubble"), p(page.facts, cls="cap faint num"), cls="talk")
    split = rx.cond(page.bubbles.length() > 1, card(t("captured.sms.parts"), parts, sub=t("captured.sms.parts.sub")))
    return rx.fragment(_phone(talk), split)


def _body() -> rx.Component:
    page = CapturePage
    why = button(t("captured.delivery"), "route", kind="pri", href="/deliveries/" + page.delivery)
    shown = rx.match(page.channel, ("push", _push()), ("sms", _sms()), _mail())
    facts = card(
        t("delivery.facts"),
        kv(
            (t("col.person"), page.user),
            (t("captured.from"), page.sender),
            (t("captured.address"), page.address),
            (t("captured.when"), span(page.when, cls="num")),
        ),
        rx.cond(page.facts != "", p(page.facts, cls="cap muted", style={"margin_top": "12px"})),
        rx.cond(page.foreign != "", p(page.foreign, cls="cap muted")),
        rx.cond(page.link != "", p(page.link, cls="cap mono muted", style={"margin_top": "12px", "overflow_wrap": "anywhere"})),
        foot=t("captured.masked"),
    )
    headers = card(
        t("captured.headers"),
        div(rx.foreach(page.headers, lambda x: div(p(x.value, cls="cap faint"), p(x.text, cls="cap mono raw"))), cls="col g2"),
    )
    whole = rx.fragment(
        page_head(page.title, page.sub, why, badge=span(channel_icon(page.channel, 18), cls="faint")),
        div(
            div(shown, cls="col g4 c8"),
            div(facts, rx.cond(page.headers.length() > 0, headers), cls="col g4 c4"),
            cls="grid",
        ),
    )
    missing = empty("search-x", t("captured.gone"), page.gone, button(t("nav.captured"), href="/captured"))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page("/captured/[capture]", title=t("captured.title") + " · Carillon", on_load=on_page(CapturePage.load))
def capture() -> rx.Component:
    name = rx.cond(CapturePage.title != "", CapturePage.title, t("captured.title"))
    return shell("/captured", [(t("nav.captured"), "/captured"), (name, "")], _body())
