"""The rule builder's tree: a rule as nodes that can be added, taken away and moved, and back. Pure.

A node is a group ("all" or "any" of its parts, or none of them: `no`) or a condition (`no`: its opposite). Its place is a path like "0.2": part 2
of part 0 of the outermost group, whose path is "".
"""

import re
from dataclasses import dataclass, field
from typing import Any

from backend.domain import audience as rules
from backend.domain.audience import Rule
from portal.typed import Unread, field_text, number_of, whole_of

DEEP = 4  # groups within each other that the page can show
PARTS = 40  # conditions of one page
NUMBERED = ("more", "less", "between")
LISTED = ("one_of", "none_of")
BARE = ("present", "absent")
FITS = {
    "text": ("equals", "differs", "one_of", "none_of", "contains", "begins", "present", "absent"),
    "number": ("equals", "differs", "more", "less", "between", "present", "absent"),
    "flag": ("equals", "differs", "present", "absent"),
    "date": ("before", "after", "equals", "present", "absent"),
}
OWN = {"user_id": "text", "timezone": "text", "locale": "text"}  # attributes that everybody has
KINDS = ("attribute", "group", "consent", "activity", "event", "audience")


@dataclass
class Node:
    """`joint`: of a group, all or any; of a condition "". Its values are texts as typed. `kept`: the condition as it was saved, which is what it
    stays while nobody changes it: a text cannot say everything (a comma in a value, a number of a field that is no longer offered)."""

    joint: str = ""
    no: bool = False
    parts: list["Node"] = field(default_factory=list)
    about: str = ""
    name: str = ""
    is_: str = "equals"
    value: str = ""
    given: bool = True
    did: str = "clicked"
    days: str = "30"
    of: str = ""  # of an activity: channel:email, category:offers, campaign:spring
    times: str = "1"
    kept: rules.Attribute | None = None


def fresh(about: str) -> Node:
    """A condition of this kind, with nothing chosen yet; or a group with one."""
    return Node("any", parts=[Node(about="attribute")]) if about == "any" else Node(about=about)


# ---- from and to rules
def tree_of(rule: Rule | None, language: str = "en") -> Node:
    """The outermost is always a group; its texts as a reader of this language types them."""
    if rule is None:
        return Node("all")
    node = _node(rule, language)
    return node if node.joint and not node.no else Node("all", parts=[node])


def _node(rule: Rule, language: str) -> Node:
    match rule:
        case rules.All() | rules.Any():
            return Node("all" if isinstance(rule, rules.All) else "any", parts=[_node(one, language) for one in rule.of])
        case rules.Not():
            node = _node(rule.of, language)
            node.no = not node.no
            return node
        case rules.Attribute():
            return Node(about="attribute", name=rule.name, is_=rule.is_, value=_text(rule.value, language), kept=rule)
        case rules.InGroup():
            return Node(about="group", name=rule.key)
        case rules.Consented():
            return Node(about="consent", name=rule.category, given=rule.given)
        case rules.Activity():
            of = next((f"{kind}:{value}" for kind in ("channel", "category", "campaign") if (value := getattr(rule, kind))), "")
            return Node(about="activity", did=rule.did, days=str(rule.within_days or ""), of=of)
        case rules.Acted():
            return Node(about="event", name=rule.type, days=str(rule.within_days or ""), times=str(rule.times))
        case rules.InAudience():
            return Node(about="audience", name=rule.key)


def rule_of(node: Node, kinds: dict[str, str], language: str = "en") -> Rule:
    """The rule. `kinds`: of the fields; `language`: of whoever typed the values. Raises `Unread` for one that cannot be read."""
    if node.joint:
        made: Rule = (rules.All if node.joint == "all" else rules.Any)(tuple(rule_of(part, kinds, language) for part in node.parts))
    elif node.about == "attribute":
        made = _attribute(node, kinds.get(node.name, "text"), language)
    elif not node.name and node.about != "activity":
        raise Unread("aud.wrong.choose")
    elif node.about == "group":
        made = rules.InGroup(node.name)
    elif node.about == "consent":
        made = rules.Consented(node.name, node.given)
    elif node.about == "activity":
        kind, _, value = node.of.partition(":")
        made = rules.Activity(node.did, _whole(node.days, 0, language), **({kind: value} if value else {}))  # type: ignore[arg-type]
    elif node.about == "event":
        made = rules.Acted(node.name.strip(), _whole(node.days, 0, language), _whole(node.times, 1, language))
    else:
        made = rules.InAudience(node.name)
    return rules.Not(made) if node.no else made


def _attribute(node: Node, kind: str, language: str) -> Rule:
    if not node.name:
        raise Unread("aud.wrong.choose")
    if node.kept is not None and (node.name, node.is_, node.value) == (node.kept.name, node.kept.is_, _text(node.kept.value, language)):
        return node.kept
    is_: Any = node.is_
    if is_ in BARE:
        return rules.Attribute(node.name, is_, None)
    if is_ in LISTED:
        texts = _listed(node.value, language) if kind == "number" else node.value.split(",")
        values = [_value(part.strip(), kind, language) for part in texts if part.strip()]
        if not values:
            raise Unread("aud.wrong.value")
        return rules.Attribute(node.name, is_, values)  # type: ignore[arg-type]
    if is_ == "between":
        limits = _listed(node.value, language)
        if len(limits) != 2:
            raise Unread("aud.wrong.two")
        return rules.Attribute(node.name, is_, [_number(one, language) for one in limits])
    if is_ in NUMBERED:
        return rules.Attribute(node.name, is_, _number(node.value, language))
    if not node.value and kind != "flag":
        raise Unread("aud.wrong.value")
    return rules.Attribute(node.name, is_, _value(node.value, kind, language))


def _listed(text: str, language: str) -> list[str]:
    """Numbers beside each other: between them a semicolon, or a comma where none of them can have one within."""
    if ";" in text:
        return [one for one in text.split(";") if one.strip()]
    if re.search(r",\s", text):
        return re.split(r",\s+", text.strip().removesuffix(","))
    if text.count(",") == 1 and language == "de":
        return [text]
    if re.search(r"[0-9],[0-9]{3}(?![0-9])", text):
        raise Unread("aud.wrong.list")
    return text.split(",")


def _value(text: str, kind: str, language: str) -> str | float | bool:
    if kind == "flag":
        return text != "no"
    return _number(text, language) if kind == "number" else text


def _number(text: str, language: str) -> float:
    number = number_of(text, language)
    if abs(number) > 1e15:
        raise Unread("num.none")
    return int(number) if number.is_integer() else number


def _whole(text: str, otherwise: int, language: str) -> int:
    return whole_of(text, language) if text.strip() else otherwise


def _text(value: Any, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        numbers = any(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
        return ("; " if numbers else ", ").join(_text(one, language) for one in value)
    return field_text(value, language) if isinstance(value, int | float) else str(value)


# ---- edits
def at(tree: Node, path: str) -> Node | None:
    """The node of a path; None when there is none (any more)."""
    node = tree
    for part in path.split(".") if path else ():
        if not part.isdigit() or int(part) >= len(node.parts):
            return None
        node = node.parts[int(part)]
    return node


def parent_of(tree: Node, path: str) -> tuple[Node | None, int]:
    """The group a node stands in, and its place there."""
    head, _, last = path.rpartition(".")
    group = at(tree, head)
    return (group, int(last)) if group is not None and last.isdigit() and int(last) < len(group.parts) else (None, 0)


def add(tree: Node, path: str, about: str) -> bool:
    """A new part at the end of a group. False when it would be too many, or too deep."""
    group = at(tree, path)
    if group is None or not group.joint or (about not in KINDS and about != "any"):
        return False
    deep = path.count(".") + 1 if path else 0
    if total(tree) >= PARTS or (about == "any" and deep >= DEEP - 1):
        return False
    group.parts.append(fresh(about))
    return True


def remove(tree: Node, path: str) -> None:
    """With its parts."""
    group, n = parent_of(tree, path)
    if group is not None:
        del group.parts[n]


def move(tree: Node, path: str, by: int) -> str:
    """Up or down within its group; where it stands then."""
    group, n = parent_of(tree, path)
    if group is None or not 0 <= n + by < len(group.parts):
        return path
    group.parts[n], group.parts[n + by] = group.parts[n + by], group.parts[n]
    head = path.rpartition(".")[0]
    return f"{head}.{n + by}" if head else str(n + by)


def total(node: Node) -> int:
    """Nodes in all."""
    return 1 + sum(total(part) for part in node.parts)


def walk(node: Node, path: str = "", deep: int = 0) -> list[tuple[str, int, Node]]:
    """(path, depth, node) in the order they are shown, without the outermost."""
    found: list[tuple[str, int, Node]] = []
    for n, part in enumerate(node.parts):
        here = f"{path}.{n}" if path else str(n)
        found.append((here, deep, part))
        found += walk(part, here, deep + 1)
    return found


def set_field(node: Node, name: str, value: str) -> bool:
    """One of its values, as typed or chosen. False for one that there is not."""
    if name not in ("name", "is_", "value", "did", "days", "of", "times", "given", "no", "joint") or len(value) > 4_000:
        return False
    if name in ("given", "no"):
        setattr(node, name, value == "yes")
    elif name == "joint":
        if value not in ("all", "any") or not node.joint:
            return False
        node.joint = value
    else:
        setattr(node, name, value)
    return True
