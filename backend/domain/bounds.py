"""Static checks of a typed Jinja source: what it may contain, and which variables it reads.

Allowed is a list, not a ban: printing, `if`, `for` over data, `set`, arithmetic, the filters of `filters`. Anything else is
TemplateSyntax or TemplateBounds with channel, field, line and what to do. No rendering happens here.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import msgspec
from jinja2 import TemplateSyntaxError, nodes

from backend.domain.errors import TemplateBounds, TemplateSyntax, TooLarge
from backend.domain.filters import FILTERS, TESTS
from backend.domain.sandbox import Sandbox
from backend.domain.template import Kind, Variable

MAX_SOURCE = 256 * 1024  # characters of one typed text
MAX_DATA = 256 * 1024  # bytes of an event's data as JSON
MAX_DEPTH = 16  # containers inside containers, in data
MAX_LOOPS = 3  # loops inside loops
MAX_NESTING = 60  # nodes inside nodes of a source

FIELDS: dict[str, frozenset[str]] = {
    "user": frozenset({"id", "name", "email", "phone", "timezone", "locale", "attributes"}),
    "event": frozenset({"id", "type", "category", "timestamp", "title", "message"}),
    "brand": frozenset({"name", "color", "logo", "url", "address"}),
    "links": frozenset({"unsubscribe", "preferences", "why"}),
}
HTML, TEXT = Sandbox(True, FILTERS, TESTS), Sandbox(False, FILTERS, TESTS)

_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice),
    *(nodes.Filter, nodes.Test, nodes.For, nodes.If, nodes.Assign, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or),
    *(nodes.Not, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat),
    *(nodes.List, nodes.Tuple, nodes.Call, nodes.Keyword),
)
_TAGS = {
    "CallBlock": "call",
    "FromImport": "from",
    "AssignBlock": "set without =",
    "FilterBlock": "filter block",
    "Pow": "**",
}
_CLOSED = frozenset({"self", "super", "caller", "varargs", "kwargs"})
_NUMBER = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos)
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("money", "number", "round", "int"), "number"),
    **dict.fromkeys(("join", "first", "last", "length", "count"), "list"),
    "date": "date",
    "url": "link",
    "items": "object",
}


def parse(source: str, html: bool, where: str) -> nodes.Template:
    """The tree of a source that keeps the rules. `where` (such as 'email html') begins every error."""
    if len(source) > MAX_SOURCE:
        raise TemplateBounds(f"{where}: the source is longer than {MAX_SOURCE // 1024} KB. Make it shorter.", where=where)
    try:
        tree = (HTML if html else TEXT).parse(source)
        if tree.find(nodes.Scope) is not None:  # carries no line of its own
            line = source[: source.find("autoescape")].count("\n") + 1
            raise syntax(where, line, "'autoescape' is not available in templates. HTML is always escaped, texts never are.")
        _check(tree, where, 0, 0)
    except TemplateSyntaxError as error:
        raise syntax(where, error.lineno, _advice(error.message or "it cannot be read.")) from None
    except RecursionError:
        raise TemplateBounds(f"{where}: the source is nested too deeply. Make it simpler.", where=where) from None
    return tree


def syntax(where: str, line: int, what: str) -> TemplateSyntax:
    """The one form of every complaint about a source."""
    return TemplateSyntax(f"{where}, line {line}: {what}", where=where, channel=where.split(" ", maxsplit=1)[0], line=line)


def _advice(message: str) -> str:
    if "unknown tag" in message:
        return message + " Only if, elif, else, for, set and raw are available in templates."
    return message


def _check(node: nodes.Node, where: str, loops: int, depth: int) -> None:
    if not isinstance(node, _ALLOWED):
        word = _TAGS.get(type(node).__name__, type(node).__name__.lower())
        raise syntax(where, node.lineno, f"'{word}' is not available in templates. Write the text out where it is needed.")
    if depth > MAX_NESTING:
        raise TemplateBounds(f"{where}, line {node.lineno}: nested too deeply. Make it simpler.", where=where, line=node.lineno)
    if isinstance(node, nodes.For):
        loops += 1
        _check_loop(node, where, loops)
    elif isinstance(node, nodes.Name) and node.name.startswith("_"):
        raise syntax(where, node.lineno, f"'{node.name[:40]}' begins with _, and such names are closed. Choose another name.")
    elif isinstance(node, nodes.Name) and node.name in _CLOSED:
        raise syntax(where, node.lineno, f"'{node.name}' is a word of the template language here. Choose another name.")
    elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise syntax(where, node.lineno, f"'.{node.attr[:40]}' is not available: names that begin with _ are closed.")
    elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
        near = get_close_matches(node.name, FILTERS, 1)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(sorted(FILTERS))}."
        raise syntax(where, node.lineno, f"there is no filter '{node.name[:40]}'. {hint}")
    elif isinstance(node, nodes.Test) and node.name not in TESTS:
        raise syntax(where, node.lineno, f"there is no test '{node.name[:40]}'.")
    elif isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
        raise syntax(where, node.lineno, "only range() can be called. Use a filter instead: {{ name|upper }}.")
    elif isinstance(node, nodes.List | nodes.Tuple) and not _plain(node):
        raise syntax(where, node.lineno, "a list may only hold plain texts and numbers. Send lists in data.")
    for child in node.iter_child_nodes():
        _check(child, where, loops, depth + 1)


def _plain(node: nodes.List | nodes.Tuple) -> bool:
    stored = isinstance(node, nodes.Tuple) and node.ctx != "load"  # the names of `for key, value in`
    return stored or all(isinstance(item, nodes.Const) for item in node.items)


def _check_loop(node: nodes.For, where: str, loops: int) -> None:
    if loops > MAX_LOOPS:
        raise TemplateBounds(f"{where}, line {node.lineno}: more than {MAX_LOOPS} loops inside loops.", where=where, line=node.lineno)
    if node.recursive:
        raise syntax(where, node.lineno, "recursive loops are not available in templates.")
    if not isinstance(node.iter, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Filter | nodes.Call | nodes.List | nodes.Tuple):
        raise syntax(where, node.lineno, "a loop runs over a list of data: {% for item in data.items %}.")


def variables(tree: nodes.Template, where: str) -> list[Variable]:
    """What the source reads from `data` and `user`, in order of appearance; unknown fields of the closed names are refused."""
    found: dict[str, Variable] = {}
    for path, kind, required, line in _Reader(where).read(tree):
        root, _, rest = path.partition(".")
        first = rest.partition(".")[0].partition("[")[0]
        if root in FIELDS and first and first not in FIELDS[root]:
            near = get_close_matches(first, FIELDS[root], 1) or sorted(FIELDS[root])
            raise syntax(where, line, f"there is no {root}.{first[:40]}. Did you mean {root}.{near[0]}? Own values belong in data.")
        if root in ("data", "user"):
            merge(found, Variable(path, kind, required))
    return [v for v in found.values() if not (v.name.endswith("[]") and any(o.startswith(v.name + ".") for o in found))]


def links_read(tree: nodes.Template) -> frozenset[str]:
    """The links that the source reads by name; all of them when it reads `links` in any other way."""
    names = [node.attr for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name) and node.node.name == "links"]
    whole = sum(node.name == "links" for node in tree.find_all(nodes.Name)) > len(names)
    return FIELDS["links"] if whole else frozenset(names)


def merge(found: dict[str, Variable], new: Variable) -> None:
    """Take a use of a variable into account: required if any use is, and the most telling kind."""
    old = found.get(new.name, new)
    kind = new.kind if old.kind in ("text", "flag") and new.kind != "flag" else old.kind
    found[new.name] = Variable(new.name, kind, old.required or new.required)


class _Reader:
    """Walks a tree with its scopes; `guards` are paths that a condition has already asked for."""

    def __init__(self, where: str) -> None:
        self.where = where

    def read(self, tree: nodes.Template) -> Iterator[tuple[str, Kind, bool, int]]:
        yield from self._block(tree.body, {}, frozenset())

    def _block(self, body: list[nodes.Node], scope: dict[str, str], guards: frozenset[str]) -> Iterator[tuple[str, Kind, bool, int]]:
        for node in body:
            if isinstance(node, nodes.For):
                yield from self._loop(node, scope, guards)
            elif isinstance(node, nodes.If):
                asked = guards | set(self._asked(node.test, scope))
                yield from self._use(node.test, scope, guards, "flag")
                yield from self._block(node.body, dict(scope), asked)
                yield from self._block([*node.elif_, *node.else_], dict(scope), guards)
            elif isinstance(node, nodes.Assign):
                yield from self._use(node.node, scope, guards, "text")
                scope.update(
                    dict.fromkeys((n.name for n in [node.target, *node.target.find_all(nodes.Name)] if isinstance(n, nodes.Name)), "")
                )
            else:
                for child in node.iter_child_nodes():
                    yield from self._use(child, scope, guards, "text")

    def _loop(self, node: nodes.For, scope: dict[str, str], guards: frozenset[str]) -> Iterator[tuple[str, Kind, bool, int]]:
        yield from self._use(node.iter, scope, guards, "list")
        inner = {**scope, "loop": ""}
        path = self.path(node.iter, scope)
        for name in [node.target, *node.target.find_all(nodes.Name)]:
            if isinstance(name, nodes.Name):
                inner[name.name] = f"{path}[]" if path and name is node.target else ""
        if isinstance(node.target, nodes.Name) and path:
            yield f"{path}[]", "flag", path not in guards, node.lineno
        if node.test is not None:
            yield from self._use(node.test, inner, guards, "flag")
        yield from self._block(node.body, inner, guards)
        yield from self._block(node.else_, dict(scope), guards)

    def _asked(self, test: nodes.Node, scope: dict[str, str]) -> Iterator[str]:
        if isinstance(test, nodes.And):
            yield from self._asked(test.left, scope)
            yield from self._asked(test.right, scope)
        inner = test.node if isinstance(test, nodes.Test) and test.name == "defined" else test
        if path := self.path(inner, scope):
            yield path

    def _use(self, node: nodes.Node, scope: dict[str, str], guards: frozenset[str], kind: Kind) -> Iterator[tuple[str, Kind, bool, int]]:
        path = self.path(node, scope)
        if path is not None:
            if path:
                asked = any(path == g or path.startswith((g + ".", g + "[")) for g in guards)
                yield path, kind, kind not in ("flag", "object") and not asked, node.lineno
            return
        if isinstance(node, nodes.Filter) and node.node is not None:
            inner = self.path(node.node, scope) if node.name in ("default", "d") else None
            if inner:
                yield inner, kind, False, node.lineno
            else:
                yield from self._use(node.node, scope, guards, _KINDS.get(node.name, "text"))
            for child in [*node.args, *node.kwargs]:
                yield from self._use(child, scope, guards, "text")
            return
        if isinstance(node, nodes.CondExpr):
            yield from self._use(node.test, scope, guards, "flag")
            yield from self._use(node.expr1, scope, guards | set(self._asked(node.test, scope)), kind)
            if node.expr2 is not None:
                yield from self._use(node.expr2, scope, guards, kind)
            return
        if isinstance(node, _NUMBER):
            kind = "number"
        elif isinstance(node, nodes.Compare):
            kind = "number" if any(isinstance(c.value, int | float) for c in node.find_all(nodes.Const)) else "text"
        elif isinstance(node, nodes.Test):
            kind = "flag"
        for child in node.iter_child_nodes():
            yield from self._use(child, scope, guards, kind)

    def path(self, node: nodes.Node | None, scope: dict[str, str]) -> str | None:
        """`order.total` -> 'data.order.total'; '' for something of the template itself; None for anything that is no path."""
        if isinstance(node, nodes.Name):
            if node.name in scope:
                return scope[node.name]
            return node.name if node.name in FIELDS or node.name == "data" else f"data.{node.name}"
        if isinstance(node, nodes.Getattr):
            base = self.path(node.node, scope)
            return f"{base}.{node.attr}" if base else base
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            base = self.path(node.node, scope)
            return base and (f"{base}[]" if isinstance(node.arg.value, int) else f"{base}.{node.arg.value}")
        return None


def check_data(data: dict[str, Any]) -> bytes:
    """The data of an event as JSON. TooLarge above 256 KB; TemplateBounds when nested deeper than 16."""
    try:
        raw = msgspec.json.encode(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _unwritable(data, error) from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _deep(data):  # with so few brackets nothing can be deeper
        raise _too_deep()
    if len(raw) > MAX_DATA:
        raise TooLarge(f"data takes {len(raw) // 1024} KB as JSON; {MAX_DATA // 1024} KB are allowed. Send less.", field="data")
    return raw


def _deep(data: dict[str, Any]) -> bool:
    layer: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        layer = [v for c in layer for v in (c.values() if isinstance(c, dict) else c) if isinstance(v, dict | list | tuple)]
        if not layer:
            return False
    return True


def _too_deep() -> TemplateBounds:
    return TemplateBounds(f"data is nested deeper than {MAX_DEPTH}. Send it flatter.", field="data")


def _unwritable(data: dict[str, Any], error: Exception) -> TemplateBounds:
    return _too_deep() if _deep(data) else TemplateBounds(f"data cannot be written as JSON: {error}", field="data")
