"""The frame that stays between pages (assets/frames.js): its parts, and what a page asks about where the browser is."""

import reflex as rx
from reflex.components.component import Component
from reflex_base.utils.imports import ImportVar
from reflex_base.vars import VarData

from portal.frame import Frame

_LIBRARY = "$/public/frames.js"


class Frames(Component):
    """Frame around the page. Children: the frame for `staff` pages, the one for `own` pages, the voice; the page comes last, by the app.

    `theirs`: whoever looks has no product, so a staff page they may see stands in the frame of their own pages.
    """

    library = _LIBRARY
    tag = "Frames"
    staff: rx.Var[list[str]]
    own: rx.Var[list[str]]
    theirs: rx.Var[bool]


class Slot(Component):
    """Where in a frame the page stands."""

    library = _LIBRARY
    tag = "Slot"


class TrailPlace(Component):
    """Where in a frame the page's trail stands: a `nav`."""

    library = _LIBRARY
    tag = "TrailPlace"


class Later(Component):
    """Mounts its children after the first page stands (`when`), or as soon as a script asks for one of them."""

    library = _LIBRARY
    tag = "Later"
    when: rx.Var[bool]


class Trail(Component):
    """What a page shows in its frame's `TrailPlace`."""

    library = _LIBRARY
    tag = "Trail"


_IMPORTS = {"react-router": [ImportVar(tag="useLocation")], _LIBRARY: [ImportVar(tag="plain"), ImportVar(tag="whole")]}


def _told(name: str, script: str) -> rx.vars.StringVar[str]:
    return rx.Var(name, _var_type=str, _var_data=VarData(imports=_IMPORTS, hooks={f"const {name} = {script}": None})).to(str)


# Where the browser is, known to it before the server hears of it; and with the filters, as a list has them in its address.
where = _told("herePath", "plain(useLocation().pathname)")
where_filtered = _told("hereAddress", "whole(useLocation())")
# Whether what the frame says of the page is of this page, not of the one before it.
is_here = where == Frame.at
