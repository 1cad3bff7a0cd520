"""Two states of one audience beside each other: what is another in a sentence, and two people who changed the same audience. Pure."""

import re
from difflib import SequenceMatcher
from typing import Any

import msgspec

from backend.domain.audience import Rule
from portal.audience_rows import Mark

PARTS = ("name", "description", "rule", "exclude")
FINE = 400  # words on a side that are compared one by one; a longer sentence is shown as one that went and one that came
ISLAND = 2  # words in a row that stayed the same between two changes and say nothing alone
_WORDS = re.compile(r"(?:“[^”]*”|„[^“]*“|\S)+")


# ---- sentences
def marks(before: str, after: str) -> list[Mark]:
    """The second sentence with what came in, and what went out of the first. A value in quotation marks is one word."""
    stop = before.endswith(".") and after.endswith(".")  # the end of both is no change
    old, new = (_WORDS.findall(text[:-1] if stop else text) for text in (before, after))
    if max(len(old), len(new)) > FINE:
        return [Mark(after, "")] if old == new else [Mark(before, "out"), Mark(after, "in")]
    made: list[Mark] = []
    for out, stays, into in _joined(list(SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()), old, new):
        made += [Mark(" ".join(words), kind) for words, kind in ((out, "out"), (into, "in"), (stays, "")) if words]
    if stop and made:
        made[-1] = Mark(made[-1].text + ".", made[-1].kind)
    return made


def _joined(ops: list[Any], old: list[str], new: list[str]) -> list[tuple[list[str], list[str], list[str]]]:
    """(out, stays, in) one after the other; a word or two that stayed between two changes go with them."""
    found: list[tuple[list[str], list[str], list[str]]] = []
    for n, (tag, a, b, c, d) in enumerate(ops):
        stays = old[a:b] if tag == "equal" else []
        if stays and (not 0 < n < len(ops) - 1 or len(stays) > ISLAND):
            found.append(([], stays, []))
        elif found and not found[-1][1]:
            found[-1] = (found[-1][0] + old[a:b], [], found[-1][2] + new[c:d])
        else:
            found.append((old[a:b], [], new[c:d]))
    return found


# ---- two people
class Shape(msgspec.Struct, frozen=True):
    """What can be changed of an audience; `rule` None: of a list."""

    name: str = ""
    description: str = ""
    rule: Rule | None = None
    exclude: tuple[str, ...] = ()


def torn(base: Shape, mine: Shape, theirs: Shape) -> list[str]:
    """The parts that both changed, each in another way."""
    return [key for key in PARTS if _of(mine, key) != _of(base, key) != _of(theirs, key) != _of(mine, key)]


def joined(base: Shape, mine: Shape, theirs: Shape, take: set[str]) -> Shape:
    """Each part from whoever changed it; of those that both changed, `take` are theirs and the others mine."""
    both = set(torn(base, mine, theirs))
    own = {key: _of(mine, key) for key in PARTS if (key not in take if key in both else _of(mine, key) != _of(base, key))}
    return msgspec.structs.replace(theirs, **own)


def _of(shape: Shape, key: str) -> Any:
    return getattr(shape, key)
