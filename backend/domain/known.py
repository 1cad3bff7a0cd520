"""Under which key a provider is known to router, guard, attempts, metrics and the address of its hook: its own within the first space, `<space>.<key>`
within another one. Pure."""

import re

MAIN = 1  # the first space
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_RESERVED = re.compile(r"smtp(-[0-9]+)?|capture-.*|none|off|new")  # of providers that stand in no table, and of a page
_KNOWN = re.compile(r"(?:([0-9]{1,5})\.)?([a-z0-9-]{1,40})")


def is_key(key: str) -> bool:
    """Whether a provider of a space may have it: up to 40 small letters, digits and hyphens."""
    return bool(_KEY.fullmatch(key))


def is_reserved(key: str) -> bool:
    """Whether it belongs to one that comes from the settings, or to capture."""
    return bool(_RESERVED.fullmatch(key))


def known_as(space: int, key: str) -> str:
    """The key by which everybody but its own space knows it."""
    return key if space == MAIN else f"{space}.{key}"


def owner_of(known: str) -> tuple[int, str] | None:
    """(space, key) of what `known_as` made; None for anything else."""
    found = _KNOWN.fullmatch(known)
    if found is None or found[1] == str(MAIN) or (found[1] or "1")[0] == "0":
        return None
    return int(found[1] or MAIN), found[2]
