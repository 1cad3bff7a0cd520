"""What a version of a template cannot do without: paths of `data` that are printed or looped over whatever the rest of it is. Pure.

Only what is certain counts. What stands in a branch or in the body of a loop, has a default, or is set by the template itself may never
be asked for: that is left to rendering.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from jinja2 import nodes

from backend.domain.bounds import FIELDS, parse
from backend.domain.template import Action, Channel, ChannelContent, Content

Path: TypeAlias = tuple[str, ...]  # below `data`

DATA, PERSON = "data", "user"  # what is asked about; names at the top are of the data
_OPEN = frozenset({"default", "d"})  # filters that do with a missing value; every other one fails on it, or hands it on


def demands(content: Content) -> dict[Channel, frozenset[Path]]:
    """Channel -> what no message of it can be made without, in whatever language of the version it is read."""
    found: dict[Channel, frozenset[Path]] = {}
    for _, channel, one in content.each():
        mine = frozenset(path for source, html in _texts(one) for path in _certain(source, html))
        found[channel] = found[channel] & mine if channel in found else mine
    return found


def attributes(content: Content) -> dict[Channel, frozenset[str]]:
    """Channel -> names of attributes of the person (user.attributes.name) without which no message of it can be made."""
    found: dict[Channel, frozenset[str]] = {}
    for _, channel, one in content.each():
        paths = [path for source, html in _texts(one) for path in _certain(source, html, PERSON)]
        mine = frozenset(path[1] for path in paths if len(path) > 1 and path[0] == "attributes" and path[1])
        found[channel] = found[channel] & mine if channel in found else mine
    return found


def lacking(data: dict[str, Any], wanted: frozenset[Path]) -> list[str]:
    """Those of `wanted` that the data of an event does not bring, as they are written in templates."""
    unsure = [path for path in wanted if len(path) > 1 or path[0] not in data]  # nearly all are names at the top, and there
    return sorted(".".join(("data", *path)) for path in unsure if _lacks(data, path)) if unsure else []


def _lacks(data: dict[str, Any], path: Path) -> bool:
    here: Any = data
    for step in path:
        if not isinstance(here, dict):
            return False  # it is there and something else: rendering has the words for that
        if step not in here:
            return True
        here = here[step]
    return False


def _texts(content: ChannelContent) -> Iterator[tuple[str, bool]]:
    """Every text that is rendered for a message, and whether it is HTML."""
    for name in content.__struct_fields__:
        value: str | tuple[Action, ...] = getattr(content, name)
        if isinstance(value, str):
            yield value, name == "html"
        else:
            yield from ((text, False) for action in value for text in (action.label, action.link))


def _certain(source: str, html: bool, root: str = DATA) -> Iterator[Path]:
    if "{{" not in source and "{%" not in source:
        return
    tree = parse(source, html, "")
    own = {name.name for assign in tree.find_all(nodes.Assign) for name in (assign.target, *assign.target.find_all(nodes.Name)) if isinstance(name, nodes.Name)}
    for node in tree.body:
        asked = node.nodes if isinstance(node, nodes.Output) else [node.iter] if isinstance(node, nodes.For) else []
        for expression in asked:
            path = _path(_unfiltered(expression), own, root)
            if path and path[-1] == "":
                path = path[:-1]
            if path:
                yield path


def _unfiltered(node: nodes.Node | None) -> nodes.Node | None:
    while isinstance(node, nodes.Filter) and node.name not in _OPEN:
        node = node.node
    return node


def _path(node: nodes.Node | None, own: set[str], root: str) -> Path | None:
    """`order.total` -> ("order", "total"); `rows[0].sku` -> ("rows", ""): what follows is asked of a list. None: no path of the data."""
    if isinstance(node, nodes.Name):
        if node.name == root:
            return ()
        return None if root != DATA or node.name in own or node.name in FIELDS or node.name == "range" else (node.name,)
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        base = _path(node.node, own, root)
        step = node.attr if isinstance(node, nodes.Getattr) else node.arg.value if isinstance(node.arg, nodes.Const) else None
        if base is None or (base and base[-1] == ""):
            return base
        return (*base, step) if isinstance(step, str) and step else (*base, "")
    return None
