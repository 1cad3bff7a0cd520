"""A message as its reader would have it: the mail in a window or on a phone, the push on a lock screen, the SMS, the inbox entry."""

from typing import Any

import reflex as rx

from portal.components.controls import segmented
from portal.components.elements import div, icon, iframe, p, span
from portal.components.status import tag
from portal.components.surfaces import empty
from portal.components.text import t
from portal.states.studio import Studio

# No script, no form, no cookie of ours; a link may open a tab of its own, nothing else.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"


def _from() -> rx.Component:
    return div(
        span(icon("user", 14), cls="ico sm"),
        div(
            p(Studio.preview.title, cls="strong clip subjectline"),
            rx.cond(Studio.preview.preheader != "", p(Studio.preview.preheader, cls="cap faint clip")),
            cls="grow clip",
        ),
        cls="row mailhead",
    )


def _mail() -> rx.Component:
    frame = iframe(
        src_doc=Studio.preview.html,
        custom_attrs={"sandbox": SANDBOX, "title": t("preview.frame"), "referrerPolicy": "no-referrer", "tabIndex": "0"},
        class_name="mailframe",
    )
    text = div(Studio.preview.text, cls="mailtext", tab_index=0, role="region", aria_label=t("studio.text"))
    body = rx.cond(Studio.part == "text", text, frame)
    return div(_from(), body, cls=rx.cond(Studio.device == "phone", "mailbox phonewide", "mailbox"))


def _handset(*inner: Any) -> rx.Component:
    return div(div(div(cls="notch"), *inner, cls="screen"), cls="phone")


def _buttons() -> rx.Component:
    shown = div(rx.foreach(Studio.preview.actions, lambda x: span(x.text, cls="btn sm")), cls="row wrap")
    return rx.cond(Studio.preview.actions.length() > 0, shown)


def _facts() -> rx.Component:
    return rx.fragment(
        rx.cond(Studio.preview.image != "", span(tag(Studio.preview.image, "", "image"), cls="clip")),
        rx.cond(Studio.preview.link != "", p(Studio.preview.link, cls="cap mono muted clip")),
    )


def _push() -> rx.Component:
    notice = div(
        div(span(icon("bell", 12), cls="ico sm accent"), span(Studio.name, cls="cap strong grow clip"), span(t("preview.now"), cls="cap faint"), cls="row"),
        p(Studio.preview.title, cls="strong"),
        rx.cond(Studio.preview.text != "", p(Studio.preview.text, cls="muted")),
        _facts(),
        _buttons(),
        cls="notice",
    )
    return _handset(p("09:41", cls="hour num", aria_hidden="true"), notice)


def _sms() -> rx.Component:
    talk = div(
        p(Studio.name, cls="cap strong talker"),
        div(Studio.preview.text, cls="bubble"),
        p(Studio.preview.facts, cls="cap muted num segs"),
        rx.cond(Studio.preview.foreign != "", p(Studio.preview.foreign, cls="cap muted")),
        cls="talk",
    )
    return _handset(talk)


def _entry() -> rx.Component:
    item = div(
        span(cls="dot"),
        div(
            p(Studio.preview.title, cls="strong"),
            rx.cond(Studio.preview.text != "", p(Studio.preview.text, cls="muted entrytext")),
            _facts(),
            _buttons(),
            cls="grow col g2",
        ),
        span(t("preview.now"), cls="cap faint"),
        cls="row entry",
    )
    return div(item, cls="entrybox")


def preview_head() -> rx.Component:
    """Width for mail; light or dark for everything."""
    widths = segmented(
        [("desktop", t("preview.desktop")), ("phone", t("preview.phone"))], Studio.device, lambda v: Studio.show("device", v), t("preview.device")
    )
    modes = segmented(
        [("light", t("preview.light")), ("dark", t("preview.dark"))], rx.cond(Studio.dark, "dark", "light"), lambda v: Studio.show("dark", v),
        t("preview.mode"),
    )  # fmt: skip
    return div(rx.cond(Studio.channel == "email", widths), modes, cls="row wrap end")


def preview_stage() -> rx.Component:
    """The device, in the mode that is chosen, on the portal's own ground."""
    something = (Studio.preview.title != "") | (Studio.preview.text != "") | (Studio.preview.html != "")
    device = rx.match(Studio.channel, ("push", _push()), ("sms", _sms()), ("web", _entry()), _mail())
    stale = rx.cond(~Studio.fresh, p(icon("history", 14), t("preview.stale"), cls="row cap muted stalenote"))
    nothing = empty("eye", t("preview.nothing"), t("preview.nothing.text"))
    shown = div(device, cls=rx.cond(Studio.dark, "shownas dark", "shownas light"))
    return div(stale, rx.cond(something, shown, nothing), cls="stage2")
