"""The postal address under marketing mail: laws ask for it, so a template that forgets it does not decide."""

import re

from markupsafe import escape

from backend.domain.errors import PostalMissing
from backend.domain.template import EmailMessage

_END = re.compile(r"</body\s*>", re.IGNORECASE)
_STYLE = "margin: 0; padding: 16px; text-align: center; font: 13px/20px system-ui, sans-serif; color: #60646c"


def with_postal(mail: EmailMessage, postal: str) -> EmailMessage:
    """The mail with the sender's postal address in both parts, where its template did not put it. Raises `PostalMissing`."""
    if not postal:
        raise PostalMissing
    shown = str(escape(postal))
    html, text = mail.html, mail.text
    if shown not in html and postal not in html:
        ends = list(_END.finditer(html))
        at = ends[-1].start() if ends else len(html)
        html = f'{html[:at]}<p style="{_STYLE}">{shown}</p>{html[at:]}'
    if postal not in text:
        text = f"{text.rstrip()}\n\n{postal}\n"
    if (html, text) == (mail.html, mail.text):
        return mail
    return EmailMessage(mail.subject, html, text, mail.preheader)
