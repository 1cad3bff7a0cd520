"""The schema, and how its errors are told: each carries `extensions.code`, the same code as over HTTP, and what the refusal knows."""

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from backend.api.problems import problem, unforeseen
from backend.domain.errors import Refusal
from backend.graphql.bounds import KNOWN_DOCUMENTS, Bounds, KnownDocuments
from backend.graphql.mutations import Mutation
from backend.graphql.queries import Query
from backend.graphql.subscriptions import Subscription
from backend.graphql.types import SCALARS

_NOT_SHOWN = ("type", "title", "detail")


class Schema(strawberry.Schema):
    """Turns whatever a resolver raised into an error with a code; the words of anything unforeseen stay in the log."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for error in errors:
            explain(error)


def explain(error: GraphQLError) -> None:
    """Give the error its code, in place; twice is once."""
    if error.extensions and "code" in error.extensions:
        return
    cause: Any = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None or (isinstance(cause, ValueError | TypeError) and error.path is None):
        error.extensions = {"code": "graphql_invalid"}
        return
    refusal = cause if isinstance(cause, Refusal) else unforeseen(cause, "a GraphQL resolver")
    error.message = refusal.detail
    error.extensions = {name: value for name, value in problem(refusal).items() if name not in _NOT_SHOWN}


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[Bounds, KnownDocuments, lambda: ValidationCache(maxsize=KNOWN_DOCUMENTS)],
)
