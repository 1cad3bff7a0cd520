"""Every event handler is callable by anyone who can open a socket, so every one of ours asks first who calls.

`guarded(permission)` makes an event handler that looks up the caller's session with the facade at each call and refuses
without the permission. `Doorkeeper` runs before every event: it lets none through that is neither guarded nor known to be
harmless, and clears a tab's state when its socket comes back with another session, so that rows of one person are never
shown to the next one at the same browser tab.
"""

import functools
import hashlib
import inspect
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import reflex as rx
from reflex.middleware import Middleware
from reflex.state import BaseState, StateUpdate

from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal.access import MAY, session_of
from portal.wiring import app

if TYPE_CHECKING:
    from backend.app import Actor

logger = logging.getLogger(__name__)
_caller: "ContextVar[Actor]" = ContextVar("caller")


def caller() -> "Actor":
    """Who called the running handler. Raises `LookupError` outside a guarded handler."""
    return _caller.get()


async def admit(state: Any, permission: str) -> "Actor":
    """Look the session of this socket up now. Raises `Unauthenticated`, or `Forbidden` when the role may not."""
    token = session_of(state.router_data)
    if not token:
        raise Unauthenticated
    actor = await app().accounts.who(token)
    if actor.role not in MAY[permission]:
        raise Forbidden
    return actor


def guarded(permission: str, *, page: bool = False, background: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Make an event handler of an async function or async generator. A `Refusal` it raises is shown to the caller.

    `page`: it loads a page, so without the permission the whole page is closed, and after it the page counts as loaded.
    `background`: runs beside other handlers of the tab and takes the state's lock with `async with self`.
    """
    if permission not in MAY:
        raise ValueError(f"There is no permission {permission!r} in portal.access.MAY.")

    def wrap(fn: Callable[..., Any]) -> Any:
        @functools.wraps(fn)
        async def handler(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                actor = await admit(self, permission)
                reset = _caller.set(actor)
                try:
                    done = await fn(self, *args, **kwargs)
                finally:
                    _caller.reset(reset)
                if page:
                    (await _frame(self)).loaded = True
                return done
            except Refusal as refusal:
                return await refused(self, refusal, page=page, background=background)

        @functools.wraps(fn)
        async def generator(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            try:
                _caller.set(await admit(self, permission))
                async for item in fn(self, *args, **kwargs):
                    yield item
            except Refusal as refusal:
                yield await refused(self, refusal, page=page, background=background)

        guard = generator if inspect.isasyncgenfunction(fn) else handler
        if guard is handler and not inspect.iscoroutinefunction(fn):
            raise TypeError(f"{fn.__qualname__} must be async: looking the caller up is.")
        guard.__permission__ = permission  # type: ignore[attr-defined]
        return rx.event(guard, background=background)

    return wrap


async def refused(state: Any, refusal: Refusal, *, page: bool = False, background: bool = False) -> None:
    """Show a refusal in the frame: the way to sign in, a closed page, or a sentence."""
    if background:
        async with state:
            await refused(state, refusal, page=page)
        return
    frame = await _frame(state)
    if isinstance(refusal, Unauthenticated):
        frame.leave = "/sign-in?reason=ended"
    elif isinstance(refusal, Forbidden) and page:
        frame.closed = True
    else:
        from portal.frame import tell
        from portal.refusals import in_words

        tell(frame, "failed", in_words(refusal, frame.language))


async def _frame(state: Any) -> Any:
    from portal.frame import Frame  # the frame's own handlers are guarded too

    return await state.get_state(Frame)


def open_to_all(fn: Callable[..., Any]) -> Any:
    """Make an event handler that anyone may call. It must show nothing of anybody; a test lists the few there are."""
    fn.__open__ = True  # type: ignore[attr-defined]
    return rx.event(fn)


# The framework's own, read one by one in reflex 0.10.1: they send the tab its own state, start page loads (whose handlers
# are guarded), or take a browser's report of an error. Its `setvar` is not among them: it sets what a client names.
FRAMEWORK = frozenset(
    {
        "State.hydrate",
        "State.hydrate_and_load",
        "State.set_is_hydrated",
        "OnLoadInternalState.on_load_internal",
        "OnLoadInternalState.set_is_hydrated",
        "UpdateVarsInternalState.update_vars_internal",
        "FrontendEventExceptionState.handle_frontend_exception",
    }
)


def is_admissible(fn: Any) -> bool:
    """Whether a socket may reach this function at all."""
    ours = fn.__module__.split(".")[0] == "portal"
    return hasattr(fn, "__permission__") or hasattr(fn, "__open__") if ours else fn.__qualname__ in FRAMEWORK


class Doorkeeper(Middleware):
    """Runs before every event, the framework's own included. An update returned from here ends the event."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Any) -> StateUpdate | None:
        registered = _registered(app).get(event.name)
        if registered is None or not is_admissible(registered.handler.fn):
            logger.warning("refused an event that no page sends: %.120s", event.name)
            return StateUpdate()
        root = state._get_root_state()  # noqa: SLF001 - Reflex has no public way up, and a tab is emptied as a whole
        frame = await _frame(root)
        owner = hashlib.sha256(session_of(root.router_data).encode()).hexdigest()
        if frame._owner != owner:  # noqa: SLF001 - the underscore keeps it from the browser
            if frame._owner:  # noqa: SLF001
                root.reset()
            frame._owner = owner  # noqa: SLF001
        if registered.handler.fn.__qualname__.startswith("State.hydrate"):
            frame.said, frame.leave = 0, ""  # a page that loads anew neither says again what was said before nor leaves again
        return None


def all_handlers() -> dict[str, Any]:
    """Full name -> function of every event handler a socket can call, ours and the framework's."""
    from portal.portal import app as portal

    return {name: registered.handler.fn for name, registered in _registered(portal).items()}


def _registered(app: rx.App) -> Any:
    return app._registration_context.event_handlers  # noqa: SLF001 - the only list of what is callable
