"""Pages behind signed links, for people without an account: plain HTML without script, in English and German.

Everything they need is in the document; the content security policy allows its style sheet (by hash) and forms to ourselves.
"""

import base64
import hashlib
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse

STYLE = """
:root{color-scheme:light dark;--bg:#f7f7f5;--surface:#fff;--line:#e7e6e1;--ctl:#8b8a82;--fg:#1a1c1b;--fg2:#51544f;--fg3:#686b64;--accent:#0f6b68;--accent-h:#0b5856;--on:#fff;--ring:#1f8581;--soft:#e3f2f0;--bronze:#96602a}
@media(prefers-color-scheme:dark){:root{--bg:#0c0e0e;--surface:#141717;--line:#242a29;--ctl:#6f7a77;--fg:#ecefed;--fg2:#b2b9b6;--fg3:#8d9693;--accent:#46b8b0;--accent-h:#62cac2;--on:#03211f;--ring:#46b8b0;--soft:#12302e;--bronze:#d9a566}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:14px/1.5 "Geist Variable",Inter,system-ui,sans-serif}
main{max-width:920px;margin:0 auto;padding:40px 32px 24px}header{font-weight:600;font-size:15px;color:var(--bronze);margin:0 0 24px;overflow-wrap:anywhere}
.card{background:var(--surface);border:1px solid var(--line);border-radius:11px;padding:24px;box-shadow:0 1px 2px rgb(0 0 0/.05)}
h1{font-size:22px;line-height:28px;letter-spacing:-.022em;margin:0 0 8px;text-wrap:balance;overflow-wrap:anywhere}p{margin:0 0 12px;color:var(--fg2);overflow-wrap:anywhere}
ul{margin:0 0 12px;padding-left:20px;color:var(--fg2)}li{margin:0 0 6px}
button{font:inherit;font-weight:500;height:40px;padding:0 16px;border:0;border-radius:7px;background:var(--accent);color:var(--on);cursor:pointer}button:hover{background:var(--accent-h)}
:focus-visible{outline:2px solid var(--ring);outline-offset:2px}form{margin:16px 0 0}
table{width:100%;border-collapse:collapse}th,td{text-align:center;padding:10px 6px;border-bottom:1px solid var(--line);font-weight:400}th:first-child{text-align:left}thead th{color:var(--fg3);font-size:12px}tbody th small{display:block;color:var(--fg3)}
input[type=checkbox]{width:20px;height:20px;accent-color:var(--accent)}.done{background:var(--soft);border-radius:9px;padding:10px 14px;color:var(--fg);margin:0 0 16px}
h2{font-size:15px;margin:24px 0 8px}h3{font-size:13px;margin:12px 0 4px}details{margin:0 0 8px;padding:12px 16px}summary{cursor:pointer}code,pre{font:12px/1.6 "Geist Mono",ui-monospace,monospace}
pre{background:var(--bg);border-radius:7px;padding:12px;overflow:auto;max-height:420px;margin:8px 0}a{color:var(--accent)}dt{margin:8px 0 0}dd{margin:0;color:var(--fg2)}
footer{margin:24px 0 0;color:var(--fg3);font-size:12px}@media(max-width:760px){main{padding:24px 16px}.card{padding:16px}}
"""

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "foot": "Sent with Carillon",
        "u_title": "Stop “{category}”?",
        "u_text": "{brand} then sends you nothing more about this. Other notifications stay as they are.",
        "u_to": "Sent to {address}.",
        "u_button": "Unsubscribe",
        "u_done": "“{category}” is turned off",
        "u_done_text": "{brand} sends you nothing more about this. What is already on its way may still arrive.",
        "u_done_other": "Security and other things you must know still arrive.",
        "u_locked": "This cannot be turned off",
        "u_locked_text": "“{category}” is about things you must know, and goes to everybody.",
        "y_title": "Why you got “{title}”",
        "y_title_none": "Why you got this",
        "y_text": "{brand} sent it on {sent} by {channel} because it is about “{category}”.",
        "y_none": "Nothing stood against it: neither your preferences nor your quiet hours.",
        "p_title": "What {brand} may send you",
        "p_text": "Tick what you want to get, and where.",
        "p_category": "About",
        "p_locked": "Always sent: things you must know",
        "p_button": "Save",
        "p_saved": "Saved. It holds from now on.",
        "none": "–",
        "refused": "This did not work",
        "web": "Web",
        "email": "E-mail",
        "push": "Push",
        "sms": "SMS",
    },
    "de": {
        "foot": "Versandt mit Carillon",
        "u_title": "„{category}“ abbestellen?",
        "u_text": "{brand} sendet Ihnen dann nichts mehr dazu. Andere Benachrichtigungen bleiben, wie sie sind.",
        "u_to": "Gesendet an {address}.",
        "u_button": "Abbestellen",
        "u_done": "„{category}“ ist abbestellt",
        "u_done_text": "{brand} sendet Ihnen nichts mehr dazu. Was schon unterwegs ist, kann noch ankommen.",
        "u_done_other": "Sicherheit und anderes, was Sie wissen müssen, kommt weiterhin an.",
        "u_locked": "Das lässt sich nicht abbestellen",
        "u_locked_text": "Bei „{category}“ geht es um Dinge, die Sie wissen müssen; alle erhalten sie.",
        "y_title": "Warum Sie „{title}“ erhalten haben",
        "y_title_none": "Warum Sie dies erhalten haben",
        "y_text": "{brand} hat es am {sent} über {channel} gesendet, weil es um „{category}“ geht.",
        "y_none": "Nichts sprach dagegen: weder Ihre Einstellungen noch Ihre Ruhezeiten.",
        "p_title": "Was {brand} Ihnen senden darf",
        "p_text": "Haken Sie an, was Sie erhalten möchten, und worüber.",
        "p_category": "Thema",
        "p_locked": "Kommt immer: Dinge, die Sie wissen müssen",
        "p_button": "Speichern",
        "p_saved": "Gespeichert. Es gilt ab jetzt.",
        "none": "–",
        "refused": "Das ging nicht",
        "web": "Web",
        "email": "E-Mail",
        "push": "Push",
        "sms": "SMS",
    },
}

_FRAME = """<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>{{ heading }}</title><style>{{ style }}</style></head>
<body><main>{% if brand %}<header>{{ brand }}</header>{% endif %}<div class="card">
{% block body %}{% endblock %}
</div><footer>{{ t.foot }}</footer></main></body></html>"""

_PAGES = {
    "frame": _FRAME,
    "text": """{% extends "frame" %}{% block body %}<h1>{{ heading }}</h1>
{% for line in lines %}<p>{{ line }}</p>{% endfor %}
{% if points %}<ul>{% for point in points %}<li>{{ point }}</li>{% endfor %}</ul>{% endif %}
{% if button %}<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>{{ button }}</button></form>{% endif %}
{% endblock %}""",
    "preferences": """{% extends "frame" %}{% block body %}<h1>{{ heading }}</h1>
{% if saved %}<p class="done" role="status">{{ t.p_saved }}</p>{% endif %}<p>{{ t.p_text }}</p>
<form method="post"><table><thead><tr><th scope="col">{{ t.p_category }}</th>
{% for channel in channels %}<th scope="col">{{ t[channel] }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr><th scope="row">{{ row.name }}{% if row.locked %}<small>{{ t.p_locked }}</small>{% endif %}</th>
{% for channel in channels %}<td>{% if channel in row.channels %}<input type="checkbox" name="cell" value="{{ row.category }}/{{ channel }}"
 aria-label="{{ row.name }}: {{ t[channel] }}"{% if row.channels[channel].wanted %} checked{% endif %}{% if row.locked %} disabled{% endif %}>
{% else %}{{ t.none }}{% endif %}</td>{% endfor %}</tr>{% endfor %}
</tbody></table><p></p><button>{{ t.p_button }}</button></form>{% endblock %}""",
}


class _Safe(str):
    """Our own style sheet, which is not escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


STYLE_SHEET = _Safe(STYLE)
_environment = Environment(loader=DictLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",  # the address is a credential
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def language(locale: str) -> str:
    """The language a reader of `locale` gets: German or English."""
    return "de" if locale.replace("_", "-").lower().split("-")[0] == "de" else "en"


def page(name: str, locale: str, heading: str, status: int = 200, **values: Any) -> HTMLResponse:
    """One page, every value escaped."""
    lang = language(locale)
    known = {"lines": [], "points": [], "button": "", "brand": "", **values}
    html = _environment.get_template(name).render(lang=lang, t=TEXTS[lang], heading=heading, style=STYLE_SHEET, **known)
    return HTMLResponse(html, status, HEADERS)
