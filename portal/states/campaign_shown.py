"""The builder's draft on its screen: fields, channels, messages, moments, and what can be chosen."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from typing import Any

from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal import campaign_draft as drafts
from portal import campaign_plan as plans
from portal.campaign_rows import ChannelPick, FactRow, VariantRow
from portal.guard import caller
from portal.overview_rows import Part
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.telling import Teller
from portal.theme import count
from portal.typed import field_text
from portal.wiring import app

NAMES_ASKED = 200
SHOWN = 50
NUMBERS = ("pace", "gain", "share", "holdout", "days", "unsubscribed", "complained", "bounced")


async def choices(page: Any, actor: Any) -> None:
    voice = await teller(page)
    known = (await app().categories.list(actor)).items
    page.categories = [Choice(one.key, one.name) for one in known if one.kind != "activity"][:SHOWN]
    page._usual = {one.key: list(one.channels) for one in known}
    templates: list[Any] = []
    after = ""
    while len(templates) < NAMES_ASKED:
        found = await app().templates.list(actor, after=after, limit=100)
        templates += found.items
        if not found.next:
            break
        after = found.next
    page.templates = [Choice(one.key, one.name or one.key) for one in templates if one.published]
    page._says = {one.key: _says(one) for one in templates}
    page._reads = {one.key: [(v.name.removeprefix("data."), v.required) for v in one.variables if v.name.startswith("data.") and "[" not in v.name] for one in templates}
    page.audiences = [Choice(one.key, one.name or one.key) for one in (await app().audiences.list(actor, limit=200)).items]
    page.category_note = voice.say("cedit.category.hint")


def in_language(voice: Teller, number: str) -> str:
    """A number of a field as the reader writes it."""
    return field_text(float(number), voice.language) if number else ""


def _says(template: Any) -> tuple[str, str, set[str]]:
    """What a template says first, and where it says anything."""
    content = template.draft
    speaks = {channel for channel in CHANNELS if content.on(channel) is not None}
    first = next((part for channel in ("email", "push", "web", "sms") if (part := content.on(channel)) is not None), None)
    title = getattr(first, "subject", "") or getattr(first, "title", "") or getattr(first, "text", "")
    under = getattr(first, "preheader", "") or getattr(first, "body", "")
    return str(title)[:200], str(under)[:200], speaks


async def show(page: Any) -> None:
    """The draft on the screen."""
    voice, draft = await teller(page), page._held
    body = draft.body
    kept = {name: page.form[name] for name, wrong in page.problems.items() if wrong and name in page.form}
    page.form = {**drafts.form_of(draft, voice.zone), **kept}
    page.form |= {name: in_language(voice, page.form[name]) for name in NUMBERS if name not in kept}
    page.name = draft.name or page.key
    page.kind, page.own, page.windowed = body.timing.kind, body.timing.zone == drafts.OWN, body.timing.window is not None
    page.days = list(body.timing.window.days) if body.timing.window else []
    page.approval = body.approval
    page.useless = "" if body.timing.expires in drafts.EXPIRES else plans.expires(voice, body.timing.expires)
    trial = body.experiment or drafts.Experiment()
    page.several, page.trying = len(body.variants) > 1, body.experiment is not None and drafts.needed(body, body.experiment)
    page.metric = trial.metric
    page.guards = {name: getattr(trial.guardrails, name) > 0 for name in ("unsubscribed", "complained", "bounced")}
    _show_channels(page, voice)
    _show_variants(page, voice)
    names = {one.value: one.text for one in page.audiences}
    page.exclude = [Choice(key, names.get(key, key)) for key in body.exclude]
    for key, row in ((body.category, page.categories), (body.audience, page.audiences)):
        if key and all(one.value != key for one in row):
            row.append(Choice(key, key))  # gone, or one of many
    await _show_times(page, voice)
    page.plan = plans.plan(voice, body, page._people if page._people >= 0 else None, page._cost)


def _show_channels(page: Any, voice: Teller) -> None:
    chosen = list(page._held.body.channels or page._usual_ones())
    rows = [ChannelPick(one, voice.channel(one), True, count(n + 1), n == 0, n == len(chosen) - 1) for n, one in enumerate(chosen)]
    page.channels = rows + [ChannelPick(one, voice.channel(one), False, "", True, True) for one in CHANNELS if one not in chosen]


def _show_variants(page: Any, voice: Teller) -> None:
    body = page._held.body
    chosen = list(body.channels or page._usual_ones())
    rows = []
    for n, one in enumerate(body.variants):
        title, text, speaks = page._says.get(one.template, ("", "", set()))
        mute = [voice.channel(channel) for channel in chosen if channel not in speaks] if one.template in page._says else []
        said = voice.say("cedit.mute", channels=voice.listed(mute)) if mute else ""
        rows.append(VariantRow(plans.letter(n), one.name, one.template, title, text, in_language(voice, drafts.plain(one.weight)), n, n == 0, said, f"/templates/{one.template}" if one.template else ""))
    reads = {name: False for one in body.variants for name, _ in page._reads.get(one.template, ())}
    for one in body.variants:
        reads |= {name: True for name, needed in page._reads.get(one.template, ()) if needed}
    page.values = [FactRow(name, drafts.value_of(body.data, name), voice.say("cedit.value.must") if must else "") for name, must in sorted(reads.items())][:SHOWN]
    page.variants, page.full = rows[: drafts.VARIANTS], len(rows) >= drafts.VARIANTS  # a program may have made more: they are kept, and said to be too many
    together = drafts.weights_of(body)
    page.weights = "" if together == 100 else voice.say("cedit.weights", sum=plans.plain_percent(voice, together))
    for one in body.variants:
        if one.template and all(choice.value != one.template for choice in page.templates):
            page.templates.append(Choice(one.template, one.template))


async def _show_times(page: Any, voice: Teller) -> None:
    """The moment of one that goes once, or the next five of one that goes again and again."""
    timing = page._held.body.timing
    page.at, page.odd, page.times = "", "", []
    if timing.kind == "at":
        page.at, page.odd = plans.resolved(voice, timing)
    elif timing.kind == "recurring":
        try:
            ahead = await app().schedules.preview(caller(), timing.cron, timing.zone)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            page.odd = in_words(refusal)
            return
        page.times = [plans.moment_in(voice, at) for at in ahead]


def bars(pairs: list[tuple[Part, str, str]]) -> tuple[list[Part], list[FactRow]]:
    """A bar and its legend."""
    return [part for part, _, _ in pairs], [FactRow(name, n, part.hue) for part, name, n in pairs]
