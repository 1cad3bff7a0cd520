"""Template values: JSON and back, and where a reader's language is found."""

import msgspec
import pytest

from backend.domain.template import (
    Action,
    Content,
    EmailContent,
    PushContent,
    SmsContent,
    TemplateVersion,
    Variable,
    WebContent,
    fallbacks,
)


@pytest.mark.parametrize(
    ("locale", "order"),
    [("de-AT", ["de-at", "de", ""]), ("de_AT", ["de-at", "de", ""]), ("zh-Hant-TW", ["zh-hant-tw", "zh-hant", "zh", ""]), ("", [""])],
)
def test_fallbacks(locale, order):
    assert list(fallbacks(locale)) == order


def test_a_version_reads_back_from_its_json():
    content = Content(
        email=EmailContent("s", "<p>h</p>", "pre", "t"),
        push=PushContent("t", "b", "", "https://example.com", (Action("go", "Go", "https://example.com"),)),
        sms=SmsContent("s"),
        web=WebContent("t"),
        locales={"de": Content(sms=SmsContent("d"))},
    )
    version = TemplateVersion("order", 3, content, (Variable("data.order.total", "number"),), {"order": {"total": 1}})
    assert msgspec.json.decode(msgspec.json.encode(version), type=TemplateVersion) == version


def test_what_content_does_not_know_is_refused():
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.json.decode(b'{"web":{"title":"t","colour":"red"}}', type=Content)


def test_each_names_every_channel_of_every_locale():
    content = Content(web=WebContent("t"), locales={"de": Content(sms=SmsContent("d"), web=WebContent("d"))})
    assert [(locale, channel) for locale, channel, _ in content.each()] == [("", "web"), ("de", "sms"), ("de", "web")]
