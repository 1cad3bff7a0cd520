"""Pages behind signed links, for people without an account: plain HTML without script, in English and German.

Everything they need is in the document; the content security policy allows its style sheet (by hash) and forms to ourselves.
"""

import base64
import hashlib
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse

from backend.api.hosted_words import TEXTS

STYLE = """
:root{color-scheme:light dark;--bg:#f7f7f5;--surface:#fff;--line:#e7e6e1;--ctl:#8b8a82;--fg:#1a1c1b;--fg2:#51544f;--fg3:#686b64;--accent:#0f6b68;--accent-h:#0b5856;--on:#fff;--ring:#1f8581;--soft:#e3f2f0;--bronze:#96602a;--ok:#146339;--okbg:#e5f5eb;--bad:#a32020;--badbg:#fdeaea}
@media(prefers-color-scheme:dark){:root{--bg:#0c0e0e;--surface:#141717;--line:#242a29;--ctl:#6f7a77;--fg:#ecefed;--fg2:#b2b9b6;--fg3:#8d9693;--accent:#46b8b0;--accent-h:#62cac2;--on:#03211f;--ring:#46b8b0;--soft:#12302e;--bronze:#d9a566;--ok:#7fd8a3;--okbg:#122c1d;--bad:#fba3a3;--badbg:#381a1b}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:14px/1.5 "Geist Variable",Inter,system-ui,sans-serif}
main{max-width:920px;margin:0 auto;padding:40px 32px 24px}header{font-weight:600;font-size:15px;margin:0 0 24px;overflow-wrap:anywhere}
.card{background:var(--surface);border:1px solid var(--line);border-radius:11px;padding:24px;box-shadow:0 1px 2px rgb(0 0 0/.05)}
h1{font-size:22px;line-height:28px;letter-spacing:-.022em;margin:0 0 8px;text-wrap:balance;overflow-wrap:anywhere}p{margin:0 0 12px;color:var(--fg2);overflow-wrap:anywhere}
ul{margin:0 0 12px;padding-left:20px;color:var(--fg2)}li{margin:0 0 6px}
button{font:inherit;font-weight:500;height:40px;padding:0 16px;border:0;border-radius:7px;background:var(--accent);color:var(--on);cursor:pointer}button:hover{background:var(--accent-h)}
:focus-visible{outline:2px solid var(--ring);outline-offset:2px}form{margin:16px 0 0}
table{width:100%;border-collapse:collapse}th,td{text-align:center;padding:10px 6px;border-bottom:1px solid var(--line);font-weight:400}th:first-child{text-align:left}thead th{color:var(--fg3);font-size:12px}tbody th small{display:block;color:var(--fg3)}
input[type=checkbox]{width:20px;height:20px;accent-color:var(--accent)}.done{background:var(--soft);border-radius:9px;padding:10px 14px;color:var(--fg);margin:0 0 16px}
h2{font-size:15px;margin:24px 0 8px}h3{font-size:13px;margin:12px 0 4px}details{margin:0 0 8px;padding:12px 16px}summary{cursor:pointer}code,pre{font:12px/1.6 "Geist Mono",ui-monospace,monospace}
pre{background:var(--bg);border-radius:7px;padding:12px;overflow:auto;max-height:420px;margin:8px 0}a{color:var(--accent)}dt{margin:8px 0 0}dd{margin:0;color:var(--fg2)}
header{display:flex;align-items:center;gap:9px}.tile{display:grid;place-items:center;width:30px;height:30px;border-radius:8px;background:var(--soft);color:var(--accent)}
.narrow{max-width:520px;margin:0 auto}.flush{padding:0;overflow:hidden}.big{padding:32px 28px 28px;text-align:center}.big p{margin:0 0 6px}.big form{margin:18px 0 0}.tick{fill:none;stroke:var(--ok);stroke-width:2;stroke-linecap:round;stroke-linejoin:round;background:var(--okbg);border-radius:50%;padding:8px;margin-bottom:14px}
section h2{padding:0 20px;margin:18px 0 6px;font-size:14px}section{border-top:1px solid var(--line)}.way{display:flex;gap:14px;align-items:center;padding:12px 20px;border-top:1px solid var(--line)}.way:first-of-type{border-top:0}.way>div{flex:1;min-width:0}.way p{margin:0;font-size:13px}.way form{margin:0}.way b{font-weight:550}
.plain,.btn{display:inline-flex;align-items:center;font:inherit;font-weight:500;height:36px;padding:0 14px;border:1px solid var(--ctl);border-radius:7px;background:var(--surface);color:var(--fg);text-decoration:none;white-space:nowrap}.plain:hover,.btn:hover{background:var(--bg)}.stop{color:var(--bad)}.after{margin:16px 0 0;text-align:center;font-size:12px;color:var(--fg3)}
.ways{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px}div.done{display:flex;align-items:center;gap:12px}.done span{flex:1}.done form{margin:0}.done.bad{background:var(--badbg);color:var(--fg)}
.scroll{overflow-x:auto;position:relative}.scroll table{min-width:100%}.scroll th:first-child{padding-left:18px}.scroll tr>:last-child{padding-right:14px}.scroll th[scope=col]{white-space:nowrap}.scroll tbody tr:last-child>*{border-bottom:0}.two{display:grid;grid-template-columns:minmax(0,1.25fr) minmax(0,1fr);gap:16px;margin-top:16px;align-items:start}.two>div{display:grid;gap:16px;min-width:0}
fieldset{min-width:0;margin:0}fieldset.card>legend{float:left;width:100%;font-weight:600;font-size:15px;padding:0;margin-bottom:8px}fieldset.card>legend~*{clear:both}.span{border:0;padding:0;margin:0 0 14px}.span legend{font-weight:500;padding:0;margin-bottom:4px}fieldset p{font-size:13px}
label{display:grid;gap:4px;font-weight:500}.tick-row{display:flex;gap:9px;align-items:center;font-weight:400;min-height:32px}.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:10px}.days{display:flex;flex-wrap:wrap;gap:4px 12px;margin-top:8px}.days label{display:flex;gap:5px;align-items:center;font-weight:400}
input[type=time],input[list],select{font:inherit;width:100%;height:36px;padding:0 10px;border:1px solid var(--ctl);border-radius:7px;background:var(--surface);color:var(--fg)}input[type=radio]{width:18px;height:18px;accent-color:var(--accent);margin:0}.save{margin:16px 0 0}
footer{margin:24px 0 0;color:var(--fg3);font-size:12px;text-align:center}@media(max-width:760px){main{padding:24px 16px}.card{padding:16px}.flush{padding:0}.two{grid-template-columns:minmax(0,1fr)}.big{padding:26px 18px 22px}.save button{width:100%}th,td{padding:10px 4px}.way{flex-wrap:wrap}.way>div{flex-basis:100%}}
"""

_FRAME = """<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><link rel="icon" href="data:,"><title>{{ heading }}</title><style>{{ style }}</style></head>
<body><main>{% if brand %}<header><span class="tile" aria-hidden="true">{{ brand[:1] }}</span><bdi>{{ brand }}</bdi></header>{% endif %}
{% block body %}{% endblock %}
<footer>{{ t.foot }}</footer></main></body></html>"""

_PAGES = {
    "frame": _FRAME,
    "text": """{% extends "frame" %}{% block body %}<div class="card"><h1>{{ heading }}</h1>
{% for line in lines %}<p>{{ line }}</p>{% endfor %}
{% if points %}<ul>{% for point in points %}<li>{{ point }}</li>{% endfor %}</ul>{% endif %}
{% if ways %}<div class="ways">{% for href, words in ways %}<a class="btn" href="{{ href }}">{{ words }}</a>{% endfor %}</div>{% endif %}
</div>{% endblock %}""",
    "leave": """{% extends "frame" %}{% block body %}<div class="narrow"><div class="card flush"><div class="big">
{% if done %}<svg class="tick" viewBox="0 0 24 24" width="40" height="40" aria-hidden="true"><path d="m6 12.5 4 4 8-9"/></svg>{% endif %}
<h1{% if done %} role="status"{% endif %}>{{ heading }}</h1>{% for line in lines %}<p>{{ line }}</p>{% endfor %}
{% if ask %}<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>{{ t.u_button }}</button></form>{% endif %}
{% if undo %}<form method="post"><input type="hidden" name="act" value="{{ undo }}">{% if back %}<input type="hidden" name="back" value="{{ back }}">{% endif %}
<button class="plain">{{ t.u_undo }}</button></form>{% endif %}</div>
{% if few %}<section><h2>{{ t.u_few }}</h2>{% for row in few %}<div class="way"><div><b>{{ row.name }}</b><p>{{ row.text }}</p></div>
{% if row.href %}<a class="btn" href="{{ row.href }}">{{ row.button }}</a>{% else %}<form method="post"><input type="hidden" name="act" value="{{ row.act }}">
<button class="plain{% if row.act == "all" %} stop{% endif %}" aria-label="{{ row.button }}: {{ row.name }}">{{ row.button }}</button></form>{% endif %}</div>{% endfor %}</section>{% endif %}
</div>{% if few %}<p class="after">{{ t.u_note }}</p>{% endif %}</div>{% endblock %}""",
    "preferences": """{% extends "frame" %}{% block body %}<h1>{{ heading }}</h1><p>{{ t.p_text }}</p>
{% if problem %}<p class="done bad" role="alert">{{ problem }}</p>{% endif %}
{% if said %}<div class="done" role="status"><span>{{ said }}</span>{% if back %}<form method="post"><input type="hidden" name="back" value="{{ back }}">
<input type="hidden" name="back_person" value="{{ back_person }}"><button class="plain">{{ t.u_undo }}</button></form>{% endif %}</div>{% endif %}
<form method="post"><input type="hidden" name="form" value="1"><div class="card flush"><div class="scroll" tabindex="0" role="region" aria-label="{{ heading }}"><table><thead><tr><th scope="col">{{ t.p_category }}</th>
{% for channel in channels %}<th scope="col">{{ t[channel] }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr><th scope="row"><bdi>{{ row.name }}</bdi>{% if row.locked %}<small>{{ t.p_locked }}</small>{% elif row.description %}<small>{{ row.description }}</small>{% endif %}
{% if origins[row.category] %}<small>{{ origins[row.category] }}</small>{% endif %}</th>
{% for channel in channels %}<td>{% if channel in row.channels %}<input type="checkbox" name="cell" value="{{ row.category }}/{{ channel }}" aria-label="{{ row.name }}: {{ t[channel] }}"{% if row.channels[channel].wanted %} checked{% endif %}{% if row.locked %} disabled{% endif %}>
{% else %}{{ t.none }}{% endif %}</td>{% endfor %}</tr>{% endfor %}
</tbody></table></div></div>
<div class="two"><fieldset class="card"><legend>{{ t.p_quiet }}</legend><input type="hidden" name="quiet" value="shown">
<label class="tick-row"><input type="checkbox" name="quiet_on" value="1"{% if quiet_on %} checked{% endif %}> {{ t.p_quiet_on }}</label><p>{{ t.p_quiet_text }}</p>
{% for span in spans %}<fieldset class="span"><legend>{{ t.p_quiet_n.format(n=loop.index) }}</legend><div class="pair"><label>{{ t.p_from }}<input type="time" name="start_{{ loop.index0 }}" value="{{ span.start }}"></label>
<label>{{ t.p_to }}<input type="time" name="end_{{ loop.index0 }}" value="{{ span.end }}"></label></div>
<div class="days" role="group" aria-label="{{ t.p_days }}">{% set n = loop.index0 %}{% for day in t.days.split(",") %}<label><input type="checkbox" name="day_{{ n }}" value="{{ loop.index0 }}"{% if loop.index0 in span.days %} checked{% endif %}>{{ day }}</label>{% endfor %}</div></fieldset>{% endfor %}
<label>{{ t.p_zone }}<input name="zone" list="zones" value="{{ zone }}" maxlength="64" autocomplete="off"></label><datalist id="zones">{% for one in zones %}<option value="{{ one }}">{% endfor %}</datalist></fieldset>
<div><fieldset class="card"><legend>{{ t.p_often }}</legend>{% for one in ("each", "daily", "weekly") %}<label class="tick-row"><input type="radio" name="frequency" value="{{ one }}"{% if frequency == one %} checked{% endif %}> {{ t["p_often_" ~ one] }}</label>{% endfor %}<p>{{ t.p_often_text }}</p></fieldset>
<fieldset class="card"><legend>{{ t.p_pause }}</legend><p>{{ t.p_pause_text }}</p><select name="pause" aria-label="{{ t.p_pause }}"><option value="">{{ paused or t.p_pause_none }}</option>{% if paused %}<option value="0">{{ t.p_pause_off }}</option>{% endif %}
{% for days in (1, 7, 30) %}<option value="{{ days }}">{{ t["p_pause_" ~ days] }}</option>{% endfor %}</select></fieldset>
<fieldset class="card"><legend>{{ t.p_counted }}</legend><input type="hidden" name="counted" value="shown">
<label class="tick-row"><input type="checkbox" name="tracking" value="1"{% if tracking %} checked{% endif %}> {{ t.p_counted_on }}</label><p>{{ t.p_counted_text }}</p></fieldset>
<fieldset class="card"><legend>{{ t.p_language }}</legend><select name="language" aria-label="{{ t.p_language }}"><option value="en" lang="en"{% if lang == "en" %} selected{% endif %}>English</option><option value="de" lang="de"{% if lang == "de" %} selected{% endif %}>Deutsch</option></select></fieldset></div></div>
<div class="save"><button>{{ t.p_button }}</button></div></form>{% endblock %}""",
}


class _Safe(str):
    """Our own style sheet, which is not escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


STYLE_SHEET = _Safe(STYLE)
_environment = Environment(loader=DictLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {  # img-src is for the frame's empty icon, without which browsers ask for one that nobody has
    "Content-Security-Policy": f"default-src 'none'; img-src data:; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
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
    known = {"lines": [], "points": [], "ways": [], "brand": "", **values}
    html = _environment.get_template(name).render(lang=lang, t=TEXTS[lang], heading=heading, style=STYLE_SHEET, **known)
    return HTMLResponse(html, status, HEADERS)
