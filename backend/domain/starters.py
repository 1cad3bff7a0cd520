"""Starting layouts: good templates to begin with, in English and German, and the layout and footer they stand on."""

from typing import Any

from msgspec import Struct

from backend.domain.parts import Part
from backend.domain.template import Action, Content, EmailContent, PushContent, SmsContent, WebContent

LAYOUT = """<!doctype html>
<html lang="{{ user.locale|default('en') }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
body { margin: 0; padding: 0; background: #f4f5f4; color: #1a1c1b; font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.page { width: 100%; background: #f4f5f4; }
.card { width: 100%; max-width: 600px; background: #ffffff; border-radius: 12px; }
.inner { padding: 28px 32px 32px; font-size: 16px; line-height: 25px; }
.brand { padding: 24px 32px 0; font-size: 16px; font-weight: 600; }
h1 { font-size: 24px; line-height: 32px; margin: 0 0 12px; color: #1a1c1b; }
h2 { font-size: 17px; line-height: 25px; margin: 20px 0 4px; color: #1a1c1b; }
p { margin: 0 0 14px; }
.go { display: inline-block; padding: 12px 22px; border-radius: 8px; color: #ffffff; font-weight: 600; text-decoration: none; }
.soft { color: #51544f; font-size: 14px; line-height: 21px; }
.lines { width: 100%; border-collapse: collapse; }
.lines td { padding: 10px 0; border-top: 1px solid #e7e6e1; }
.sum { text-align: right; white-space: nowrap; font-weight: 600; }
.code { font-size: 32px; line-height: 44px; letter-spacing: 6px; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body, .page { background: #0c0e0e !important; }
  .card { background: #141717 !important; }
  .inner, h1, h2, .lines td { color: #ecefed !important; }
  .soft { color: #b2b9b6 !important; }
}
</style>
</head>
<body>
<table class="page" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td align="center" style="padding: 24px 0">
<table class="card" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td>
<div class="brand">{% if brand.logo %}<img src="{{ brand.logo }}" alt="{{ brand.name }}" height="32">{% else %}<span style="color: {{ brand.color }}">{{ brand.name }}</span>{% endif %}</div>
<div class="inner">
{% content %}
</div>
</td></tr></tbody></table>
{% include "footer" %}
</td></tr></tbody></table>
</body>
</html>
"""
FOOTER = """<table role="presentation" width="100%" style="max-width: 600px" cellpadding="0" cellspacing="0" border="0"><tbody><tr>
<td style="padding: 20px 32px 32px; font-size: 13px; line-height: 20px; color: #686b64">
<div>{{ brand.name }}{% if brand.address %}, {{ brand.address }}{% endif %}</div>
{% if links.why %}<a href="{{ links.why }}" style="color: #686b64">Why did I get this?</a>{% endif %}
{% if links.preferences %}&nbsp;· <a href="{{ links.preferences }}" style="color: #686b64">Preferences</a>{% endif %}
{% if links.unsubscribe %}&nbsp;· <a href="{{ links.unsubscribe }}" style="color: #686b64">Unsubscribe</a>{% endif %}
</td></tr></tbody></table>
"""
PARTS = (Part("partial", "footer", FOOTER), Part("layout", "standard", LAYOUT))


class Starter(Struct, frozen=True):
    """A template to begin with, and the data its previews show."""

    content: Content
    samples: dict[str, Any]


def _button(label: str, link: str = "{{ data.link }}") -> str:
    return f'<p><a class="go" href="{link}" style="background: {{{{ brand.color }}}}">{label}</a></p>'


def _mail(subject: str, preheader: str, *lines: str) -> EmailContent:
    return EmailContent(subject, "\n".join(lines) + "\n", preheader, "", "standard")


_LINES = """<table class="lines" role="presentation"><tbody>
{% for line in order.lines %}<tr><td>{{ line.name }}</td><td class="sum">{{ line.quantity }} ×</td></tr>{% endfor %}
</tbody></table>"""

ORDER = Starter(
    Content(
        email=_mail(
            "{{ user.name|default('Hello') }}, your parcel is on its way", "{{ order.carrier }} brings it on {{ order.arrives|date }}.",
            '<p class="soft">Order {{ order.id }}</p>', "<h1>Your parcel is on its way</h1>",
            "<p>{{ order.carrier }} picked it up today. It arrives on <strong>{{ order.arrives|date }}</strong>.</p>", _LINES,
            _button("Follow your parcel", "{{ order.link }}"),
        ),
        push=PushContent(
            "Your parcel is on its way", "{{ order.carrier }} brings order {{ order.id }} on {{ order.arrives|date }}.", "", "{{ order.link }}",
            (Action("follow", "Follow", "{{ order.link }}"),),
        ),
        sms=SmsContent("{{ brand.name }}: order {{ order.id }} is on its way and arrives on {{ order.arrives|date }}. {{ order.link }}"),
        web=WebContent(
            "Your parcel is on its way", "{{ order.carrier }} brings order {{ order.id }} on {{ order.arrives|date }}.", "", "{{ order.link }}",
            (Action("follow", "Follow your parcel", "{{ order.link }}"),),
        ),
        locales={
            "de": Content(
                email=_mail(
                    "{{ user.name|default('Guten Tag') }}, Ihr Paket ist unterwegs", "{{ order.carrier }} bringt es am {{ order.arrives|date }}.",
                    '<p class="soft">Bestellung {{ order.id }}</p>', "<h1>Ihr Paket ist unterwegs</h1>",
                    "<p>{{ order.carrier }} hat es heute abgeholt. Es kommt am <strong>{{ order.arrives|date }}</strong> an.</p>", _LINES,
                    _button("Sendung verfolgen", "{{ order.link }}"),
                ),
                push=PushContent(
                    "Ihr Paket ist unterwegs", "{{ order.carrier }} bringt die Bestellung {{ order.id }} am {{ order.arrives|date }}.", "",
                    "{{ order.link }}", (Action("follow", "Verfolgen", "{{ order.link }}"),),
                ),
                sms=SmsContent("{{ brand.name }}: Die Bestellung {{ order.id }} ist unterwegs und kommt am {{ order.arrives|date }} an. {{ order.link }}"),
                web=WebContent(
                    "Ihr Paket ist unterwegs", "{{ order.carrier }} bringt die Bestellung {{ order.id }} am {{ order.arrives|date }}.", "",
                    "{{ order.link }}", (Action("follow", "Sendung verfolgen", "{{ order.link }}"),),
                ),
            )
        },
    ),
    {
        "order": {
            "id": "88213", "carrier": "Nordpost", "arrives": "2026-11-27", "link": "https://shop.example.com/o/88213",
            "lines": [{"name": "Gaiters, black", "quantity": 1}, {"name": "Wool socks", "quantity": 2}],
        }
    },
)  # fmt: skip

CODE = Starter(
    Content(
        email=_mail(
            "{{ code }} is your sign-in code", "It is good for {{ minutes }} minutes.", "<h1>Your sign-in code</h1>", '<p class="code">{{ code }}</p>',
            "<p>It is good for {{ minutes }} minutes and for one sign-in.</p>",
            '<p class="soft">Nobody of ours will ever ask you for it. Did you not try to sign in? Then change your password.</p>',
        ),
        push=PushContent("Your sign-in code is {{ code }}", "Good for {{ minutes }} minutes."),
        sms=SmsContent("{{ code }} is your sign-in code for {{ brand.name }}. Good for {{ minutes }} minutes. Tell it to nobody."),
        locales={
            "de": Content(
                email=_mail(
                    "{{ code }} ist Ihr Anmeldecode", "Er gilt {{ minutes }} Minuten.", "<h1>Ihr Anmeldecode</h1>", '<p class="code">{{ code }}</p>',
                    "<p>Er gilt {{ minutes }} Minuten und für eine Anmeldung.</p>",
                    '<p class="soft">Niemand von uns fragt Sie je danach. Sie wollten sich nicht anmelden? Dann ändern Sie Ihr Kennwort.</p>',
                ),
                push=PushContent("Ihr Anmeldecode ist {{ code }}", "Er gilt {{ minutes }} Minuten."),
                sms=SmsContent("{{ code }} ist Ihr Anmeldecode für {{ brand.name }}. Er gilt {{ minutes }} Minuten. Geben Sie ihn niemandem weiter."),
            )
        },
    ),
    {"code": "482 913", "minutes": 10},
)  # fmt: skip

_STORIES = """{% for story in stories %}<h2>{{ story.title }}</h2>
<p>{{ story.text }}</p>
<p><a href="{{ story.link }}" style="color: {{ brand.color }}">%s</a></p>
{% endfor %}"""
NEWS = Starter(
    Content(
        email=_mail("{{ title }}", "{{ intro }}", "<h1>{{ title }}</h1>", "<p>{{ intro }}</p>", _STORIES.replace("%s", "Read on")),
        web=WebContent("{{ title }}", "{{ intro }}"),
        locales={
            "de": Content(
                email=_mail("{{ title }}", "{{ intro }}", "<h1>{{ title }}</h1>", "<p>{{ intro }}</p>", _STORIES.replace("%s", "Weiterlesen"))
            )
        },
    ),
    {
        "title": "What is new in November",
        "intro": "Three short reads from our workshop.",
        "stories": [
            {"title": "Warm feet all winter", "text": "How we knit socks that last.", "link": "https://shop.example.com/n/socks"},
            {"title": "Repair instead of new", "text": "Send it in, we mend it.", "link": "https://shop.example.com/n/repair"},
        ],
    },
)

_ENTRIES = """<table class="lines" role="presentation"><tbody>
{% for entry in entries %}<tr><td><a href="{{ entry.link }}" style="color: {{ brand.color }}">{{ entry.title }}</a></td><td class="sum">{{ entry.at|date('short') }}</td></tr>{% endfor %}
</tbody></table>"""
DIGEST = Starter(
    Content(
        email=_mail(
            "{{ entries|length }} things since yesterday", "{{ entries[0].title }}",
            "<h1>Since yesterday</h1>", _ENTRIES, _button("Open your inbox"),
        ),
        push=PushContent("{{ entries|length }} things since yesterday", "{{ entries[0].title }}", "", "{{ data.link }}"),
        web=WebContent("{{ entries|length }} things since yesterday", "{% for entry in entries %}{{ entry.title }}\n{% endfor %}", "", "{{ data.link }}"),
        locales={
            "de": Content(
                email=_mail(
                    "{{ entries|length }} Neuigkeiten seit gestern", "{{ entries[0].title }}", "<h1>Seit gestern</h1>", _ENTRIES,
                    _button("Posteingang öffnen"),
                ),
                push=PushContent("{{ entries|length }} Neuigkeiten seit gestern", "{{ entries[0].title }}", "", "{{ data.link }}"),
                web=WebContent(
                    "{{ entries|length }} Neuigkeiten seit gestern", "{% for entry in entries %}{{ entry.title }}\n{% endfor %}", "", "{{ data.link }}"
                ),
            )
        },
    ),
    {
        "link": "https://shop.example.com/inbox",
        "entries": [
            {"title": "Your parcel was delivered", "at": "2026-11-24", "link": "https://shop.example.com/o/88213"},
            {"title": "Ines answered you", "at": "2026-11-25", "link": "https://shop.example.com/chat/7"},
        ],
    },
)  # fmt: skip

NOTICE = Starter(
    Content(
        email=_mail("{{ title }}", "{{ text|truncate(120) }}", "<h1>{{ title }}</h1>", "<p>{{ text }}</p>", "{% if data.link %}" + _button("Open") + "{% endif %}"),
        push=PushContent("{{ title }}", "{{ text }}", "", "{{ data.link|default('') }}"),
        sms=SmsContent("{{ brand.name }}: {{ title }}"),
        web=WebContent("{{ title }}", "{{ text }}", "", "{{ data.link|default('') }}"),
    ),
    {"title": "Maintenance on Sunday", "text": "The shop is closed from 02:00 to 04:00.", "link": "https://status.example.com"},
)

STARTERS: dict[str, Starter] = {"order": ORDER, "code": CODE, "newsletter": NEWS, "digest": DIGEST, "notice": NOTICE}
