"""Drafts as texts: there and back, differences by line, and two editors whose work comes together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.draft import Line, actions_of, actions_text, built, changes, chosen, merge, texts
from backend.domain.template import Action, Content, EmailContent, PushContent, SmsContent, WebContent

WORDS = st.text("ab {}%|\n\u202eü", max_size=12)
LINE = st.text("ab {}%\u202eü", max_size=8).map(str.strip)
NAMED = st.builds(Action, LINE.filter(lambda t: t), LINE.filter(lambda t: t), LINE)
ONE = st.builds(
    Content,
    email=st.none() | st.builds(EmailContent, WORDS, WORDS, WORDS, WORDS, WORDS),
    push=st.none() | st.builds(PushContent, WORDS, WORDS, WORDS, WORDS, st.lists(NAMED, max_size=3).map(tuple)),
    sms=st.none() | st.builds(SmsContent, WORDS),
    web=st.none() | st.builds(WebContent, WORDS),
)
CONTENT = st.builds(
    lambda outer, locales: Content(outer.email, outer.push, outer.sms, outer.web, {k: v for k, v in locales.items() if any(v.each())}),
    ONE,
    st.dictionaries(st.sampled_from(["de", "de-AT", "fr"]), ONE, max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(CONTENT)
def test_texts_and_back(content):
    assert built(texts(content)) == content


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT)
def test_a_difference_leads_from_the_old_to_the_new(old, new):
    found = {(c.locale, c.channel, c.field): c.lines for c in changes(old, new)}
    before, after = texts(old), texts(new)
    assert found.keys() == {k for k in before.keys() | after.keys() if before.get(k, "") != after.get(k, "")}
    for key, lines in found.items():
        gone = [line.text for line in lines if line.mark == "gone"]
        fresh = [line.text for line in lines if line.mark == "new"]
        assert all(text in before.get(key, "") for text in gone) and all(text in after.get(key, "") for text in fresh) and gone + fresh


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT, CONTENT)
def test_a_merge_loses_nothing_and_says_what_is_torn(base, mine, theirs):
    merged = merge(base, mine, theirs)
    was, one, other, made = texts(base), texts(mine), texts(theirs), texts(merged.content)
    for key, value in one.items():
        if value != was.get(key, ""):
            assert made[key] == value  # what I wrote is there, torn or not
            assert (key in merged.torn) == (key in other and other[key] not in (was.get(key, ""), value))
    for key, value in other.items():
        if value != was.get(key, "") and key not in merged.torn:
            assert made[key] == value
    taken = texts(chosen(merged, theirs, set(merged.torn)))
    assert all(taken[key] == other[key] for key in merged.torn)
    assert merge(base, mine, base).content == merge(base, mine, mine).content == mine
    assert merge(base, base, theirs).content == theirs


def test_a_difference_by_line():
    old, new = Content(sms=SmsContent("\n".join("abcdefgh"))), Content(sms=SmsContent("\n".join("abcdXfgh")))
    (change,) = changes(old, new)
    assert change.lines == (
        Line("gap", ""), Line("same", "c", 3, 3), Line("same", "d", 4, 4), Line("gone", "e", 5), Line("new", "X", 0, 5), Line("same", "f", 6, 6),
        Line("same", "g", 7, 7), Line("gap", ""),
    )  # fmt: skip
    huge = Content(sms=SmsContent("\n".join(str(n) for n in range(5_000))))
    assert len(changes(old, huge)[0].lines) < 200


def test_actions_as_text():
    some = (Action("go", "Look | here", "https://x.example"), Action("no", "Not now"))
    assert actions_of(actions_text(some)) == some
    assert actions_of("\n | \nonly") == (Action("only", ""),)
