"""Every event handler is a public remote call: each of ours must be guarded, and the framework's must be known ones."""

import inspect

import pytest

from backend.domain.errors import Forbidden, Unauthenticated
from backend.security.roles import PERMISSIONS
from portal.access import MAY, home_of, permissions, session_in
from portal.guard import FRAMEWORK, all_handlers, guarded, is_admissible
from portal.routes import is_page


def named():
    return {fn.__qualname__: fn for fn in all_handlers().values()}


def test_every_handler_of_ours_names_a_permission():
    ours = {name: fn for name, fn in named().items() if fn.__module__.startswith("portal")}
    assert len(ours) >= 8
    unguarded = {name for name, fn in ours.items() if getattr(fn, "__permission__", None) not in MAY}
    assert unguarded == {  # they read the address and the browser's languages, and show nothing of anybody
        "SignIn.load",
        "Claim.load",
        "Invite.load",  # to whoever holds the link: the name and the role that stand in the invitation
    }
    assert all(is_admissible(fn) for fn in ours.values())


def test_the_framework_brings_no_handler_that_was_not_read():
    foreign = {name: fn for name, fn in named().items() if not fn.__module__.startswith("portal")}
    assert foreign.keys() == FRAMEWORK | {"EventHandlerSetVar.setvar"}
    assert not is_admissible(foreign["EventHandlerSetVar.setvar"])


def test_permissions_are_those_of_the_facade():
    assert {name: set(PERMISSIONS[name][0]) for name in MAY} == {name: set(roles) for name, roles in MAY.items()}


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst", "operator", "member"])
def test_everybody_starts_on_a_page_they_may_see(role):
    page_permission = {"/overview": "analytics.read", "/inbox": "inbox.own"}
    assert page_permission[home_of(role)] in permissions(role)
    assert is_page(home_of(role))


def test_a_guard_needs_a_known_permission_and_an_async_function():
    with pytest.raises(ValueError, match="no permission 'nonsense'"):
        guarded("nonsense")

    def plain(self): ...

    with pytest.raises(TypeError, match="must be async"):
        guarded("inbox.own")(plain)


def test_guards_keep_the_arguments_reflex_reads():
    trouble = named()["Frame.trouble"]
    assert list(inspect.signature(trouble).parameters) == ["self", "number"]


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("", ""),
        ("carillon_session=abc", "abc"),
        ("a=1; carillon_session=abc; b=2", "abc"),
        ("xcarillon_session=abc", ""),
        ("carillon_session=; carillon_session=late", ""),
        ('carillon_session="abc"', "abc"),
        ("carillon_session=abc; carillon_session=tossed", "abc"),
    ],
)
def test_reading_the_session_cookie(header, token):
    assert session_in(header) == token


def test_refusals_used_by_the_guard_are_different_things():
    assert not issubclass(Forbidden, Unauthenticated)
