"""Sign-in: a form that posts natively on the left, the score on the right."""

import reflex as rx

from portal.components.controls import text_input
from portal.components.elements import button_el, div, h1, h2, icon, input_el, label, main, native_form, p, section, span
from portal.components.text import t
from portal.frame import Frame
from portal.guard import open_to_all
from portal.shell import logo, theme_button
from portal.sign_in import safe_next
from portal.words import preferred, say

REASONS = ("wrong", "many", "away", "foreign", "ended", "out")


class SignIn(rx.State):
    """What the address bar tells the sign-in page."""

    onward: str = ""
    problem: str = ""  # about what was typed: shown at the password
    news: str = ""  # anything else: shown above the form

    @open_to_all
    async def load(self) -> None:
        """Open to everyone: it reads only the address and the browser's languages, and shows nothing of anybody."""
        frame = await self.get_state(Frame)
        frame.language = preferred(self.router.headers.raw_headers.get("accept-language", ""))
        frame.leave = ""
        query = self.router.url.query_parameters
        reason = query.get("reason", "")
        said = say(frame.language, f"signin.{reason}") if reason in REASONS else ""
        self.problem, self.news = (said, "") if reason in ("wrong", "many") else ("", said)
        self.onward = safe_next(query.get("next", ""))


def _score() -> rx.Component:
    """Channels are staff lines, messages are notes; the lengths are drawn, not measured."""
    svg = rx.el.svg
    notes = []
    for line in range(8):
        y, x, k = 78 + line * 96, -20.0, line * 11 + 3
        notes.append(svg.path(d=f"M0 {y}H900", stroke="#ffffff", stroke_opacity=".12", stroke_width="2"))
        while x < 900:
            k = (k * 31 + 17) % 97
            width = (18, 18, 54, 92, 30, 132)[k % 6]
            hue = ("#5fb8af", "#5fb8af", "#d9a566", "#cfe3df")[k % 4]
            notes.append(
                svg.rect(
                    x=f"{x:.0f}", y=str(y - 9), width=str(width), height="18", rx="9", fill=hue, fill_opacity=(".85", ".55", ".3")[k % 3]
                )
            )
            x += width + 34 + (k * 13) % 120
    return svg(
        *notes,
        view_box="0 0 900 860",
        preserve_aspect_ratio="xMidYMin slice",
        class_name="score",
        custom_attrs={"aria-hidden": "true"},
        width="100%",
        height="100%",
    )


@rx.page("/sign-in", title="Carillon", on_load=SignIn.load)
def sign_in() -> rx.Component:
    problem = rx.cond(SignIn.problem != "", div(icon("circle-alert", 14), span(SignIn.problem), cls="err", role="alert", id="problem"))
    news = rx.cond(SignIn.news != "", div(icon("info", 17), p(SignIn.news), cls="note sent", role="status"))
    form = native_form(
        input_el(type="hidden", name="next", value=SignIn.onward, read_only=True),
        div(
            label(t("signin.login"), html_for="login"),
            text_input(
                "login", name="login", auto_complete="username", auto_focus=True, required=True, auto_capitalize="none", spell_check=False
            ),
            cls="field",
        ),
        div(
            label(t("signin.password"), html_for="password"),
            text_input(
                "password", name="password", type="password", auto_complete="current-password", required=True, aria_describedby="problem"
            ),
            problem,
            cls=rx.cond(SignIn.problem != "", "field bad", "field"),
        ),
        button_el(t("signin.act"), type="submit", cls="btn pri lg block"),
        action="/session",
        method="post",
        cls="col g4",
    )
    left = div(
        div(span(logo(26), span("Carillon"), cls="brand big"), span(cls="grow"), theme_button(), cls="row"),
        div(h1(t("signin.title")), p(t("signin.sub"), cls="muted"), cls="col g1"),
        news,
        form,
        cls="col g6 inner",
    )
    right = section(_score(), div(h2(t("signin.score")), p(t("signin.score.text")), cls="copy"), cls="sgr", aria_label="Carillon")
    return main(div(left, cls="sgl"), right, cls="signin", id="content")
