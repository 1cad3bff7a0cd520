"""The rule builder: its tree there and back, its sentences, and the page's state without a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.app.audience_views import AudienceIn
from backend.app.views import PersonIn
from backend.domain import audience as rules
from backend.security.roles import SYSTEM
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
    (Node(about="attribute", name="age", is_="more", value="old"), "aud.wrong.number"), (Node(about="attribute", name="age", value="nan"), "aud.wrong.number"),
    (Node(about="attribute", name="plan", is_="one_of", value=" , "), "aud.wrong.value"), (Node(about="activity", days="soon"), "aud.wrong.number"),
])  # fmt: skip
def test_what_cannot_be_read_is_said(node, said):
    with pytest.raises(ValueError, match=said):
        rule_of(node, FIELDS)


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
    assert "no number" in page.wrong
    await one.do(AudiencePage, "set_part", "1", "value", "0")
    assert (page.people, [row.left for row in page.parts], page.wrong) == ("2", ["3 people left", "2 people left"], "")
    assert {row.user for row in page.sample} == {"a1", "a2"}
    await one.do(AudiencePage, "save")
    assert (page.dirty, [row.number for row in page.former]) == (False, [2, 1]) and "version 2" in one.state(Frame).said_title
    await house.app.audiences.put(SYSTEM, "gold", AudienceIn(name="Gold", rule=rules.All()))
    await one.do(AudiencePage, "remove", "1")
    await one.do(AudiencePage, "save")
    assert "Somebody else saved" in page.stale and page.people == "3", "what was built is still there"
    await one.do(AudiencePage, "save_over")
    assert page.stale == "" and page.former[0].number == 4
    await one.do(AudiencePage, "restore", 1)
    assert page.everybody
    await house.app.audiences.put(SYSTEM, "other", AudienceIn(rule=rules.InAudience("gold")))
    await one.do(AudiencePage, "delete")
    assert "used by other" in page.wrong
    seen = await reader.open(AudiencePage, "/audiences/gold")
    assert seen.people and seen.sample == []
    await reader.do(AudiencePage, "save")
    assert "may not" in reader.state(Frame).said_title or reader.state(Frame).said_hue == "failed"


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
