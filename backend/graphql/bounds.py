"""Bounds on what a document may ask for: tokens, depth, aliases, and the number of fields it comes to once its fragments and lists
are multiplied out. One rule, one walk, remembered by fragment, so that a bomb of fragments costs the attacker and not us.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    MaxIntrospectionDepthRule,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    parse,
)
from strawberry.extensions import SchemaExtension

TOKENS = 2_000
KNOWN_DOCUMENTS = 256  # parsed and validated ones remembered; an unknown one costs 1.2 ms
DEPTH = 12
ALIASES = 30
COST = 20_000  # fields
ROWS = 50  # of a list that does not say `first`
LISTS = frozenset({"notifications", "deliveries"})
_FAR = COST * 1000  # where multiplying stops: it is refused in any case


class BoundsRule(ValidationRule):
    """Refuses a document whose operation is deeper, wider or more costly than the bounds say."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments: dict[str, tuple[int, int, int]] = {}
        self._open: set[str] = set()

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        cost, depth, aliases = self._walk(node.selection_set)
        for got, limit, what in (
            (depth, DEPTH, "levels deep"),
            (aliases, ALIASES, "aliases"),
            (cost, COST, "fields, lists multiplied out"),
        ):
            if got > limit:
                self.report_error(GraphQLError(f"The operation has more than {limit} {what}. Ask for less at once.", node))

    def _walk(self, selections: SelectionSetNode | None) -> tuple[int, int, int]:
        """(fields, levels, aliases) below."""
        cost = depth = aliases = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                if node.name.value.startswith("__"):
                    continue  # introspection is bounded by its own rule
                below = self._walk(node.selection_set)
                got = (1 + below[0] * _rows(node), 1 + below[1], (node.alias is not None) + below[2])
            elif isinstance(node, InlineFragmentNode):
                got = self._walk(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                got = self._fragment(node.name.value)
            else:
                continue
            cost, depth, aliases = min(cost + got[0], _FAR), max(depth, got[1]), min(aliases + got[2], _FAR)
        return cost, depth, aliases

    def _fragment(self, name: str) -> tuple[int, int, int]:
        if name in self._fragments:
            return self._fragments[name]
        definition: FragmentDefinitionNode | None = self.context.get_fragment(name)
        if definition is None or name in self._open:  # unknown ones and circles are refused by the standard rules
            return 0, 0, 0
        self._open.add(name)
        found = self._fragments[name] = self._walk(definition.selection_set)
        self._open.discard(name)
        return found


def _rows(node: FieldNode) -> int:
    if node.name.value not in LISTS:
        return 1
    for argument in node.arguments or ():
        if argument.name.value == "first":
            value = argument.value
            return max(1, int(value.value)) if isinstance(value, IntValueNode) else ROWS * 4  # a variable: at most a page
    return ROWS


@lru_cache(maxsize=KNOWN_DOCUMENTS)
def _parsed(document: str) -> DocumentNode:
    return parse(document, max_tokens=TOKENS)


class KnownDocuments(SchemaExtension):
    """Parses a document once. What cannot be parsed is left to Strawberry, which tells of it in each protocol's own way."""

    def on_parse(self) -> Iterator[None]:
        document = self.execution_context.query
        if document and self.execution_context.graphql_document is None:
            with suppress(GraphQLError):
                self.execution_context.graphql_document = _parsed(document)
        yield


RULES: tuple[type[ASTValidationRule], ...] = (BoundsRule, MaxIntrospectionDepthRule)


class Bounds(SchemaExtension):
    """Puts the bounds into parsing and validation. The rules are the same objects each time, so that validations can be remembered."""

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = TOKENS
        self.execution_context.validation_rules = (*self.execution_context.validation_rules, *RULES)
        yield
