"""What published versions of templates demand of an event's data: worked out once for each version, for acceptance."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend.domain.demands import Path, attributes, demands
from backend.domain.errors import StoreUnavailable
from backend.domain.template import TemplateVersion
from backend.store import templates
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

KEPT = 5_000  # versions
Pin = tuple[int, str, int]  # space, template, version
OfChannels = Mapping[str, frozenset[Path]]
_decode = msgspec.json.Decoder(TemplateVersion).decode


class Demanded:
    """Versions never change, so what was worked out stays true."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._known: dict[Pin, OfChannels] = {}

    async def of(self, pins: Iterable[Pin]) -> Mapping[Pin, OfChannels]:
        """For each version; nothing while the store cannot be read, for rendering would say the same later."""
        unknown = {pin for pin in pins if pin not in self._known}
        if unknown:
            if len(self._known) > KEPT:
                self._known = {}

            def read(tx: Tx) -> dict[Pin, str]:
                rows = {pin: templates.version(tx, *pin) for pin in unknown}
                return {pin: row.content for pin, row in rows.items() if row is not None}

            try:
                found = await self._app.store.read(read)
            except StoreUnavailable:
                return self._known
            self._known = self._known | await asyncio.to_thread(_work_out, found)
        return self._known

    async def attributes(self, pin: Pin) -> Mapping[str, frozenset[str]]:
        """Channel -> attributes of the person that the version needs."""
        row = await self._app.store.read(lambda tx: templates.version(tx, *pin))
        return {} if row is None else await asyncio.to_thread(_attributes, row.content)


def _work_out(found: Mapping[Pin, str]) -> dict[Pin, OfChannels]:
    return {pin: {str(channel): paths for channel, paths in demands(_decode(raw).content).items()} for pin, raw in found.items()}


def _attributes(raw: str) -> dict[str, frozenset[str]]:
    return {str(channel): names for channel, names in attributes(_decode(raw).content).items()}
