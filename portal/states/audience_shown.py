"""An audience on its page: what it is, its tree as rows, its versions, whom it names now; and bringing two people's changes together."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.app.audience_views import AudienceIn, AudienceVersionView, AudienceView, CountIn, CountView
from backend.domain.audience import Rule
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, NotFound, Refusal, Stale, Unauthenticated, Unavailable
from portal import audience_apart as apart
from portal import audience_rule as trees
from portal.audience_apart import Shape
from portal.audience_rows import FormerRow, Mark, MetRow, PartRow, SomeoneRow, TornPart
from portal.audience_words import sentence
from portal.campaign_rows import FactRow
from portal.frame import Frame, tell
from portal.guard import caller
from portal.numbers import percent
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.telling import Teller
from portal.theme import ago, clock, count
from portal.typed import Unread
from portal.wiring import app

if TYPE_CHECKING:
    from portal.states.audience import AudiencePage

ROWS = 25
SAMPLE = 6
FORMER = 20  # versions shown
USED = 20  # campaigns and audiences shown that name this one
TRIES = 3  # to save upon what others keep saving


async def fill(page: "AudiencePage", *, keep: bool = False) -> None:
    """Everything of the page. `keep`: what was changed and not saved yet stays."""
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = page.wrong = ""
    try:
        view = await app().audiences.get(actor, page.key)
        former = await app().audiences.versions(actor, page.key)
        fields = await app().audiences.fields(actor)
        others = (await app().audiences.list(actor, limit=200)).items
        categories = (await app().categories.list(actor)).items
        campaigns = (await app().campaigns.list(actor, limit=100)).items
    except NotFound as refusal:
        page.gone = in_words(refusal, voice.language)
        return
    except Unavailable as away:
        page.trouble = in_words(away, voice.language)
        return
    try:
        groups = (await app().groups.list(actor)).items
    except Forbidden:
        groups = []
    page._kinds = trees.OWN | {one.name: one.kind for one in fields if one.used}
    page.fields = [Choice(name, name) for name in sorted(page._kinds, key=lambda name: (name in trees.OWN, name))]
    if not (keep and page.dirty):  # what was typed stays in the language it was typed in
        page._speech = voice.language
    page.met = [MetRow(one.name, one.values) for one in fields if one.used and one.values]
    page.groups = [Choice(one.key, one.name) for one in groups[:200]]
    page.categories = [Choice(one.key, one.name) for one in categories if one.kind != "essential"]
    page._names = {one.key: one.name for one in others if one.key != page.key}
    page.abouts = [
        Choice("", voice.say("aud.of.any")), *(Choice(f"channel:{one}", voice.channel(one)) for one in CHANNELS),
        *(Choice(f"category:{one.value}", one.text) for one in page.categories),
        *(Choice(f"campaign:{one.key}", voice.say("aud.of.campaign", name=one.name)) for one in campaigns if one.state not in ("draft", "review", "approved")),
    ]  # fmt: skip
    page._called = page._names | {f"group:{one.value}": one.text for one in page.groups} | {f"category:{one.value}": one.text for one in page.categories}
    page._called |= {f"campaign:{one.key}": one.name or one.key for one in campaigns}
    page.former = _former(page, voice, view, former)
    page.used = [_user_of(page, voice, one) for one in view.used_by[:USED]]
    _take(page, view, keep=keep)
    show(page, voice)
    await number(page, voice)
    if page.kind == "list":
        await members(page, voice)


def _user_of(page: "AudiencePage", voice: Teller, one: str) -> Choice:
    """A campaign, or another audience, that names this one."""
    kind, _, key = one.partition(":")
    name = page._called.get(one, key)
    return Choice(f"/campaigns/{key}", voice.say("aud.used.campaign", name=name)) if kind == "campaign" else Choice(f"/audiences/{one}", page._called.get(one, one))


def _former(page: "AudiencePage", voice: Teller, view: AudienceView, versions: Sequence[AudienceVersionView]) -> list[FormerRow]:
    said = [sentence(voice, one.rule, one.exclude, page._called) for one in versions[: FORMER + 1]]
    rows = []
    for n, one in enumerate(versions[:FORMER]):
        before = said[n + 1] if n + 1 < len(said) else said[n]
        by = voice.say("aud.version.by", by=one.by, time=ago(one.at.timestamp(), voice.now, voice.zone, voice.language)) + (f" · {one.note}" if one.note else "")
        marks, first = apart.marks(before, said[n]), n + 1 == len(versions)
        rows.append(FormerRow(one.version, voice.say("aud.version", version=one.version), by, said[n], marks, before == said[n] and not first, one.version == view.version))
    return rows


def _take(page: "AudiencePage", view: AudienceView, *, keep: bool) -> None:
    page.kind, page._used = view.kind, list(view.used_by)
    shape = shape_of(page, view)
    if keep and page.dirty:
        if (shape.rule, shape.exclude) != (page._base.rule, page._base.exclude):
            return  # somebody else saved: the two are brought together when it is saved
    else:
        page._tree, page._out, page.dirty, page._lefts = trees.tree_of(view.rule, page._speech), list(view.exclude), False, []
        page.torn, page.torn_by = [], ""
    page.name, page.description, page.revision, page._base = view.name, view.description, view.revision, shape


def shape_of(page: "AudiencePage", view: AudienceView) -> Shape:
    """What was saved, its rule as the builder would say it, so that it can be told from a changed one."""
    rule = view.rule
    if rule is not None:
        try:
            rule = trees.rule_of(trees.tree_of(rule, page._speech), page._kinds, page._speech)
        except Unread:  # a value that no field of the builder can hold
            rule = view.rule
        page._stored = [*page._stored[-1:], (rule, view.rule)]
    return Shape(view.name, view.description, rule, tuple(view.exclude))


def show(page: "AudiencePage", voice: Teller) -> None:
    """The tree as rows, and the rule read aloud."""
    page.joint, rows, at = page._tree.joint, [], 0
    for path, deep, node in trees.walk(page._tree):
        group, n = trees.parent_of(page._tree, path)
        left = ""
        if deep == 0 and page._tree.joint == "all" and at < len(page._lefts):
            left = voice.say("aud.left", count=count(page._lefts[at], voice.language))
            at += 1
        kind = page._kinds.get(node.name, "text") if node.about == "attribute" else ""
        hint = ("aud.value.numbers" if kind == "number" else "aud.value.list") if node.is_ in trees.LISTED else "aud.value.between" if node.is_ == "between" else "aud.value.date" if kind == "date" else "aud.value"
        rows.append(PartRow(
            path, deep, bool(node.joint), node.joint, node.no, node.about, node.name, node.is_, node.value, node.given, node.did, node.days, node.of, node.times,
            kind, node.is_ in trees.BARE, voice.say(hint), left, n == 0, group is not None and n == len(group.parts) - 1,
        ))  # fmt: skip
    page.parts = rows
    page.exclude = [Choice(key, page._names.get(key, key)) for key in page._out]
    page.others = [Choice(key, name) for key, name in page._names.items() if key not in page._out]
    try:
        rule = trees.rule_of(page._tree, page._kinds, page._speech) if page.kind == "rule" else None
        page.said = sentence(voice, rule, page._out, page._called)
    except Unread:
        page.said = ""


async def changed(page: "AudiencePage", *, ask: bool = True) -> None:
    """After each change: shown, read aloud and counted; held against what somebody else saved."""
    voice = await teller(page)
    page.wrong, page._lefts = "", []
    try:
        page.dirty = shape_now(page) != page._base
    except Unread:
        page.dirty = True
    show(page, voice)
    if ask:
        await number(page, voice)
    if page.torn and page.wrong == "":
        await _beside(page, voice, shape_now(page))


def shape_now(page: "AudiencePage") -> Shape:
    """What is on the page. Raises `Unread` for a value that cannot be read."""
    rule = trees.rule_of(page._tree, page._kinds, page._speech) if page.kind == "rule" else None
    return Shape(page.name, page.description, rule, tuple(page._out))


def given(page: "AudiencePage", voice: Teller) -> Shape | None:
    """The same; None when a value cannot be read, which is said."""
    try:
        return shape_now(page)
    except Unread as wrong:
        page.wrong = voice.say(wrong.key, **wrong.values)
        return None


# ---- whom it names
async def number(page: "AudiencePage", voice: Teller) -> None:
    """How many it names now, saved or not."""
    asked = given(page, voice)
    page.people, page.nobody, page.everybody, page.reach, page.sample = "", False, False, [], []
    if asked is None:
        return
    try:
        if page.dirty and page.kind == "rule":
            found = await app().audiences.count(caller(), CountIn(asked.rule, list(asked.exclude), steps=True, sample=SAMPLE))
        else:
            found = await app().audiences.count_of(caller(), page.key, steps=True, sample=SAMPLE)
    except (Forbidden, Unauthenticated):
        raise
    except Refusal as refusal:
        page.wrong = in_words(refusal, voice.language)
        return
    _counted(page, voice, found)


def _counted(page: "AudiencePage", voice: Teller, found: CountView) -> None:
    language = voice.language
    page.people = count(found.count, language)
    page.share = voice.say("aud.count.of", share=percent(found.count, found.everybody, language), all=count(found.everybody, language))
    page.nobody, page.everybody = found.count == 0 and page.kind == "rule", 1 < found.everybody == found.count and page.kind == "rule"
    page.reach = [FactRow(voice.channel(channel), count(n, language), "") for channel, n in found.channels.items()]
    page._lefts = found.steps
    page.sample = [
        SomeoneRow(one.user, one.name or one.user, ", ".join(f"{name}: {value}" for name, value in list(one.attributes.items())[:4])[:200], one.local_time, one.timezone)
        for one in found.sample
    ]
    page.may_see = bool(found.sample) or found.count == 0
    show(page, voice)


async def members(page: "AudiencePage", voice: Teller) -> None:
    """Who is on the list, from where the reader is."""
    after = page._cursors[-1] if page._cursors else ""
    try:
        found = await app().audiences.members(caller(), page.key, after=after, limit=ROWS)
    except Forbidden:  # who may not see people sees how many there are
        page.members, page.may_see = [], False
        return
    page.members, page._next = found.items, found.next or ""
    start = len(page._cursors) * ROWS
    numbers = {"first": count(start + 1, voice.language), "last": count(start + len(page.members), voice.language)}
    page.place = voice.say("page.rows", **numbers) if page.members else voice.say("page.none")
    page.first, page.last = not page._cursors, found.next is None


# ---- saving, and two people on one audience
async def save(page: "AudiencePage", mine: Shape) -> tuple[AudienceView | None, str]:
    """Hand it in upon the revision that was read. Who else changed it meanwhile is brought together with it: then the second is who that was.
    None when it cannot be saved: what is wrong, or what both changed, is on the page, and nothing typed is lost."""
    voice, met, both, revision = await teller(page), "", mine, page.revision
    for _ in range(TRIES):
        asked = AudienceIn(both.name, page.kind, _as_stored(page, both.rule), list(both.exclude), both.description)  # type: ignore[arg-type]
        try:
            return await app().audiences.put(caller(), page.key, asked, revision), met
        except Stale:
            theirs = await app().audiences.get(caller(), page.key)
            shape = shape_of(page, theirs)
            if apart.torn(page._base, mine, shape):
                await _tear(page, voice, theirs, mine)
                return None, ""
            both, met, revision = apart.joined(page._base, mine, shape, set()), theirs.changed_by, theirs.revision
        except (Forbidden, Unauthenticated, Unavailable):
            raise
        except Refusal as refusal:
            page.wrong = in_words(refusal, voice.language)
            return None, ""
    page.wrong = voice.say("aud.torn.again")
    return None, ""


def _as_stored(page: "AudiencePage", rule: Rule | None) -> Rule | None:
    """A rule that nobody changed goes back letter by letter, so that it makes no version."""
    return next((stored for said, stored in page._stored if said == rule), rule)


async def _tear(page: "AudiencePage", voice: Teller, theirs: AudienceView, mine: Shape) -> None:
    page._theirs, page._their_revision = shape_of(page, theirs), theirs.revision
    page.torn_by = voice.say("aud.torn", who=theirs.changed_by, time=clock(theirs.changed_at.timestamp(), voice.zone)[:5])
    page.torn = []
    await _beside(page, voice, mine)
    tell(await page.get_state(Frame), "failed", voice.say("aud.torn.not_saved"), page.torn_by + ".")


async def _beside(page: "AudiencePage", voice: Teller, mine: Shape) -> None:
    """Mine and theirs, each marked where it is another than what both began with."""
    picked, base, theirs, rows = {row.key: row.pick for row in page.torn}, page._base, page._theirs, []
    for key in apart.torn(base, mine, theirs):
        was, own, other = (_words(page, voice, shape, key) for shape in (base, mine, theirs))
        numbers = [await _many(page, shape) if key in ("rule", "exclude") and shape.rule is not None else "" for shape in (mine, theirs)]
        marked = [apart.marks(was, text) if key == "rule" else [Mark(text, "")] for text in (own, other)]
        rows.append(TornPart(key, voice.say(f"aud.torn.{key}"), *marked, *(voice.say("aud.torn.count", count=n) if n else "" for n in numbers), picked.get(key, "mine")))
    page.torn = rows
    if not rows:  # what was left of my change is what they saved
        page._base, page.revision, page.torn_by = theirs, page._their_revision, ""


def _words(page: "AudiencePage", voice: Teller, shape: Shape, key: str) -> str:
    if key == "rule":
        return sentence(voice, shape.rule, [], page._called)
    if key == "exclude":
        return voice.listed([page._names.get(one, one) for one in shape.exclude]) or voice.say("aud.exclude.none")
    return str(getattr(shape, key)) or "–"


async def _many(page: "AudiencePage", shape: Shape) -> str:
    """How many people a rule names, "" when it cannot be asked."""
    voice = await teller(page)
    try:
        found = await app().audiences.count(caller(), CountIn(shape.rule, list(shape.exclude)))
    except (Forbidden, Unauthenticated):
        raise
    except Refusal:
        return ""
    return count(found.count, voice.language)

