"""The jail: everything typed is parsed, rendered and published in a child process with limits on memory, CPU and wall time.

One child is started ahead and serves one request at a time; when a request kills it (a runaway loop, a memory bomb), the caller
gets a clear error and a new child is started. The child has no environment, no secrets, no files to write and nobody to talk to but
its parent. `python -m backend.security.jail` is the child.
"""

import asyncio
import contextlib
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from backend.domain import errors
from backend.domain.errors import Refusal, RenderStopped, TooLarge, TooManyRequests, Unavailable
from backend.domain.lint import Look, look
from backend.domain.parts import Part, Shelf
from backend.domain.publish import Published, publish
from backend.domain.render import compile_version, missing, render
from backend.domain.template import Channel, Content, EmailContent, Message, TemplateVersion

MEMORY = 256 * 1024 * 1024  # bytes of address space
CPU = 1.0  # seconds for one request
WALL = 10.0  # seconds for one request, waiting for a turn not counted: a child can only compute, and a busy machine is no template's fault
START = 15.0  # seconds a child may take to come up on a busy machine
MAX_WAITING = 32
MAX_REQUEST = 4 * 1024 * 1024
MAX_REPLY = 16 * 1024 * 1024  # 40 locales of four channels may be long together
_ROOT = Path(__file__).resolve().parents[2]
_LENGTH = struct.Struct(">I")
_WARM = Content(email=EmailContent("{{ user.name }}", "<style>p{color:red}</style><p>{{ event.timestamp|date }}</p>"))


class _Publish(Struct, tag="publish"):
    content: Content
    samples: dict[str, Any]
    shelf: dict[str, Part] = {}


class _Look(Struct, tag="look"):
    content: Content
    channel: Channel
    locale: str
    context: dict[str, Any]
    shelf: dict[str, Part]


class _Render(Struct, tag="render"):
    version: TemplateVersion
    channel: Channel
    context: dict[str, Any]
    locale: str


class _Missing(Struct, tag="missing"):
    version: TemplateVersion
    channel: Channel
    context: dict[str, Any]
    locale: str


_Request = _Publish | _Look | _Render | _Missing


class _Refused(Struct):
    """A refusal on its way home: the class by name, its detail and its facts."""

    error: str
    detail: str
    facts: dict[str, Any]


class Jail:
    """Owns the child. Use one per process: `await jail.start()` (optional, saves the first request the wait), `await jail.close()`."""

    def __init__(self, memory: int = MEMORY, cpu: float = CPU, wall: float = WALL) -> None:
        self._limits = (memory, cpu)
        self._wall = wall
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._closed = False
        self._next: asyncio.Task[None] | None = None

    async def publish(self, content: Content, samples: dict[str, Any] | None = None, shelf: Shelf | None = None) -> Published:
        """`domain.publish.publish`, in the jail."""
        done: Published = await self._ask(_Publish(content, samples or {}, dict(shelf or {})), Published)
        return done

    async def look(self, content: Content, channel: Channel, locale: str, context: dict[str, Any], shelf: Shelf) -> Look:
        """`domain.lint.look`, in the jail: what is wrong with a draft, and how it looks."""
        seen: Look = await self._ask(_Look(content, channel, locale, context, dict(shelf)), Look)
        return seen

    async def render(self, version: TemplateVersion, channel: Channel, context: dict[str, Any], locale: str = "") -> Message:
        """One message of a version, for previews: compiled and rendered in the jail."""
        made: Message = await self._ask(_Render(version, channel, context, locale), Message)
        return made

    async def missing(self, version: TemplateVersion, channel: Channel, context: dict[str, Any], locale: str = "") -> list[str]:
        """The values that rendering would miss."""
        names: list[str] = await self._ask(_Missing(version, channel, context, locale), list[str])
        return names

    async def start(self) -> None:
        """Start the child and wait until it is ready."""
        async with self._turn:
            await self._ready()

    async def close(self) -> None:
        """End the child; later requests are refused."""
        self._closed = True
        if self._next is not None:
            self._next.cancel()
            with contextlib.suppress(asyncio.CancelledError, Unavailable):
                await self._next
        await self._end()

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._child.pid if self._child is not None else None

    async def _ask(self, request: "_Request", reply: Any) -> Any:
        if self._waiting >= MAX_WAITING:
            raise TooManyRequests("Too many previews and checks are waiting. Try again in a few seconds.")
        try:
            raw = msgspec.json.encode(request)
        except (TypeError, ValueError, RecursionError) as error:
            raise errors.Invalid(f"The template or its data cannot be written as JSON: {error}") from None
        if len(raw) > MAX_REQUEST:
            raise TooLarge("The template and its samples are larger than 4 MB together. Make them smaller.")
        self._waiting += 1
        try:
            async with self._turn:
                child = await self._ready()
                answer = await self._exchange(child, raw)
        finally:
            self._waiting -= 1
        try:
            if answer[:1] == b"+":
                return msgspec.json.decode(answer[1:], type=reply)
            refused = msgspec.json.decode(answer[1:], type=_Refused)
        except msgspec.DecodeError:
            raise Unavailable("The template check gave an answer that cannot be read. Try again.") from None
        kind = getattr(errors, refused.error, None)
        if not (isinstance(kind, type) and issubclass(kind, Refusal)):
            kind = RenderStopped
        raise kind(refused.detail, **refused.facts)

    async def _exchange(self, child: asyncio.subprocess.Process, raw: bytes) -> bytes:
        done = False
        try:
            async with asyncio.timeout(self._wall):
                answer = await _converse(child, raw)
            done = True
            return answer
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError):
            raise RenderStopped from None
        finally:
            if not done:  # also when the caller is cancelled: a half-read answer must not meet the next request
                await asyncio.shield(self._end())
                if not self._closed:
                    self._next = asyncio.create_task(self._again())

    async def _again(self) -> None:
        async with self._turn:
            with contextlib.suppress(Unavailable):  # the next request tries again and says so
                await self._ready()

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._closed:
            raise Unavailable("Carillon is stopping. Try again in a moment.")
        if self._child is not None and self._child.returncode is None:
            return self._child
        await self._end()
        memory, cpu = self._limits
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-B", "-m", "backend.security.jail", str(memory), str(cpu)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"},
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the parent, which ends the child in order
            limit=MAX_REPLY,
        )
        self._child = child
        try:
            async with asyncio.timeout(START):
                if child.stdout is not None:
                    await child.stdout.readexactly(1)
        except (TimeoutError, asyncio.IncompleteReadError):
            await self._end()
            raise Unavailable("The process that checks templates does not start. Look at memory and process limits.") from None
        except BaseException:
            await asyncio.shield(self._end())
            raise
        return child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdout is not None and child.stdout.at_eof():  # it died by itself; killing it again would take its end from asyncio
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), 1.0)
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        if child.stdin is not None:
            child.stdin.close()


async def _converse(child: asyncio.subprocess.Process, raw: bytes) -> bytes:
    if child.stdin is None or child.stdout is None:
        raise ConnectionError
    child.stdin.write(_LENGTH.pack(len(raw)) + raw)
    await child.stdin.drain()
    (length,) = _LENGTH.unpack(await child.stdout.readexactly(4))
    if length > MAX_REPLY:
        raise ValueError("reply too long")
    return await child.stdout.readexactly(length)


def _answer(raw: bytes) -> bytes:
    try:
        request = msgspec.json.decode(raw, type=_Request)
        if isinstance(request, _Publish):
            done: Any = publish(request.content, request.samples, request.shelf)
        elif isinstance(request, _Look):
            done = look(request.content, request.channel, request.locale, request.context, request.shelf)
        elif isinstance(request, _Render):
            done = render(compile_version(request.version), request.channel, request.context, request.locale)
        else:
            done = missing(compile_version(request.version), request.channel, request.context, request.locale)
        return b"+" + msgspec.json.encode(done)
    except Refusal as error:
        facts = {k: v for k, v in error.facts.items() if isinstance(v, str | int | float | list)}
        return b"-" + msgspec.json.encode(_Refused(type(error).__name__, error.detail, facts))
    except (MemoryError, RecursionError):
        return b"-" + msgspec.json.encode(_Refused("RenderStopped", RenderStopped().detail, {}))
    except Exception as error:  # noqa: BLE001  (whatever typed text provokes is the template's fault, not ours)
        return b"-" + msgspec.json.encode(_Refused("TemplateBounds", f"The template cannot be rendered: {str(error)[:200]}", {}))


def _serve(read: BinaryIO, write: BinaryIO, cpu: float) -> None:
    while len(head := read.read(4)) == 4:
        raw = read.read(_LENGTH.unpack(head)[0])
        signal.setitimer(signal.ITIMER_PROF, cpu)  # nobody handles SIGPROF: it ends the process, even inside one long C call
        answer = _answer(raw)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write.write(_LENGTH.pack(len(answer)) + answer)
        write.flush()


def _confine(memory: int) -> None:
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (most, most))


def main() -> None:
    """The child: limits first, then a byte to say that it is ready, then one answer per request until its input ends."""
    memory, cpu = int(sys.argv[1]), float(sys.argv[2])
    look(_WARM, "email", "en", {}, {})
    publish(_WARM)  # whatever is loaded on first use is loaded before the limits hold
    _confine(memory)
    sys.stdout.buffer.write(b".")
    sys.stdout.buffer.flush()
    _serve(sys.stdin.buffer, sys.stdout.buffer, cpu)


if __name__ == "__main__":
    main()
