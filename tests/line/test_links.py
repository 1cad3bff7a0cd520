"""Links of a template lead where they say: why it came, one's preferences, and out of it."""

import re

import pytest

from backend.app.views import TemplateIn
from backend.domain.template import Content, EmailContent
from backend.security.roles import SYSTEM
from tests.line.houses import order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
ONE_BY_ONE = '<p><a href="{{ links.why }}">Why</a> <a href="{{ (links.preferences)|url }}">Choose</a> {% if links.unsubscribe %}<a href="{{ links.unsubscribe }}">Out</a>{% endif %}</p>'
IN_ANOTHER_WAY = "<p>{% set all = links %}<a href=\"{{ all.why }}\">Why</a> <a href=\"{{ links['preferences'] }}\">Choose</a> <a href=\"{{ links['unsubscribe'] }}\">Out</a></p>"


@pytest.mark.parametrize("html", [ONE_BY_ONE, IN_ANOTHER_WAY], ids=["by name", "in another way"])
async def test_a_template_gets_the_links_that_it_reads(stand, html):
    app, user = stand.app, await stand.person()
    await app.templates.put(SYSTEM, "linked", TemplateIn(Content(email=EmailContent("Links", html, "", "Links"))))
    await app.templates.publish(SYSTEM, "linked")
    made = await stand.send(order_shipped(to=user, channels=["email"], title=None, message=None, template="linked"))
    assert await stand.ledger(made) == {"planned": 1, "sent": 1}
    (row,) = (await app.captures.list(SYSTEM, find=user)).items
    sent = (await app.captures.get(SYSTEM, row.id)).message.html
    why, choose, out = (re.search(rf'href="[^"]+(/{way}/[^"]+)"', sent) for way in "ypu")
    assert why and choose and out, sent
