"""Settings: what holds for everybody unless they say otherwise, what this installation runs on, and its version."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.views import PreferencesIn, QuietHoursIn
from backend.domain.delivery import CHANNELS
from backend.domain.durations import span_of
from backend.domain.errors import Invalid, Refusal, Unavailable
from portal.components.controls import button, field, text_input
from portal.components.elements import a, button_el, code, div, icon, input_el, label, legend, p, span, tbody, td, tr
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, tag
from portal.components.surfaces import card, kv, note
from portal.components.table import table
from portal.components.text import t
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.shell import page_head, shell
from portal.theme import count, moment
from portal.wiring import app

PATH = "/settings"
FREQUENCIES = ("each", "daily", "weekly")
MAY = Frame.may.contains("content.write")
RUNS = Frame.may.contains("operate")


@dataclass
class SettingRow:
    """A variable, its value and where that comes from."""

    name: str
    value: str
    source: str


@dataclass
class EngineRow:
    """An engine; `said` what is wrong with it, or how fast it answered."""

    name: str
    kind: str
    well: bool
    said: str


@dataclass
class KeptRow:
    """What is kept, for how long."""

    what: str
    how_long: str


class SettingsPage(rx.State):
    """The defaults as they are edited, and the installation as it is."""

    start: str = ""
    end: str = ""
    days: list[int] = []
    quiet: bool = False
    frequency: str = "each"
    off: list[str] = []  # channels that are off unless somebody turns them on
    problem: str = ""
    round: int = 0
    settings: list[SettingRow] = []
    engines: list[EngineRow] = []
    kept: list[KeptRow] = []
    purged: str = ""
    version: str = ""
    python: str = ""
    licence: str = ""
    demo: bool = False  # its events still come
    trouble: str = ""

    @guarded("content.read", page=True)
    async def load(self) -> None:
        await _fill(self)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load, or to ask the engines once more."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def day(self, which: int) -> None:
        """A day on which the quiet time begins, on or off; 0 is Monday."""
        if which in range(7):
            self.days = sorted({*self.days} ^ {which})

    @guarded("content.write")
    async def save(self, form: dict[str, Any]) -> None:
        """The defaults, for everybody at once."""
        self.problem = ""
        spans = None
        if form.get("quiet"):
            spans = [QuietHoursIn(str(form.get("start", ""))[:5], str(form.get("end", ""))[:5], list(self.days))]
        wanted = {channel: (None if form.get(f"channel:{channel}") else False) for channel in CHANNELS}
        frequency = str(form.get("frequency", ""))
        chosen: Any = frequency if frequency in FREQUENCIES and frequency != "each" else None
        try:
            if spans and not all(_is_time(text) for text in (spans[0].start, spans[0].end)):
                raise Invalid((await teller(self)).say("settings.times"))
            await app().preferences.put_of_space(caller(), PreferencesIn(channels=wanted, quiet_hours=spans, frequency=chosen))
        except Unavailable:
            raise
        except Refusal as refusal:
            self.problem = in_words(refusal)
            return
        await _defaults(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("settings.saved"))


def _is_time(text: str) -> bool:
    hours, _, minutes = text.partition(":")
    return len(text) == 5 and hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60


async def _fill(page: SettingsPage) -> None:
    page.trouble, page.problem = "", ""
    voice, frame = await teller(page), await page.get_state(Frame)
    try:
        await _defaults(page)
        if "operate" not in frame.may:
            page.settings, page.engines = [], []
            return
        view = await app().about.describe(caller())
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    page.version, page.python, page.licence, page.demo = view.version, view.python, view.licence, view.demo
    page.settings = [SettingRow(one.name, one.value or "–", voice.say(f"settings.from.{one.source}")) for one in view.settings]
    page.engines = [
        EngineRow(
            voice.say(f"settings.engine.{one.name}"), one.kind, one.well, one.said or voice.say("settings.answered", span=span_of(one.took, voice.language))
        )
        for one in view.engines
    ]  # fmt: skip
    page.purged = voice.say("settings.purged.none")
    if view.purged is not None:
        at, rows, days = moment(view.purged, voice.zone, voice.language), count(view.purged_rows, voice.language), count(view.purged_days, voice.language)
        page.purged = voice.say("settings.purged", at=at, rows=rows, days=days)
    page.kept = [
        KeptRow(
            voice.say(f"settings.kept.{one.what}"), voice.say("settings.days", count=one.days) if one.days else voice.say("settings.forever")
        )
        for one in view.kept
    ]  # fmt: skip


async def _defaults(page: SettingsPage) -> None:
    wishes = await app().preferences.of_space(caller())
    span = wishes.quiet_hours[0] if wishes.quiet_hours else None
    page.quiet = span is not None
    page.start, page.end = (span.start, span.end) if span else ("22:00", "07:00")
    page.days = list(span.days) if span else list(range(7))
    page.frequency = wishes.frequency or "each"
    page.off = [channel for channel in CHANNELS if wishes.channels.get(channel) is False]
    page.round += 1


def _day(which: int) -> rx.Component:
    pressed = rx.cond(SettingsPage.days.contains(which), "true", "false")
    return button_el(
        t(f"settings.day.{which}"), type="button", cls="day", aria_pressed=pressed, title=t(f"settings.day.{which}.long"), disabled=~MAY,
        on_click=SettingsPage.day(which),
    )  # fmt: skip


def _everybody() -> rx.Component:
    page = SettingsPage
    quiet = rx.el.fieldset(
        legend(t("settings.quiet")),
        div(
            label(
                input_el(type="checkbox", cls="switch", role="switch", name="quiet", default_checked=page.quiet, disabled=~MAY),
                div(span(t("settings.quiet.on")), span(t("settings.quiet.text"), cls="cap muted"), cls="col grow"),
                cls="opt",
            ),
            div(
                field(t("settings.start"), text_input("q-start", name="start", type="time", default_value=page.start, disabled=~MAY)),
                field(t("settings.end"), text_input("q-end", name="end", type="time", default_value=page.end, disabled=~MAY)),
                cls="grid2",
            ),
            div(*[_day(n) for n in range(7)], cls="row wrap", role="group", aria_label=t("settings.days.name")),
            cls="col g3",
        ),
        class_name="field",
    )

    def often(which: str) -> rx.Component:
        box = input_el(
            type="radio", cls="check radio", name="frequency", value=which, default_checked=page.frequency == which, disabled=~MAY
        )
        return label(box, span(t(f"settings.often.{which}")), cls="opt")

    frequency = rx.el.fieldset(
        legend(t("settings.often")), div(*[often(which) for which in FREQUENCIES], cls="grid3"), p(t("settings.often.text"), cls="hint"), class_name="field"
    )

    def channel(name: str) -> rx.Component:
        box = input_el(
            type="checkbox", cls="check", name=f"channel:{name}", default_checked=~page.off.contains(name), disabled=~MAY
        )
        return label(box, channel_icon(name), span(t(f"channel.{name}")), cls="opt")

    channels = rx.el.fieldset(
        legend(t("settings.channels")), div(*[channel(name) for name in CHANNELS], cls="grid2c"), p(t("settings.channels.text"), cls="hint"), class_name="field"
    )
    wrong = rx.cond(page.problem != "", note("failed", "circle-alert", t("settings.refused"), page.problem))
    form = rx.el.form(
        wrong, quiet, frequency, channels, rx.cond(MAY, div(button(t("senders.save"), "check", kind="pri", type="submit"), cls="row formacts")),
        on_submit=page.save, key=page.round.to_string(), class_name="col g4",
    )  # fmt: skip
    foot = span(t("settings.caps"), " ", a(t("settings.caps.act"), href="/categories", cls="link"))
    return card(t("settings.everybody"), form, sub=t("settings.everybody.sub"), foot=foot)


def _engine(row: EngineRow) -> rx.Component:
    state = rx.cond(row.well, tag(t("settings.well"), "delivered"), tag(t("settings.away"), "failed"))
    return rx.el.li(
        div(div(span(row.name, cls="strong"), span(row.kind, cls="cap muted"), cls="row"), p(row.said, cls="cap faint"), cls="grow"), state
    )


def _setting(row: SettingRow) -> rx.Component:
    return tr(
        td(code(row.name, cls="mono"), cls="full"), td(code(row.value, cls="mono settingvalue"), cls="full"), td(span(row.source, cls="muted"))
    )


def _installation() -> list[rx.Component]:
    page = SettingsPage
    engines = card(
        t("settings.engines"), rx.el.ul(rx.foreach(page.engines, _engine), class_name="list"), sub=t("settings.engines.sub"),
        actions=[button("", "refresh-cw", kind="ghost sm", name=t("settings.ask"), on_click=page.again)], flush=True,
    )  # fmt: skip
    about = card(
        t("settings.about"),
        kv(
            (t("settings.version"), span("Carillon ", page.version, cls="num")), (t("settings.python"), span(page.python, cls="num")),
            (t("settings.licence"), page.licence), (t("settings.demo"), rx.cond(page.demo, t("settings.on"), t("settings.off"))),
        ),
        actions=[rx.cond(Frame.demo & Frame.may.contains("accounts.write"), button(t("demo.real"), "rocket", kind="sm", href="/start"))],
    )  # fmt: skip
    kept = card(
        t("settings.kept"),
        rx.el.dl(rx.foreach(page.kept, lambda k: rx.fragment(rx.el.dt(k.what), rx.el.dd(k.how_long, class_name="num nowrap"))), class_name="kv keptfor"),
        p(t("settings.kept.why"), cls="hint"),
        foot=span(page.purged),
    )
    return [engines, about, kept]


def _values() -> rx.Component:
    heads = [(t("settings.name"), ""), (t("settings.value"), ""), (t("settings.source"), "")]
    rows = table(heads, tbody(rx.foreach(SettingsPage.settings, _setting)), name=t("settings.values"))
    foot = span(icon("terminal", 14), t("settings.values.foot"), cls="row")
    return card(t("settings.values"), rows, sub=t("settings.values.sub"), foot=foot, flush=True)


@rx.page(PATH, title=t("settings.title") + " · Carillon", on_load=on_page(SettingsPage.load))
def settings() -> rx.Component:
    body = div(
        div(_everybody(), cls=rx.cond(RUNS, "c7", "c8")),
        rx.cond(RUNS, div(*_installation(), cls="col g4 c5")),
        rx.cond(RUNS, div(_values(), cls="c12")),
        cls="grid",
    )
    return shell(
        PATH,
        [(t("group.settings"), ""), (t("nav.settings"), "")],
        page_head(t("settings.title"), t("settings.sub")),
        page_body(SettingsPage.trouble, SettingsPage.again, waiting_cards(), body),
    )
