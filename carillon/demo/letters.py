"""The shape of the demo's messages: one frame for mail, and content for each channel made of a few sentences in a language. Pure."""

import msgspec

from backend.domain.template import Action, Content, EmailContent, PushContent, SmsContent, WebContent
from carillon.demo.german import in_german

_STYLE = """
body { margin: 0; padding: 0; background: #f2f4f3; color: #1b2120; font-family: system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.page { width: 100%; background: #f2f4f3; }
.card { width: 100%; max-width: 600px; background: #ffffff; border-radius: 14px; }
.band { padding: 20px 32px; border-radius: 14px 14px 0 0; color: #ffffff; font-size: 15px; font-weight: 600; }
.big { padding: 28px 32px 0; font-size: 40px; line-height: 44px; margin: 0; }
h1 { padding: 28px 32px 0; margin: 0; font-size: 26px; line-height: 34px; letter-spacing: -0.01em; color: #1b2120; }
.text { padding: 12px 32px 0; margin: 0; font-size: 16px; line-height: 25px; color: #1b2120; }
.lines { width: 100%; font-size: 15px; line-height: 22px; color: #1b2120; }
.lines td { padding: 11px 0; border-bottom: 1px solid #e3e8e6; }
.sum td { border-bottom: 0; font-weight: 600; }
.right { text-align: right; white-space: nowrap; }
.faint { color: #5c6664; }
.note { margin: 20px 32px 0; padding: 14px 16px; border-radius: 10px; background: #f2f4f3; font-size: 15px; line-height: 23px; color: #1b2120; }
.code { padding: 20px 32px 0; margin: 0; font-size: 34px; line-height: 42px; letter-spacing: 0.22em; font-weight: 600; color: #1b2120; }
.go { display: inline-block; margin: 26px 32px 0; padding: 13px 24px; border-radius: 9px; color: #ffffff; font-size: 16px; font-weight: 600; text-decoration: none; }
.end { height: 34px; line-height: 34px; }
.foot { padding: 20px 32px 34px; font-size: 13px; line-height: 20px; color: #5c6664; }
.foot a { color: #5c6664; text-decoration: underline; }
@media (max-width: 620px) { .card, .band { border-radius: 0 !important; } h1 { font-size: 23px !important; line-height: 30px !important; } }
@media (prefers-color-scheme: dark) {
  body, .page { background: #101413 !important; }
  .card { background: #191e1d !important; }
  h1, .text, .lines, .code { color: #eaeeed !important; }
  .note { background: #232a28 !important; color: #eaeeed !important; }
  .lines td { border-color: #2e3634 !important; }
  .faint, .foot, .foot a { color: #a9b3b0 !important; }
}
"""

_FRAME = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<table class="page" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td align="center" style="padding: 24px 0">
<table class="card" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr>
<td class="band" style="background: {{{{ brand.color|default('#0f6b68') }}}}">{{{{ brand.name }}}}</td></tr><tr><td>
<h1>{title}</h1>
{body}
<a class="go" href="{{{{ data.link }}}}" style="background: {{{{ brand.color|default('#0f6b68') }}}}">{button}</a>
<div class="end">&nbsp;</div>
</td></tr></tbody></table>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="width: 100%; max-width: 600px"><tbody><tr><td class="foot">
{foot}
</td></tr></tbody></table>
</td></tr></tbody></table>
</body>
</html>
"""

LINES = """<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="width: 100%"><tbody><tr><td style="padding: 18px 32px 0">
<table class="lines" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody>
{{% for line in data.lines %}}<tr><td>{{{{ line.name }}}} <span class="faint">× {{{{ line.count }}}}</span></td>
<td class="right">{{{{ line.price|money(data.currency) }}}}</td></tr>{{% endfor %}}
<tr class="sum"><td>{total}</td><td class="right">{{{{ data.total|money(data.currency) }}}}</td></tr></tbody></table></td></tr></tbody></table>"""

_FOOT = {
    "en": ("Why did I get this?", "Preferences", "Unsubscribe"),
    "de": ("Warum bekomme ich das?", "Einstellungen", "Abmelden"),
    "fr": ("Pourquoi ce message ?", "Préférences", "Se désabonner"),
    "es": ("¿Por qué recibo esto?", "Preferencias", "Darse de baja"),
}


class Say(msgspec.Struct, frozen=True):
    """One message in one language. `text`: paragraphs of the mail, a ready piece of HTML among them begins with "<"."""

    subject: str
    title: str
    text: tuple[str, ...]
    button: str
    short: str  # the one sentence of push and inbox
    sms: str = ""  # "" when this message never goes by SMS
    preheader: str = ""


def content(say: dict[str, Say], channels: tuple[str, ...], *, optional: bool = True) -> Content:
    """Content of a template: English outside, the other languages within. `optional`: it can be unsubscribed from."""
    first = _of("en", say["en"], channels, optional)
    return msgspec.structs.replace(
        first, locales={language: _of(language, one, channels, optional) for language, one in say.items() if language != "en"}
    )


def _of(language: str, say: Say, channels: tuple[str, ...], optional: bool) -> Content:
    link = "{{ data.link }}"
    mail = _mail(language, say, optional)
    if language == "de":
        mail = in_german(mail)
        short = {name: in_german(getattr(say, name)) for name in ("subject", "title", "short", "sms", "preheader")}
        say = msgspec.structs.replace(say, **short)
    return Content(
        email=EmailContent(say.subject, mail, say.preheader or say.short) if "email" in channels else None,
        push=PushContent(say.title, say.short, "", link) if "push" in channels else None,
        sms=SmsContent(say.sms) if "sms" in channels and say.sms else None,
        web=WebContent(say.title, say.short, "", link, (Action("open", say.button, link),)) if "web" in channels else None,
    )


def _mail(language: str, say: Say, optional: bool) -> str:
    why, preferences, unsubscribe = _FOOT[language]
    foot = [f'<a href="{{{{ links.why }}}}">{why}</a>', f'<a href="{{{{ links.preferences }}}}">{preferences}</a>']
    if optional:
        foot.append(f'<a href="{{{{ links.unsubscribe }}}}">{unsubscribe}</a>')
    body = "\n".join(part if part.startswith("<") else f'<p class="text">{part}</p>' for part in say.text)
    below = " &nbsp;· ".join(foot) + "\n{% if brand.address %}<div>{{ brand.address }}</div>{% endif %}"
    return _FRAME.format(lang=language, title=say.title, style=_STYLE, body=body, button=say.button, foot=below)


def lines(total: str) -> str:
    """The table of what was bought, with its sum."""
    return LINES.format(total=total)


def note(text: str) -> str:
    """A sentence set apart."""
    return f'<div class="note">{text}</div>'


def code(value: str) -> str:
    """A number to type in."""
    return f'<p class="code">{value}</p>'
