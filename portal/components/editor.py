"""The source editor: CodeMirror 6 from its npm packages, bundled, in a chunk that only pages with an editor load (assets/editor.js)."""

from typing import Any

import reflex as rx
from reflex.components.component import NoSSRComponent

from backend.domain.bounds import FIELDS
from backend.domain.filters import FILTERS


def _typed(key: rx.Var[str], text: rx.Var[str]) -> list[rx.Var[str]]:
    return [key, text]


class Editor(NoSSRComponent):
    """`on_change` gets the `doc_key` the text was typed under, and the text, after a pause in typing or when the editor is left."""

    library = "$/public/editor.js"
    lib_dependencies: list[str] = [
        "@codemirror/state@6.7.6",
        "@codemirror/view@6.43.15",
        "@codemirror/commands@6.11.1",
        "@codemirror/language@6.13.1",
        "@codemirror/autocomplete@6.20.4",
        "@codemirror/lint@6.9.8",
        "@codemirror/lang-html@6.4.12",
        "@codemirror/lang-jinja@6.0.1",
        "@codemirror/lang-json@6.0.2",
        "@lezer/highlight@1.2.5",
    ]
    tag = "Editor"
    value: rx.Var[str]
    doc_key: rx.Var[str]
    lang: rx.Var[str]
    label: rx.Var[str]
    describedby: rx.Var[str]
    problems: rx.Var[list[Any]]
    offers: rx.Var[list[Any]]
    line: rx.Var[bool]
    read_only: rx.Var[bool]
    hint: rx.Var[str]
    on_change: rx.EventHandler[_typed]


FILTER_OFFERS = [{"kind": "filter", "label": name} for name in sorted(FILTERS) if name not in ("d", "e", "count", "json")]
BLOCK_OFFERS = [
    {"kind": "block", "label": "if", "apply": "if  %}{% endif %}"},
    {"kind": "block", "label": "for", "apply": "for item in  %}{% endfor %}"},
    {"kind": "block", "label": "set", "apply": "set name = "},
    {"kind": "block", "label": "include", "apply": 'include ""'},
    *[{"kind": "block", "label": name} for name in ("elif", "else", "endif", "endfor")],
]
FIELD_OFFERS = [{"kind": "value", "label": f"{root}.{name}"} for root in sorted(FIELDS) for name in sorted(FIELDS[root])]


def editor(value: Any, doc_key: Any, label: Any, on_change: Any, *, lang: str = "jinja", **props: Any) -> rx.Component:
    """`lang`: jinja, html (Jinja over HTML) or json. `line=True`: one line."""
    return Editor.create(value=value, doc_key=doc_key, label=label, on_change=on_change, lang=lang, **props)
