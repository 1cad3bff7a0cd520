"""A rule read aloud: one sentence in English and in German, for whoever does not build it. Pure."""

from collections.abc import Mapping

from backend.domain import audience as rules
from backend.domain.audience import Rule
from portal.telling import Teller
from portal.theme import count

OPPOSITE = {"equals": "differs", "differs": "equals", "one_of": "none_of", "none_of": "one_of", "present": "absent", "absent": "present"}


def sentence(voice: Teller, rule: Rule | None, exclude: list[str], names: Mapping[str, str]) -> str:
    """ "People whose plan is pro and who clicked something within 30 days, without ..."  `names`: key of an audience, or group:key, category:key,
    campaign:key -> what it is called; what is not among them is said by its key."""
    if rule is None:
        said = voice.say("aud.say.list")
    elif isinstance(rule, rules.All) and not rule.of:
        said = voice.say("aud.say.everybody")
    elif isinstance(rule, rules.Any) and not rule.of:
        said = voice.say("aud.say.nobody")
    else:
        said = voice.say("aud.say.people", what=_said(voice, rule, names, outer=True))
    if exclude:
        said += voice.say("aud.say.without", some=voice.listed([names.get(key, key) for key in exclude]))
    return said + "."


def _said(voice: Teller, rule: Rule, names: Mapping[str, str], *, no: bool = False, outer: bool = False) -> str:
    match rule:
        case rules.All() | rules.Any():
            every = isinstance(rule, rules.All)
            parts = [_said(voice, one, names) for one in rule.of]
            if not parts:
                return voice.say("aud.say.any.none")
            if len(parts) == 1:
                return _said(voice, rule.of[0], names, no=no, outer=outer)
            joined = f" {voice.say('aud.say.and' if every else 'aud.say.or')} ".join(parts)
            if no:
                return voice.say("aud.say.none_of", some=joined)
            return joined if outer else f"({joined})"
        case rules.Not():
            return _said(voice, rule.of, names, no=not no, outer=outer)
        case rules.Attribute():
            is_ = OPPOSITE.get(rule.is_, rule.is_) if no else rule.is_
            word = f"aud.say.is.{is_}" + (".no" if no and rule.is_ not in OPPOSITE else "")
            value = voice.listed([_value(voice, one) for one in rule.value]) if isinstance(rule.value, list) else _value(voice, rule.value)
            return voice.say(word, name=rule.name, value=value)
        case rules.InGroup():
            return voice.say("aud.say.group.no" if no else "aud.say.group", group=names.get(f"group:{rule.key}", rule.key))
        case rules.Consented():
            key = "aud.say.consent" if rule.given else "aud.say.consent.gone"
            return voice.say(f"{key}.no" if no else key, category=names.get(f"category:{rule.category}", rule.category))
        case rules.Activity():
            about = rule.channel or rule.category or rule.campaign
            kind = "channel" if rule.channel else "category" if rule.category else "campaign" if rule.campaign else ""
            where = " " + voice.say(f"aud.say.of.{kind}", of=voice.channel(about) if rule.channel else names.get(f"{kind}:{about}", about)) if kind else ""
            return voice.say(f"aud.say.{rule.did}{'.no' if no else ''}", of=where, within=_within(voice, rule.within_days))
        case rules.Acted():
            often = " " + voice.say("aud.say.times", count=rule.times) if rule.times > 1 else ""
            return voice.say("aud.say.event.no" if no else "aud.say.event", type=rule.type, often=often, within=_within(voice, rule.within_days))
        case rules.InAudience():
            return voice.say("aud.say.audience.no" if no else "aud.say.audience", audience=names.get(rule.key, rule.key))


def _within(voice: Teller, days: int) -> str:
    return " " + voice.say("aud.say.within", count=days) if days else ""


def _value(voice: Teller, value: object) -> str:
    if isinstance(value, bool):
        return voice.say("aud.yes" if value else "aud.no")
    if isinstance(value, int | float):
        return count(int(value), voice.language) if float(value).is_integer() else str(value)
    return f"“{value}”" if voice.language == "en" else f"„{value}“"
