"""What the pages behind signed links change: leaving a category in degrees, hosted preferences, and the way back from each.

The token is the permission: whoever holds one holds the mail it came with. Every change answers with the change that takes it
back; the page carries that in its form, so that nothing is kept here for people who may never return.
"""

import msgspec

from backend.app.base import Aggregate
from backend.app.person_checks import check_locale, check_zone
from backend.app.views import LinkView, PersonIn, PreferencesIn
from backend.app.wishes import MatrixRow, MatrixView
from backend.domain.errors import Invalid, NotFound
from backend.security.links import Link
from backend.security.roles import Actor

WEB = "web"
_BACK = ("matrix", "consents")  # what the way back from an unsubscribe page may name


class LeavingView(msgspec.Struct):
    """What an unsubscribe page may show. `still`: names of what arrives further on; `offers`: marketing that is still on.

    `fewer`: the category can be kept in the inbox alone. `preferences`: token of the person's hosted preferences, "" for nobody.
    """

    link: LinkView
    still: list[str] = []
    offers: list[str] = []
    fewer: bool = False
    preferences: str = ""


class HostedView(msgspec.Struct):
    """What a hosted preferences page may show."""

    brand: str
    matrix: MatrixView
    paused_until: float  # seconds, 0 when not
    timezone: str
    locale: str


class Hosted(Aggregate):
    """See the module. Errors of every call: `LinkInvalid`, `LinkExpired`; of changes also `NotFound` when nobody is behind it."""

    async def leaving(self, token: str) -> LeavingView:
        """What the page says; changes nothing."""
        view = LeavingView(await self.app.links.describe(token, "u"))
        try:
            actor = await self.app.links.person(token, "u")
        except NotFound:
            return view
        matrix = await self.app.preferences.matrix(actor, actor.subject)
        others = [row for row in matrix.rows if row.category != view.link.category]
        view.still = [row.name for row in others if _reaches(row)]
        view.offers = [row.category for row in others if row.kind == "marketing" and _reaches(row)]
        mine = _row(matrix, view.link.category)
        view.fewer = mine is not None and not mine.locked and WEB in mine.channels and any(_elsewhere(mine))
        view.preferences = self.app.signed.make("p", Link(actor.space, person=actor.person))
        return view

    async def ways_on(self, token: str) -> tuple[str, str]:
        """From the page that says why: tokens of the unsubscribe page ("" where nothing can be left) and of the preferences."""
        link = self.app.signed.read("y", token, self.app.clock.now())
        person, category, kind = await self.app.store.read(lambda tx: self.app.links.behind(tx, link))
        if not person:
            return "", ""
        leave = self.app.signed.make("u", Link(link.space, link.delivery, person, category)) if kind not in ("", "essential") else ""
        return leave, self.app.signed.make("p", Link(link.space, person=person))

    async def take_back(self, token: str) -> None:
        """After an unsubscribe: the category is wanted again."""
        actor, link = await self._leaver(token)
        if not link.opted_out:
            return
        await self._put(actor, PreferencesIn(consents={link.category: True}), "unsubscribe page, taken back")

    async def fewer(self, token: str) -> PreferencesIn:
        """The category in the inbox alone; the way back. Raises `Invalid` where there is no inbox to keep it in."""
        actor, link = await self._leaver(token)
        row = _row(await self.app.preferences.matrix(actor, actor.subject), link.category)
        if row is None or row.locked or WEB not in row.channels:
            raise Invalid("This cannot be kept in the app alone. Turn it off, or choose in your preferences.")
        given = PreferencesIn(matrix={row.category: {channel: channel == WEB for channel in row.channels}})
        if link.opted_out:
            given.consents = {row.category: True}
        return await self._put(actor, given, "unsubscribe page, in the app alone")

    async def stop_all(self, token: str) -> PreferencesIn:
        """Every marketing category on every channel; the way back."""
        actor, _ = await self._leaver(token)
        matrix = await self.app.preferences.matrix(actor, actor.subject)
        offers = {row.category: False for row in matrix.rows if row.kind == "marketing" and row.consent is not False}
        return await self._put(actor, PreferencesIn(consents=offers), "unsubscribe page, all marketing")

    async def restore(self, token: str, back: PreferencesIn) -> None:
        """The way back that `fewer` or `stop_all` gave. Raises `Invalid` for anything else."""
        actor, _ = await self._leaver(token)
        if any(getattr(back, name) is not msgspec.UNSET for name in back.__struct_fields__ if name not in _BACK):
            raise Invalid("This form takes back what was changed here, and nothing else. Open your preferences for the rest.")
        await self._put(actor, back, "unsubscribe page, taken back")

    async def preferences(self, token: str) -> HostedView:
        """All of a person's wishes, with where each comes from."""
        actor = await self.app.links.person(token)
        link = await self.app.links.describe(token, "p")
        matrix = await self.app.preferences.matrix(actor, actor.subject)
        paused = (await self.app.preferences.get(actor, actor.subject)).paused_until
        until = paused.timestamp() if paused else 0.0
        return HostedView(link.brand, matrix, until if until > self.app.clock.now() else 0.0, actor.timezone, actor.locale)

    async def save(self, token: str, given: PreferencesIn, person: PersonIn) -> tuple[PreferencesIn, PersonIn]:
        """Change wishes, and zone or language; the way back. Errors as `preferences.put` and `people.put`."""
        actor = await self.app.links.person(token)
        was = PersonIn()
        if person.timezone is not msgspec.UNSET:
            check_zone(person.timezone)
            was.timezone = actor.timezone
        if person.locale is not msgspec.UNSET:
            check_locale(person.locale)
            was.locale = actor.locale
        back = PreferencesIn() if given == PreferencesIn() else await self._put(actor, given, "hosted preferences page")
        if was != PersonIn():
            await self.app.people.put(actor, actor.subject, PersonIn(timezone=person.timezone, locale=person.locale))
        return back, was

    async def _leaver(self, token: str) -> tuple[Actor, LinkView]:
        return await self.app.links.person(token, "u"), await self.app.links.describe(token, "u")

    async def _put(self, actor: Actor, given: PreferencesIn, evidence: str) -> PreferencesIn:
        return (await self.app.preferences.put_back(actor, actor.subject, given, evidence=evidence))[1]



def _row(matrix: MatrixView, category: str) -> MatrixRow | None:
    return next((row for row in matrix.rows if row.category == category), None)


def _reaches(row: MatrixRow) -> bool:
    return any(cell.wanted for cell in row.channels.values())


def _elsewhere(row: MatrixRow) -> list[str]:
    """Channels besides the inbox that it comes over, or would if it were on."""
    return [channel for channel, cell in row.channels.items() if channel != WEB and (cell.wanted or cell.source == "consent")]
