"""What is sent when an event brings a title and a message instead of a template.

The context must have `event.title`; `event.message`, `data.link`, `data.action` (the label of the link), `data.image`, `brand` and
`links` are used when they are there.
"""

from functools import cache

from backend.domain.publish import publish
from backend.domain.template import Content, EmailContent, PushContent, SmsContent, TemplateVersion, WebContent

DEFAULT_KEY = "default"

_HTML = """<!doctype html>
<html lang="{{ user.locale|default('en') }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ event.title }}</title>
<style>
body { margin: 0; padding: 0; background: #f4f5f7; color: #1c2024; font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.page { width: 100%; background: #f4f5f7; }
.card { width: 100%; max-width: 600px; background: #ffffff; border-radius: 12px; }
.below { width: 100%; max-width: 600px; }
.brand { padding: 24px 32px 0; font-size: 15px; font-weight: 600; color: #60646c; }
.head { padding: 16px 32px 0; font-size: 24px; line-height: 32px; margin: 0; color: #1c2024; }
.text { padding: 12px 32px 0; font-size: 16px; line-height: 25px; margin: 0; white-space: pre-line; color: #1c2024; }
.go { display: inline-block; margin: 24px 32px 0; padding: 12px 22px; border-radius: 8px; color: #ffffff; font-weight: 600;
  text-decoration: none; font-size: 16px; }
.picture { display: block; width: 100%; height: auto; border: 0; margin-top: 20px; }
.end { height: 32px; line-height: 32px; }
.foot { padding: 20px 32px 32px; font-size: 13px; line-height: 20px; color: #60646c; }
.foot a { color: #60646c; text-decoration: underline; }
@media (max-width: 620px) { .card { border-radius: 0 !important; } .head { font-size: 22px !important; } }
@media (prefers-color-scheme: dark) {
  body, .page { background: #111113 !important; }
  .card { background: #1c1d20 !important; }
  .head, .text { color: #edeef0 !important; }
  .brand, .foot, .foot a { color: #b0b4ba !important; }
}
</style>
</head>
<body>
<table class="page" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td align="center" style="padding: 24px 0">
<table class="card" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td>
{% if brand.name %}<div class="brand">{{ brand.name }}</div>{% endif %}
<h1 class="head">{{ event.title }}</h1>
{% if data.image %}<img class="picture" src="{{ data.image }}" alt="" width="600">{% endif %}
{% if event.message %}<p class="text">{{ event.message }}</p>{% endif %}
{% if data.link %}<a class="go" href="{{ data.link }}"
 style="background: {{ brand.color|default('#4f46e5') }}">{{ data.action|default('Open') }}</a>{% endif %}
<div class="end">&nbsp;</div>
</td></tr></tbody></table>
<table class="below" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td class="foot">
{% if links.why %}<a href="{{ links.why }}">Why did I get this?</a>{% endif %}
{% if links.preferences %}&nbsp;· <a href="{{ links.preferences }}">Preferences</a>{% endif %}
{% if links.unsubscribe %}&nbsp;· <a href="{{ links.unsubscribe }}">Unsubscribe</a>{% endif %}
{% if brand.address %}<div>{{ brand.address }}</div>{% endif %}
</td></tr></tbody></table>
</td></tr></tbody></table>
</body>
</html>
"""

_TEXT = """{{ event.title }}
{% if event.message %}
{{ event.message }}
{% endif %}{% if data.link %}
{{ data.action|default('Open') }}: {{ data.link }}
{% endif %}
--
{% if links.why %}Why did I get this? {{ links.why }}
{% endif %}{% if links.preferences %}Preferences: {{ links.preferences }}
{% endif %}{% if links.unsubscribe %}Unsubscribe: {{ links.unsubscribe }}
{% endif %}{% if brand.address %}{{ brand.address }}
{% endif %}"""

_TITLE, _BODY = "{{ event.title|truncate(200) }}", "{{ event.message|default('')|truncate(1000) }}"

DEFAULT = Content(
    email=EmailContent("{{ event.title|truncate(200) }}", _HTML, "{{ event.message|default('')|truncate(140) }}", _TEXT),
    push=PushContent(_TITLE, _BODY, "{{ data.image|default('') }}", "{{ data.link|default('') }}"),
    sms=SmsContent(
        "{% if brand.name %}{{ brand.name }}: {% endif %}{{ event.title|truncate(200) }}"
        "{% if event.message %}\n{{ event.message|truncate(800) }}{% endif %}{% if data.link %}\n{{ data.link|truncate(300) }}{% endif %}"
    ),
    web=WebContent(_TITLE, "{{ event.message|default('') }}", "{{ data.image|default('') }}", "{{ data.link|default('') }}"),
)


@cache
def default_version() -> TemplateVersion:
    """The default as a published version, made once per process. It is ours, so it needs no jail."""
    done = publish(DEFAULT)
    return TemplateVersion(DEFAULT_KEY, 0, done.content, done.variables, done.samples)
