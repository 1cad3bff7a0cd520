"""Who mail comes from: the sender of its category, else the default; marketing mail carries the postal address, whatever its template."""

import pytest

from backend.app.senders import SenderIn
from backend.app.views import TemplateIn
from backend.domain.template import Content, EmailContent
from backend.security.roles import SYSTEM
from tests.line.houses import order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_sender_of_a_category_its_answers_and_its_postal_address(stand):
    app, user = stand.app, await stand.person()
    await stand.wish(user, consents={"marketing": True})
    bare = Content(email=EmailContent("An offer", "<p>Cheap bells</p>", "", "Cheap bells"))
    await app.templates.put(SYSTEM, "bare", TemplateIn(bare))
    await app.templates.publish(SYSTEM, "bare")
    await app.senders.put(SYSTEM, "bells", SenderIn("Bells", "hello@bells.example", postal="Bells, 1 Tower Road"))
    offers = SenderIn("Offers", "offers@bells.example", "answers@bells.example", "Offers, 2 Tower Road", ["marketing"])
    await app.senders.put(SYSTEM, "offers", offers)
    try:
        await stand.send(order_shipped(to=user, category="marketing", channels=["email"], title=None, message=None, template="bare"))
        await stand.send(order_shipped(to=user, channels=["email"]))
        seen = [await app.captures.get(SYSTEM, one.id) for one in (await app.captures.list(SYSTEM, find=user)).items]
        by_sender = {one.sender: one for one in seen}
        assert by_sender.keys() == {"Offers <offers@bells.example>", "Bells <hello@bells.example>"}
        offer = by_sender["Offers <offers@bells.example>"]
        assert "Reply-To: answers@bells.example" in offer.mail
        assert offer.message.html.count("Offers, 2 Tower Road") == offer.message.text.count("Offers, 2 Tower Road") == 1
        order = by_sender["Bells <hello@bells.example>"].message
        assert order.html.count("Bells, 1 Tower Road") == 1  # the layout's own foot
    finally:
        await app.senders.remove(SYSTEM, "offers")
        await app.senders.remove(SYSTEM, "bells")
