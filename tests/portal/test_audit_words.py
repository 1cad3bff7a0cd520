"""Every action anything writes into the audit has words in both languages, and its area stands among the filters."""

import ast
from pathlib import Path

from backend.domain.parts import KINDS
from portal.pages.audit import AREAS
from portal.words import _PHRASES, LANGUAGES

WRITERS = {"note", "_release"}  # methods that take the action, or pass it on


def actions():
    """Of every call that writes an entry; a call this cannot read fails the test instead of hiding an action."""
    found = set()
    for path in [p for room in ("backend", "carillon", "workers") for p in sorted(Path(room).rglob("*.py"))]:
        for call in (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)):
            if call.func.attr not in WRITERS or not (call.args and isinstance(call.args[0], ast.Name) and call.args[0].id == "tx"):
                continue
            written = [_template(one) for arg in call.args for one in ((arg.body, arg.orelse) if isinstance(arg, ast.IfExp) else (arg,))]
            named = [text for text in written if "." in text and ":" not in text and " " not in text]
            passed_on = any(isinstance(arg, ast.Name) and arg.id == "action" for arg in call.args)
            assert named or passed_on, f"{path}:{call.lineno}: which action?"
            found |= {text.replace("{}", kind) for text in named for kind in KINDS}
    return found


def _template(node):
    """A string as it is written, "{}" for what is put in; "" for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_action_has_words_in_every_language():
    found = actions()
    assert {"group.put", "layout.put", "partial.remove", "template.rollback", "account.claim", "user.erase", "demo.gone"} <= found
    for language in LANGUAGES:
        assert [action for action in sorted(found) if f"did.{action}" not in _PHRASES[language]] == [], language


def test_every_area_can_be_filtered_by():
    assert {action.partition(".")[0] for action in actions()} <= set(AREAS)
