"""Consent by kind of category: marketing needs a recorded yes, service lasts until a recorded no, essential does not ask."""

from typing import Literal

from backend.domain.category import Category
from backend.domain.person import Person

Refused = Literal["no_consent", "unsubscribed"]


def refusal(person: Person, category: Category) -> Refused | None:
    """The reason code that forbids this category for this person, or None. The latest recorded answer counts."""
    if category.kind == "essential":
        return None
    given = person.consents.get(category.key)
    if given is False:
        return "unsubscribed"
    if category.kind == "marketing" and given is not True:
        return "no_consent"
    return None
