"""The word catalogue: every phrase of the portal, by key and language.

A room of the portal with many words has a module of its own here, with `EN` and `DE`, named in `_ROOMS`.
"""

from types import ModuleType

from portal.words import (
    analytics,
    audience_rules,
    audiences,
    browser,
    campaign_delivery,
    campaign_edit,
    campaign_page,
    campaign_plan,
    campaigns,
    de,
    de_pages,
    dead,
    desk,
    en,
    en_pages,
    engagement,
    engine,
    experiments,
    imports,
    kit,
    members,
    operate,
    own,
    person,
    provider_forms,
    providers,
    schedules,
    sending,
    settings,
    shelf,
    shifts,
    staff,
    starting,
    studio,
)

LANGUAGES = ("en", "de")
_ROOMS: tuple[ModuleType, ...] = (
    analytics,
    audience_rules,
    audiences,
    browser,
    campaign_delivery,
    campaign_edit,
    campaign_page,
    campaign_plan,
    campaigns,
    kit,
    dead,
    desk,
    engagement,
    engine,
    experiments,
    imports,
    own,
    person,
    provider_forms,
    providers,
    staff,
    members,
    operate,
    schedules,
    sending,
    settings,
    shelf,
    shifts,
    starting,
    studio,
)
_PHRASES = {"en": en.PHRASES | en_pages.PHRASES, "de": de.PHRASES | de_pages.PHRASES}
for _room in _ROOMS:
    _PHRASES["en"] |= _room.EN
    _PHRASES["de"] |= _room.DE


def phrase(language: str, key: str) -> str:
    """The phrase with its placeholders. Raises `KeyError` for an unknown key: a page with a gap must not be built."""
    return _PHRASES[language][key]


def known(key: str) -> bool:
    """Whether the catalogue has this phrase: for words of others, as providers' codes, that need not be in it."""
    return key in _PHRASES["en"]


def say(language: str, key: str, /, **values: object) -> str:
    """The phrase with values put in. A key ending in a count has a form `.one` beside it, used when `count` is 1, as a number or formatted."""
    phrases = _PHRASES.get(language, _PHRASES["en"])
    if values.get("count") in (1, "1") and f"{key}.one" in phrases:
        key = f"{key}.one"
    return phrases[key].format(**values)


def language_of(locale: str) -> str:
    """`de-AT` -> `de`; English for a language the catalogue does not have."""
    short = locale.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else "en"


def preferred(accept_language: str) -> str:
    """The first language of an Accept-Language header (RFC 9110, 12.5.4) that the catalogue has, by weight."""
    weighed = []
    for place, part in enumerate(accept_language[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag.split("-")[0].lower()))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(weighed) if tag in LANGUAGES), "en")
