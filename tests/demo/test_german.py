"""The demo speaks German to Germans: what a letter names, too, and whoever hands in English alone is still understood."""

from random import Random

import pytest

from backend.app.content_views import PreviewIn
from backend.domain.template import Content, WebContent
from backend.security.roles import SYSTEM
from carillon.demo.campaigns import planned
from carillon.demo.german import SPOKEN, in_german, spoken
from carillon.demo.past import pasts
from carillon.demo.plot import STORIES, data_of
from tests.demo.conftest import seeded


@pytest.mark.parametrize("story", sorted(STORIES))
def test_everything_the_demo_says_has_its_german(story):
    for n in range(200):
        data = data_of(story, Random(n), n * 3.1 * 86_400)
        assert all(data[f"{name}_de"] for name in SPOKEN if name in data)
        assert all(line["name_de"] for line in data.get("lines", ()))


def test_campaigns_say_it_in_german_too():
    for body in (*(one.body for one in planned(1.7e9)), *(one.body for days in (3, 30) for one in pasts(days))):
        for data in (body.data, *(variant.data for variant in body.variants)):
            assert data == spoken({name: value for name, value in data.items() if not name.endswith("_de")})


def test_a_german_text_reads_german_words_and_english_ones_where_there_are_no_others():
    assert in_german("{{ data.off }} % auf {{ data.what }}") == "{{ data.off }} % auf {{ (data.what_de|default(data.what)) }}"
    with pytest.raises(KeyError):
        spoken({"what": "something nobody has translated"})


async def test_a_letter_in_german_has_no_english_in_it(alone):
    await seeded(alone)
    app = alone.app
    own = Content(web=WebContent(in_german("{{ data.what }}")))
    plain = await app.templates.preview(SYSTEM, "sign_in_code", PreviewIn(channel="web", data={"what": "cups"}, content=own))
    assert plain.messages["web"].title == "cups"
    for language, word in (("de", "Steingutbecher"), ("en", "stoneware cups")):
        shown = await app.templates.preview(SYSTEM, "weekly_offer", PreviewIn(channel="web", locale=language, data=spoken({"off": 20, "what": "stoneware cups", "link": "https://example.com/"})))
        assert word in shown.messages["web"].title
