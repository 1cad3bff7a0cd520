"""Which mails are followed, and the addresses that stand in them then: /c/{token} before each link's target, /o/{token}.gif for the picture.

A token is bound to its target, so it opens no way to anywhere else (backend/security/links.py).
"""

from functools import lru_cache
from urllib.parse import quote, urlsplit

from backend.domain import preference
from backend.domain.decision import Facts
from backend.domain.delivery import Delivery
from backend.domain.errors import LinkUnsafe
from backend.domain.follow import Follow
from backend.domain.links import check_link
from backend.domain.template import TEST
from backend.security.links import Link, Links, target_hash

OURS = ("u", "p", "y", "c", "o")  # what is behind our own links stays as it is: leaving must not be counted as reading
NEAR = ("localhost", "127.0.0.1", "::1")  # nobody has said yet under which address people reach us


class Following:
    """Makes the `Follow` of each mail. `base`: the address under which people reach us."""

    def __init__(self, links: Links, base: str) -> None:
        self._links, self._base = links, base
        self._near = urlsplit(base).hostname in NEAR
        self._ours = tuple(f"{base}/{way}/" for way in OURS)
        self._known = lru_cache(4_096)(self._target)  # most targets stand in many mails

    def of(self, delivery: Delivery, facts: Facts, *, test: bool = False, leaves: bool = False) -> Follow | None:
        """None for a mail that is not followed: its category or its person wants none, somebody sent it to themselves as a test, its space is in test
        mode, or it `leaves` the house while people elsewhere could not reach us: every one of its links would be dead."""
        if test or (leaves and self._near) or not facts.category.tracking or delivery.template.endswith(TEST) or not preference.tracked(facts.person, facts.space_wishes)[0]:
            return None
        space, made, person = delivery.space, delivery.id, delivery.person
        picture = self._links.make("o", Link(space, made, person))

        def link(target: str) -> str | None:
            known = self._known(target)
            if known is None:
                return None
            token = self._links.make("c", Link(space, made, person, target=known[0]))
            return f"{self._base}/c/{token}{known[1]}"

        html = f'<img src="{self._base}/o/{picture}.gif" width="1" height="1" alt="" style="display:block;border:0">'
        return Follow(link, html)

    def _target(self, target: str) -> tuple[bytes, str] | None:
        """Its hash, and how it is written behind the token; None for what is left alone."""
        try:
            checked = check_link(target)
        except LinkUnsafe:
            return None
        if checked.startswith(self._ours):
            return None
        return target_hash(checked), f"?to={quote(checked, safe='')}"
