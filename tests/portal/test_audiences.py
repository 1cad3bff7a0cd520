"""The rule builder: its tree there and back, its sentences, and the page's state without a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.app.audience_views import AudienceIn
from backend.app.views import PersonIn
from backend.domain import audience as rules
from backend.security.roles import SYSTEM
from portal.audience_apart import PARTS as PARTS_OF
from portal.audience_apart import Shape, joined, marks, torn
from portal.audience_rule import DEEP, KINDS, PARTS, Node, add, at, move, remove, rule_of, set_field, total, tree_of, walk
from portal.audience_words import sentence
from portal.frame import Frame
from portal.states.audience import AudiencePage
from portal.states.audiences import Audiences
from portal.telling import Teller
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

FIELDS = {"plan": "text", "age": "number", "vip": "flag", "since": "date"}
KEYS = st.sampled_from(["a", "b-1"])
LEAVES: st.SearchStrategy[rules.Rule] = st.one_of(
    st.builds(rules.Attribute, st.just("plan"), st.sampled_from(["equals", "differs", "contains", "begins"]), st.sampled_from(["pro", "x y"])),
    st.builds(rules.Attribute, st.just("plan"), st.sampled_from(["one_of", "none_of"]), st.lists(st.sampled_from(["pro", "free"]), min_size=1, max_size=3)),
    st.builds(rules.Attribute, st.just("age"), st.sampled_from(["more", "less", "equals"]), st.sampled_from([1, 2.5, -7])),
    st.builds(rules.Attribute, st.just("age"), st.just("between"), st.lists(st.sampled_from([1, 2.5]), min_size=2, max_size=2)),
    st.builds(rules.Attribute, st.just("vip"), st.sampled_from(["equals", "differs"]), st.booleans()),
    st.builds(rules.Attribute, st.just("since"), st.sampled_from(["before", "after"]), st.just("2026-12-31")),
    st.builds(rules.Attribute, st.just("plan"), st.sampled_from(["present", "absent"]), st.none()),
    st.builds(rules.InGroup, KEYS), st.builds(rules.Consented, KEYS, st.booleans()), st.builds(rules.InAudience, KEYS),
    st.builds(lambda did, days, of: rules.Activity(did, days, **of), st.sampled_from(["got", "opened", "clicked"]), st.sampled_from([0, 30]),
              st.sampled_from([{}, {"channel": "email"}, {"category": "orders"}, {"campaign": "spring"}])),
    st.builds(rules.Acted, st.just("order.placed"), st.sampled_from([0, 7]), st.sampled_from([1, 3])),
)  # fmt: skip
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(lambda of: rules.All(tuple(of))), st.lists(inner, max_size=3).map(lambda of: rules.Any(tuple(of))), inner.map(rules.Not)),
    max_leaves=6,
)


def plain(rule: rules.Rule) -> rules.Rule:
    """The same rule without what says nothing: `not not x`, and a group of one."""
    match rule:
        case rules.Not():
            inner = plain(rule.of)
            return inner.of if isinstance(inner, rules.Not) else rules.Not(inner)
        case rules.All(of=(one,)):
            return plain(one)
        case rules.All() | rules.Any():
            return type(rule)(tuple(plain(one) for one in rule.of))
        case _:
            return rule


@given(RULES)
def test_a_rule_comes_back_from_the_builder_as_it_was(rule):
    assert plain(rule_of(tree_of(rule), FIELDS)) == plain(rule)


@pytest.mark.parametrize("rule", [
    rules.Attribute("city", "one_of", ["Frankfurt, Oder", "Halle"]), rules.Attribute("score", "equals", 5), rules.Attribute("age", "more", 1234567.5),
    rules.Attribute("plan", "equals", ""), rules.Attribute("age", "between", [0.00001, 2]),
])  # fmt: skip
def test_a_condition_nobody_changes_stays_what_a_program_made_it(rule):
    tree = tree_of(rules.All((rule, rules.InGroup("vip"))))
    remove(tree, "1")
    assert rule_of(tree, FIELDS) == rules.All((rule,))
    assert add(tree, "", "attribute") and set_field(at(tree, "1"), "name", "age") and set_field(at(tree, "1"), "value", "1234567.5")
    assert rule_of(at(tree, "1"), FIELDS) == rules.Attribute("age", "equals", 1234567.5)
    set_field(at(tree, "0"), "value", "7")
    set_field(at(tree, "0"), "is_", "equals")
    assert rule_of(at(tree, "0"), FIELDS).value in (7, "7")


@given(RULES)
def test_every_rule_is_read_aloud_in_both_languages(rule):
    for language in ("en", "de"):
        said = sentence(Teller(language, "UTC", 0.0), rule, ["staff"], {"staff": "Staff"})
        assert said.endswith("Staff.") and "{" not in said and "  " not in said


def test_a_rule_as_one_sentence():
    rule = rules.All((
        rules.Attribute("plan", "equals", "pro"), rules.Not(rules.Activity("clicked", 30, channel="email")), rules.Any((rules.InGroup("vip"), rules.Acted("order.placed", 7, 2))),
        rules.Not(rules.Attribute("age", "more", 40)),
    ))  # fmt: skip
    assert sentence(Teller("en", "UTC", 0.0), rule, [], {}) == (
        "People whose plan is “pro” and who clicked nothing by Email in the last 30 days and (in the group vip or who did order.placed at least 2 times in the last 7 days) "
        "and whose age is not more than 40."
    )
    assert sentence(Teller("de", "UTC", 0.0), rules.All(), [], {}) == "Alle."


def test_parts_are_added_moved_and_taken_out_within_bounds():
    tree = Node("all")
    assert add(tree, "", "attribute") and add(tree, "", "any") and add(tree, "1", "event")
    assert [(path, deep, node.about) for path, deep, node in walk(tree)] == [("0", 0, "attribute"), ("1", 0, ""), ("1.0", 1, "attribute"), ("1.1", 1, "event")]
    assert move(tree, "1.1", -1) == "1.0" and at(tree, "1.0").about == "event"
    assert move(tree, "0", -1) == "0"
    assert not add(tree, "0", "attribute"), "a condition is no group"
    assert not add(tree, "9.9", "attribute") and not add(tree, "", "sql")
    deep = "1"
    while add(tree, deep, "any"):
        deep += f".{len(at(tree, deep).parts) - 1}"
    assert deep.count(".") == DEEP - 2
    while add(tree, "", KINDS[0]):
        pass
    assert total(tree) == PARTS
    remove(tree, "1")
    assert at(tree, "1").about == "attribute"
    assert not set_field(tree, "parts", "x") and not set_field(tree, "joint", "xor") and set_field(tree, "joint", "any")


@pytest.mark.parametrize(("node", "said"), [
    (Node(about="attribute"), "aud.wrong.choose"), (Node(about="group"), "aud.wrong.choose"), (Node(about="attribute", name="plan"), "aud.wrong.value"),
    (Node(about="attribute", name="age", is_="more", value="old"), "num.none"), (Node(about="attribute", name="age", value="nan"), "num.none"),
    (Node(about="attribute", name="plan", is_="one_of", value=" , "), "aud.wrong.value"), (Node(about="activity", days="soon"), "num.none"),
    (Node(about="attribute", name="age", is_="between", value="18"), "aud.wrong.two"), (Node(about="attribute", name="age", is_="between", value="1,000,2,000"), "aud.wrong.list"),
    (Node(about="attribute", name="age", is_="more", value="1.000"), "num.two"), (Node(about="event", name="order.placed", times="1.5"), "num.whole"),
])  # fmt: skip
def test_what_cannot_be_read_is_said(node, said):
    with pytest.raises(ValueError, match=said):
        rule_of(node, FIELDS)


@pytest.mark.parametrize(("language", "value", "meant"), [
    ("en", "1,000; 2.5", [1_000, 2.5]), ("de", "1.000; 2,5", [1_000, 2.5]), ("en", "18, 30", [18, 30]), ("de", "18, 30", [18, 30]), ("en", "18,30", [18, 30]), ("en", "1,000, 5,000", [1_000, 5_000]),
])  # fmt: skip
def test_two_numbers_are_read_in_the_language_of_their_writer(language, value, meant):
    rule = rule_of(Node(about="attribute", name="age", is_="between", value=value), FIELDS, language)
    assert rule.value == meant
    tree = tree_of(rules.All((rule,)), language)
    tree.parts[0].kept = None  # so that it is read from what its field shows
    assert rule_of(tree, FIELDS, language) == rules.All((rule,))


@pytest.mark.asyncio(loop_scope="module")
async def test_an_audience_is_made_built_counted_saved_and_not_over_somebody_elses_change(house, tab):  # noqa: F811
    await house.app.people.put_many(SYSTEM, [(f"a{n}", PersonIn(attributes={"tier": "gold" if n < 3 else "tin", "age": n})) for n in range(5)])
    one, reader = await tab("marketer"), await tab("analyst")
    page = await one.open(Audiences, "/audiences")
    await one.do(Audiences, "add", {"key": "gold", "name": "Gold", "kind": "rule"})
    assert page.wrong == ""
    await one.do(Audiences, "add", {"key": "gold", "name": "Again", "kind": "rule"})
    assert "exists already" in page.wrong
    page = await one.open(AudiencePage, "/audiences/gold")
    assert page.everybody and page.said == "Everybody."
    await one.do(AudiencePage, "add", "", "attribute")
    await one.do(AudiencePage, "set_part", "0", "name", "tier")
    await one.do(AudiencePage, "set_part", "0", "value", "gold")
    assert (page.people, page.dirty, [row.left for row in page.parts]) == ("3", True, ["3 people left"])
    await one.do(AudiencePage, "set_part", "0", "no", "yes")
    assert page.said == "People whose tier is not “gold”." and page.people != "3"
    await one.do(AudiencePage, "set_part", "0", "no", "no")
    await one.do(AudiencePage, "add", "", "attribute")
    await one.do(AudiencePage, "set_part", "1", "name", "age")
    await one.do(AudiencePage, "set_part", "1", "is_", "more")
    await one.do(AudiencePage, "set_part", "1", "value", "zero")
    assert page.wrong == "Write a number, such as 2.5 or 1,000."
    await one.do(AudiencePage, "set_part", "1", "value", "0")
    assert (page.people, [row.left for row in page.parts], page.wrong) == ("2", ["3 people left", "2 people left"], "")
    assert {row.user for row in page.sample} == {"a1", "a2"}
    await one.do(AudiencePage, "save")
    assert (page.dirty, [row.number for row in page.former]) == (False, [2, 1]) and "version 2" in one.state(Frame).said_title
    assert [mark.kind for mark in page.former[0].marks][:1] == ["out"] and page.former[0].said.endswith("more than 0.") and not page.former[0].same
    await one.do(AudiencePage, "restore", 1)
    assert page.everybody
    await one.do(AudiencePage, "duplicate", {"name": "  "})
    assert "name" in page.problem
    made = await one.do(AudiencePage, "duplicate", {"name": "Gold"})
    assert made is not None and (await house.app.audiences.get(SYSTEM, "gold-2")).name == "Gold"
    await house.app.audiences.put(SYSTEM, "other", AudienceIn(rule=rules.InAudience("gold")))
    await one.do(AudiencePage, "delete")
    assert "used by other" in page.wrong
    await one.do(AudiencePage, "again")
    assert [(row.value, row.text) for row in page.used] == [("/audiences/other", "other")]
    seen = await reader.open(AudiencePage, "/audiences/gold")
    assert seen.people and seen.sample == []
    await reader.do(AudiencePage, "save")
    assert "may not" in reader.state(Frame).said_title or reader.state(Frame).said_hue == "failed"


@pytest.mark.asyncio(loop_scope="module")
async def test_two_people_on_one_audience_lose_nothing(house, tab):  # noqa: F811
    app = house.app
    await app.people.put_many(SYSTEM, [(f"t{n}", PersonIn(attributes={"tone": "low" if n < 2 else "high"})) for n in range(5)])
    low, high = rules.Attribute("tone", "equals", "low"), rules.Attribute("tone", "equals", "high")
    await app.audiences.put(SYSTEM, "tones", AudienceIn(name="Tones", rule=low))
    one = await tab("marketer")
    page = await one.open(AudiencePage, "/audiences/tones")

    # another part: both changes are kept, and that is said
    await app.audiences.put(SYSTEM, "tones", AudienceIn(name="Sounds", rule=low, description="of bells"))
    await one.do(AudiencePage, "set_part", "0", "no", "yes")
    await one.do(AudiencePage, "save")
    now = await app.audiences.get(SYSTEM, "tones")
    assert (now.name, now.description, now.rule, page.torn, page.dirty) == ("Sounds", "of bells", rules.All((rules.Not(low),)), [], False)
    assert "Both changes are kept" in one.state(Frame).said_text and page.name == "Sounds"

    # the same part: nothing is overwritten, both stand beside each other with what is another and how many each names
    await app.audiences.put(SYSTEM, "tones", AudienceIn(name="Sounds", rule=high, description="of bells"))
    await one.do(AudiencePage, "set_part", "0", "no", "no")
    await one.do(AudiencePage, "save")
    (row,) = page.torn
    assert (row.key, row.mine_count, row.theirs_count, row.pick) == ("rule", "2 people", "3 people", "mine") and "saved this audience" in page.torn_by
    assert {mark.text for mark in row.theirs if mark.kind == "in"} == {"“high”."} and page.dirty
    assert (await app.audiences.get(SYSTEM, "tones")).rule == high and one.state(Frame).said_title == "Not saved yet"
    await one.do(AudiencePage, "set_part", "0", "value", "loud")
    assert page.torn[0].mine_count == "0 people", "what is changed meanwhile is what stands beside"
    await one.do(AudiencePage, "settle")
    saved = await app.audiences.get(SYSTEM, "tones")
    assert (page.torn, page.dirty, saved.rule) == ([], False, rules.All((rules.Attribute("tone", "equals", "loud"),)))

    # theirs chosen, while a third saves once more: asked again
    await one.do(AudiencePage, "set_part", "0", "value", "low")
    await app.audiences.put(SYSTEM, "tones", AudienceIn(name="Sounds", rule=high))
    await one.do(AudiencePage, "save")
    await one.do(AudiencePage, "pick_torn", "rule", "theirs")
    await one.do(AudiencePage, "settle")
    assert (await app.audiences.get(SYSTEM, "tones")).rule == high and page.said == "People whose tone is “high”." and not page.dirty

    # a new name makes no version, and leaves what is not saved yet alone
    version = (await app.audiences.get(SYSTEM, "tones")).version
    await one.do(AudiencePage, "add", "", "consent")
    await one.do(AudiencePage, "rename", {"name": "Loud", "description": ""})
    assert (await app.audiences.get(SYSTEM, "tones")).version == version and page.dirty and len(page.parts) == 2 and page.name == "Loud"
    await one.do(AudiencePage, "again")
    assert (page.dirty, len(page.parts)) == (False, 1)


@pytest.mark.asyncio(loop_scope="module")
async def test_who_is_left_out_of_a_list_is_kept_while_people_are_put_on_it(house, tab):  # noqa: F811
    await house.app.people.put_many(SYSTEM, [(f"l{n}", PersonIn()) for n in range(2)])
    for key in ("few", "staff"):
        await house.app.audiences.put(SYSTEM, key, AudienceIn(kind="list"))
    one = await tab("marketer")
    page = await one.open(AudiencePage, "/audiences/few")
    await one.do(AudiencePage, "leave_out", "staff", True)
    await one.do(AudiencePage, "put_on", {"users": "l0 l1"})
    assert page.dirty and [one.value for one in page.exclude] == ["staff"] and len(page.members) == 2
    await one.do(AudiencePage, "save")
    assert (await house.app.audiences.get(SYSTEM, "few")).exclude == ["staff"] and not page.dirty


@given(st.lists(st.sampled_from(["a", "b", "“x y”", "and"]), max_size=12), st.lists(st.sampled_from(["a", "b", "“x y”", "and"]), max_size=12))
def test_marks_say_both_sentences(before, after):
    some = marks(" ".join(before), " ".join(after))
    words = {kind: " ".join(mark.text for mark in some if mark.kind in ("", kind)) for kind in ("in", "out")}
    assert words == {"in": " ".join(after), "out": " ".join(before)}
    assert before != after or all(mark.kind == "" for mark in some)


@given(*[st.builds(Shape, st.sampled_from("ab"), st.sampled_from("cd"), st.sampled_from([rules.All(), rules.Any()]), st.sampled_from([(), ("x",)]))] * 3)
def test_what_only_one_changed_is_kept_of_both(base, mine, theirs):
    both = torn(base, mine, theirs)
    for take in (set(), set(both)):
        made = joined(base, mine, theirs, take)
        for key in PARTS_OF:
            was, own, other, now = (getattr(shape, key) for shape in (base, mine, theirs, made))
            assert now == (other if own == was or (key in both and key in take) else own)


@pytest.mark.asyncio(loop_scope="module")
async def test_people_are_put_on_a_list_and_taken_off(house, tab):  # noqa: F811
    await house.app.people.put_many(SYSTEM, [(f"b{n}", PersonIn()) for n in range(3)])
    one = await tab("marketer")
    await one.open(Audiences, "/audiences")
    await one.do(Audiences, "add", {"key": "beta", "name": "Beta", "kind": "list"})
    page = await one.open(AudiencePage, "/audiences/beta")
    assert (page.kind, page.people, page.members) == ("list", "0", [])
    await one.do(AudiencePage, "put_on", {"users": "b0, nobody"})
    assert "nobody" in page.problem and page.members == []
    await one.do(AudiencePage, "put_on", {"users": "b0\nb1 b2"})
    assert (sorted(page.members), page.people) == (["b0", "b1", "b2"], "3")
    await one.do(AudiencePage, "take_off", "b1")
    assert sorted(page.members) == ["b0", "b2"]
