"""Whom an audience names, as one statement for either dialect: a rule is a condition on `summaries`, which has a row for everybody who is here.

Conditions are never NULL, so that `not` of one is the rest of the people. What stands in other tables is asked for by person.
"""

import msgspec
from sqlalchemy import ColumnElement, Float, Select, String, and_, case, cast, false, func, literal, not_, or_, select, true, type_coerce
from sqlalchemy.dialects import postgresql

from backend.domain import audience as rules
from backend.domain.audience import Audience, Rule, Value
from backend.domain.errors import Invalid, UnknownAudience
from backend.store.port import Tx
from backend.store.tables import acts, audiences, listed, memberships, people, recipients, runs, summaries

DAY = 86_400.0
OF_PEOPLE = ("user_id", "timezone", "locale")  # attributes that are columns of `people`
Condition = ColumnElement[bool]
_decode = msgspec.json.Decoder(Audience).decode
_s = summaries.c


def whom(tx: Tx, space: int, audience: Audience, now: float, *, key: str = "") -> Select[tuple[int]]:
    """The persons it names now, in no order. `key`: its own, when it has one: of a list, and so that it does not name itself.
    Errors: `UnknownAudience`, `Invalid` when audiences name each other in a circle."""
    return select(_s.person).where(_s.space == space, Ask(tx, space, now).audience(audience, key, ()))


def stored(tx: Tx, space: int, key: str) -> Audience | None:
    """The audience as it was saved last."""
    body = tx.conn.scalar(select(audiences.c.body).where(audiences.c.space == space, audiences.c.key == key))
    return None if body is None else _decode(body)


class Ask:
    """Makes conditions of rules. `now`: seconds, what "within so many days" counts back from."""

    def __init__(self, tx: Tx, space: int, now: float) -> None:
        self._tx, self._space, self._now = tx, space, now
        self._postgres = tx.dialect != "sqlite"

    def audience(self, audience: Audience, key: str, through: tuple[str, ...]) -> Condition:
        """`through`: the audiences that led here."""
        if key and key in through:
            raise Invalid(
                f"The audience {key} names itself, through {' and '.join(through[through.index(key) :])}. Take one of them out of the other's rule.",
                field="rule",
            )
        path = (*through, key) if key else through
        mine = self._listed(key) if audience.rule is None else self.rule(audience.rule, path)
        others = [not_(self._named(other, path)) for other in audience.exclude]
        return and_(mine, *others) if others else mine

    def rule(self, rule: Rule, through: tuple[str, ...] = ()) -> Condition:
        """One rule as a condition on a row of `summaries`."""
        match rule:
            case rules.All():
                return and_(true(), *(self.rule(each, through) for each in rule.of))
            case rules.Any():
                return or_(false(), *(self.rule(each, through) for each in rule.of))
            case rules.Not():
                return not_(self.rule(rule.of, through))
            case rules.Attribute():
                return self._attribute(rule)
            case rules.InGroup():
                m = memberships.c
                return _s.person.in_(select(m.person).where(m.space == self._space, m.group_key == rule.key))
            case rules.Consented():
                return self._is(_s.consents, rule.category, rule.given)
            case rules.Activity():
                return self._activity(rule)
            case rules.Acted():
                a = acts.c
                since = [a.last >= self._now - rule.within_days * DAY] if rule.within_days else []
                return _s.person.in_(select(a.person).where(a.space == self._space, a.type == rule.type, a.n >= rule.times, *since))
            case rules.InAudience():
                return self._named(rule.key, through)

    def _named(self, key: str, through: tuple[str, ...]) -> Condition:
        found = stored(self._tx, self._space, key)
        if found is None:
            raise UnknownAudience(f"There is no audience {key!r}. Make it first, or take it out of the rule.", field="rule", given=key)
        return self.audience(found, key, through)

    def _listed(self, key: str) -> Condition:
        li = listed.c
        return _s.person.in_(select(li.person).where(li.space == self._space, li.audience == key))

    # ---- what happened
    def _activity(self, rule: rules.Activity) -> Condition:
        since = self._now - rule.within_days * DAY if rule.within_days else None
        if rule.campaign:
            r, u = recipients.c, runs.c
            mine = select(u.id).where(u.space == self._space, u.campaign == rule.campaign)
            stamp = r[rule.did]
            return _s.person.in_(select(r.person).where(r.space == self._space, r.run.in_(mine), stamp.is_not(None) if since is None else stamp >= since))
        about = rule.channel or rule.category
        at: ColumnElement[float] = self._number(_s.times, f"{rule.did}|{about}") if about else _s[rule.did]
        return at.is_not(None) if since is None else func.coalesce(at >= since, false())

    # ---- attributes
    def _attribute(self, rule: rules.Attribute) -> Condition:
        if rule.name in OF_PEOPLE:
            p = people.c
            column = p[rule.name]
            met = self._text(rule, column)
            return _s.person.in_(select(p.person).where(p.space == self._space, met))
        name, value = rule.name, rule.value
        match rule.is_:
            case "present":
                return self._has(name)
            case "absent":
                return not_(self._has(name))
            case "equals":
                return self._is(_s.attributes, name, value)
            case "differs":
                return not_(self._is(_s.attributes, name, value))
            case "one_of":
                return or_(false(), *(self._is(_s.attributes, name, each) for each in _many(value)))
            case "none_of":
                return not_(or_(false(), *(self._is(_s.attributes, name, each) for each in _many(value))))
            case "more" | "less" | "between":
                return self._compared(rule)
            case _:
                return func.coalesce(self._text(rule, self._string(name)), false())

    def _compared(self, rule: rules.Attribute) -> Condition:
        number = self._number(_s.attributes, rule.name)
        if rule.is_ == "between":
            low, high = (float(each) for each in _many(rule.value))
            return func.coalesce(and_(number >= low, number <= high), false())
        bound = float(rule.value)  # type: ignore[arg-type]  # checked when the rule was
        return func.coalesce(number > bound if rule.is_ == "more" else number < bound, false())

    def _text(self, rule: rules.Attribute, text: ColumnElement[str]) -> Condition:
        """A comparison of texts; NULL where there is none."""
        value = rule.value
        match rule.is_:
            case "equals":
                return text == str(value)
            case "differs":
                return text != str(value)
            case "one_of":
                return text.in_([str(each) for each in _many(value)])
            case "none_of":
                return text.not_in([str(each) for each in _many(value)])
            case "begins":
                return func.substr(text, 1, len(str(value))) == str(value)
            case "contains":
                return (func.strpos if self._postgres else func.instr)(text, str(value)) > 0
            case "before" | "after":
                day = func.substr(text, 1, 10)
                if rule.is_ == "before":
                    return and_(func.length(text) >= 10, day < str(value)[:10])
                return and_(func.length(text) >= 10, day > str(value)[:10])
            case "present":
                return text.is_not(None)
            case _:
                return false()

    def _has(self, name: str) -> Condition:
        if self._postgres:
            return _s.attributes.op("?", is_comparison=True)(literal(name, String))
        return func.json_type(_s.attributes, _path(name)).is_not(None)

    def _is(self, column: ColumnElement[object], name: str, value: Value) -> Condition:
        """Whether it is this very value: a number is no text of its digits."""
        if self._postgres:
            return column.op("@>", is_comparison=True)(cast(literal(msgspec.json.encode({name: value}).decode(), String), postgresql.JSONB))
        kind = func.json_type(column, _path(name))
        if isinstance(value, bool):
            return func.coalesce(kind == ("true" if value else "false"), false())
        kinds = ("integer", "real") if isinstance(value, int | float) else ("text",)
        return func.coalesce(and_(kind.in_(kinds), func.json_extract(column, _path(name)) == literal(value)), false())

    def _string(self, name: str) -> ColumnElement[str]:
        """The text of an attribute that is one, NULL of another."""
        if self._postgres:
            kind, text = func.jsonb_typeof(_s.attributes.op("->")(literal(name, String))), _s.attributes.op("->>")(literal(name, String))
            return case((kind == "string", type_coerce(text, String).collate("C")), else_=None)
        return case((func.json_type(_s.attributes, _path(name)) == "text", func.json_extract(_s.attributes, _path(name))), else_=None)

    def _number(self, column: ColumnElement[object], name: str) -> ColumnElement[float]:
        """The number of an entry that is one, NULL of another."""
        if self._postgres:
            kind, text = func.jsonb_typeof(column.op("->")(literal(name, String))), column.op("->>")(literal(name, String))
            return case((kind == "number", cast(text, Float(53))), else_=None)
        return case((func.json_type(column, _path(name)).in_(("integer", "real")), func.json_extract(column, _path(name))), else_=None)


def _path(name: str) -> str:
    return f'$."{name}"'  # names with a quotation mark are refused when the rule is checked


def _many(value: Value) -> list[str | float]:
    return value if isinstance(value, list) else []
