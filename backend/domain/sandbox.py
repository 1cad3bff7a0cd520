"""The Jinja environment for typed templates: dictionaries only, no calls, bounded in loops, growth and output.

Nothing typed reaches a Python attribute: a dot or a bracket looks into dictionaries, lists and `loop`, nowhere else, so there is no
method, class or format string to escape through. What could grow without end (loops, text arithmetic, filters) is counted at
run time, because bounds that hold for the samples need not hold for the data of tomorrow.
"""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from itertools import islice
from typing import Any

from jinja2 import Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import UndefinedError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing as MISSING  # noqa: N812 - a constant
from markupsafe import Markup, _escape_inner, escape  # type: ignore[attr-defined]  # what `escape` itself calls, compiled where it can be

from backend.domain.errors import TemplateBounds

MAX_OUTPUT = 512 * 1024  # characters of one rendered text
MAX_RANGE = 1_000  # turns of one loop
MAX_TURNS = 20_000  # turns of all loops of one message
MAX_NUMBER = 10**30
TOGETHER = 16  # a row of a table mostly fits: pieces that become one text before the next look at how long the whole is, and texts between two looks
_LOOP_NAMES = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0", "previtem", "nextitem", "depth", "depth0"})
_NUMBERS = frozenset({int, float, bool})

noted: ContextVar[list[str] | None] = ContextVar("noted", default=None)  # set: missing values are listed instead of raised


class Missing(Undefined):
    """A value that is not there. It may be asked for (`if`, `default`, `is defined`), a dot leads to another one; using it fails."""

    __slots__ = ("path",)

    def __init__(
        self, hint: str | None = None, obj: Any = None, name: str | None = None, exc: type[Exception] = UndefinedError, path: str = ""
    ) -> None:
        super().__init__(hint=hint, obj=obj, name=name, exc=exc)  # type: ignore[arg-type]
        base = getattr(obj, "path", "")
        self.path = path or (f"{base}.{name}" if base else name or "")

    def used(self) -> str:
        """Raise, or note the path and stand for nothing."""
        sink = noted.get()
        if sink is None:
            raise UndefinedError(self.path)
        if self.path not in sink:
            sink.append(self.path)
        return ""

    def __str__(self) -> str:
        return self.used()

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Any:
        self.used()
        return iter(())

    def __len__(self) -> int:
        self.used()
        return 0

    def __contains__(self, item: object) -> bool:
        self.used()
        return False

    def __eq__(self, other: object) -> bool:
        self.used()
        return False

    def __ne__(self, other: object) -> bool:
        self.used()
        return False

    def __hash__(self) -> int:
        return id(type(self))

    def _nothing(self, *args: Any) -> Any:
        self.used()
        return 0

    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = _nothing


class Traced(dict[str, Any]):
    """A dictionary that knows where it stands, for the second look that names a missing value by its whole path."""

    path = ""


class TracedList(list[Any]):
    """The same for lists."""

    path = ""


def traced(value: Any, path: str = "") -> Any:
    """A copy of plain data in which every container knows its path."""
    if isinstance(value, dict):
        copy = Traced((k, traced(v, f"{path}.{k}" if path else str(k))) for k, v in value.items())
        copy.path = path
        return copy
    if isinstance(value, list | tuple):
        row = TracedList(traced(v, f"{path}[{n}]") for n, v in enumerate(value))
        row.path = path
        return row
    return value


def finalize(value: Any) -> Any:
    """What a printed value becomes: null prints nothing, what is neither text nor number is refused."""
    if type(value) is str:
        return value
    if value is None or type(value) is Undefined:  # null, and `a if b` without an else
        return ""
    if isinstance(value, str | int | float | Missing):
        return value
    raise TemplateBounds("Only texts and numbers can be printed. Print one of its values, or use |join or |tojson.")


def shown_in_text(value: Any) -> str:
    """A printed value that is no plain text: what `finalize` says, as a text."""
    return str(value) if type(value) is int else str(finalize(value))


def shown_in_html(value: Any) -> str:
    """The same, escaped."""
    if type(value) is int:  # nearly all that is no text
        return str(value)
    value = finalize(value)
    return str(value) if isinstance(value, Markup | int | float) else str(escape(str(value)))


class Names(Context):
    """What a text looks its names up in: Jinja's context without the parts that only inheritance and macros need."""

    def __init__(self, environment: "Sandbox", values: dict[str, Any], name: str) -> None:
        self.parent, self.vars, self.environment, self.eval_ctx = values, {}, environment, environment.eval_ctx
        self.exported_vars, self.name, self.blocks = set(), name, {}

    def resolve_or_missing(self, key: str) -> Any:
        """A name set by the text itself, else a value, else missing."""
        if self.vars and key in self.vars:
            return self.vars[key]
        return self.parent.get(key, MISSING)


class _Code(CodeGenerator):
    """The compiled text asks dictionaries itself, and prints texts itself, as most values are; `_printed` is no name of Jinja's."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja names its visitors so
        """A run of pieces is one text of the generator, not one each: those steps were a third of what rendering costs. A line of code
        for each piece, or errors would name the run's first line."""
        finalize = self._make_finalize()
        for start in range(0, len(node.nodes), TOGETHER):
            self.writeline("yield ''.join((", node)
            self.indent()
            for child in node.nodes[start : start + TOGETHER]:
                self.newline(child)
                if isinstance(child, nodes.TemplateData):
                    self.write(self._output_const_repr([child.as_const(frame.eval_ctx)]))
                else:
                    self._output_child_pre(child, frame, finalize)
                    self.visit(child, frame)
                    self._output_child_post(child, frame, finalize)
                self.write(",")
            self.outdent()
            self.writeline("))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        # without the `Markup` around it, escaping costs a fifth
        self.write(f"({'environment.escaped(_printed)' if self.environment.autoescape else '_printed'} if type(_printed := ")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(") is str else environment.shown(_printed))")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja names its visitors so
        if not isinstance(node.node, nodes.Name):
            return super().visit_Getattr(node, frame)
        name, key = frame.symbols.ref(node.node.name), repr(node.attr)
        self.write(f"({name}[{key}] if type({name}) is dict and {key} in {name} else ")
        super().visit_Getattr(node, frame)
        self.write(")")
        return None


def concat(parts: Iterable[str]) -> str:
    """Join what a template yields, and stop when it is more than a message may be."""
    stream = iter(parts)
    text = "".join(islice(stream, TOGETHER))
    if len(text) > MAX_OUTPUT:
        raise _too_long()
    pieces = [text]
    size = len(text)
    while batch := list(islice(stream, TOGETHER)):
        text = "".join(batch)
        size += len(text)
        if size > MAX_OUTPUT:
            raise _too_long()
        pieces.append(text)
    return "".join(pieces) if len(pieces) > 1 else pieces[0]


def _too_long() -> TemplateBounds:
    return TemplateBounds(f"The rendered text is longer than {MAX_OUTPUT // 1024} KB. Print less, or show fewer rows.")


def bounded_text(text: str) -> str:
    """The text itself, or TemplateBounds when it has outgrown a message."""
    if len(text) > MAX_OUTPUT:
        raise _too_long()
    return text


def short_range(*args: Any) -> range:
    """`range` of at most 1,000 numbers."""
    if not args or len(args) > 3 or any(type(a) is not int for a in args):
        raise TemplateBounds("range() takes one to three whole numbers.")
    try:
        made = range(*args)
        if len(made) <= MAX_RANGE:
            return made
    except (OverflowError, ValueError):
        pass
    raise TemplateBounds(f"range() may give at most {MAX_RANGE:,} numbers, and its step may not be 0. Loop over a list of data instead.")


@pass_context
def counted(context: Context, value: Any) -> Any:
    """What a `for` runs over: a list of data of at most 1,000, taken off the turns this message has left."""
    if isinstance(value, list | tuple | range):
        if len(value) > MAX_RANGE:
            raise TemplateBounds(f"A loop runs over {len(value):,} rows; {MAX_RANGE:,} are allowed. Send fewer rows.")
        left: list[int] = context.parent["_turns"]
        left[0] -= len(value)
        if left[0] < 0:
            raise TemplateBounds(f"The loops of this message make more than {MAX_TURNS:,} turns together. Use fewer loops inside loops.")
        return value
    if isinstance(value, Missing):
        return iter(value)
    raise TemplateBounds("A loop runs over lists of data only. For an object use `for key, value in thing|items`.")


def joined(values: Sequence[Any]) -> str:
    """`a ~ b`, bounded."""
    return bounded_text("".join(str(finalize(v)) for v in values))


class Sandbox(ImmutableSandboxedEnvironment):
    """See the module. `call_binop`, `getattr`, `getitem` and `call` are every way in which typed text reaches a value."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset()
    concat = staticmethod(concat)
    code_generator_class = _Code

    def __init__(self, html: bool, filters: dict[str, Callable[..., Any]], tests: frozenset[str]) -> None:
        super().__init__(
            autoescape=html, undefined=Missing, finalize=finalize, keep_trailing_newline=False, cache_size=0, auto_reload=False
        )
        self.filters = {**filters, "_counted": counted, "_joined": joined}
        self.tests = {name: test for name, test in self.tests.items() if name in tests}
        self.globals = {"range": short_range}
        self.escaped = _escape_inner
        self.shown = shown_in_html if html else shown_in_text
        self.eval_ctx = EvalContext(self, None)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict:
            try:
                return obj[attribute]
            except KeyError:
                return Missing(obj=obj, name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return Missing(obj=obj, name=str(argument)[:100])
        if isinstance(obj, list | tuple | str) and type(argument) is int:
            try:
                return obj[argument]
            except IndexError:
                return Missing(obj=obj, path=f"{getattr(obj, 'path', '')}[{argument}]")
        if isinstance(obj, LoopContext) and argument in _LOOP_NAMES:
            return getattr(obj, argument)
        if isinstance(obj, Missing):
            return Missing(obj=obj, name=str(argument)[:100])
        if isinstance(argument, str) and argument.startswith("_"):
            raise TemplateBounds(f"'.{argument[:40]}' is not available in templates: names that begin with _ are closed.")
        if obj is not None:
            raise TemplateBounds(f"'{str(argument)[:40]}' is asked of a value that holds no others. Use a filter: {{{{ name|upper }}}}.")
        return Missing(name=str(argument)[:100])

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        if called is short_range and kwargs.keys() <= {"_loop_vars", "_block_vars"}:  # compiled loops hand these to every call
            return short_range(*args)
        raise TemplateBounds("Calls are not available in templates, only range(). Use a filter instead: {{ name|upper }}.")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if type(left) in _NUMBERS and type(right) in _NUMBERS and operator != "**":
            if abs(left) > MAX_NUMBER or abs(right) > MAX_NUMBER:
                raise TemplateBounds("A number is too large to calculate with.")
            try:
                return self.binop_table[operator](left, right)
            except ZeroDivisionError:
                raise TemplateBounds("A division by zero. Ask first: {% if total %} ... {% endif %}.") from None
        if isinstance(left, Missing) or isinstance(right, Missing):
            for side in (left, right):
                if isinstance(side, Missing):
                    side.used()
            return 0
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return bounded_text(left + right)
        raise TemplateBounds(f"'{operator}' is for numbers (and + for two texts). Use ~ to put texts together.")


def fence(tree: nodes.Template) -> nodes.Template:
    """The tree with every loop counted and every `~` bounded. Run after the checks of `bounds`, before compiling."""
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None, lineno=loop.lineno)
    _replace_concat(tree)
    return tree


def _replace_concat(node: nodes.Node) -> None:
    for name, value in node.iter_fields():
        if isinstance(value, list):
            setattr(node, name, [_joined(v) if isinstance(v, nodes.Node) else v for v in value])
        elif isinstance(value, nodes.Node):
            setattr(node, name, _joined(value))


def _joined(node: nodes.Node) -> nodes.Node:
    _replace_concat(node)
    if isinstance(node, nodes.Concat):
        return nodes.Filter(nodes.List(node.nodes, lineno=node.lineno), "_joined", [], [], None, None, lineno=node.lineno)
    return node
