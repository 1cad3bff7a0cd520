"""The verdict of an experiment in plain words, English and German: one sentence, and what it means in points and in people. Pure."""

from collections.abc import Sequence
from datetime import datetime

from backend.domain.campaign import Campaign, Experiment
from backend.domain.quiet import zone
from backend.domain.verdict import Arm, Verdict

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
}
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "clicked": "clicks", "converted": "conversions", "read": "readers", "opened": "opens",
        "unsubscribed": "unsubscribed", "complained": "called it spam", "bounced": "could not be reached",
        "winner": "Send message {name} to everyone else.",
        "winner.all": "Message {name} is the better one.",
        "winner.why": "It gets {gain} percentage points more {metric} than {other}: {rate}% against {base}%. With 95% confidence the real gain is between {low} and {high} points, "
                      "about {few} to {many} more {metric} {on}. Checking early does not weaken this result.",
        "first.why": "It gets more {metric} than every other message. The closest, {other}, gets {gain} percentage points fewer; with 95% confidence the real gap is between {low} and "
                     "{high} points, about {few} to {many} {metric} {on}. Checking early does not weaken this result.",
        "on.rest": "on the {n} people left",
        "on.each": "for every {n} people",
        "waiting": "It is too early to say.",
        "waiting.why": "A verdict needs {least} people for each message and {days}. It comes on {ready} at the earliest.",
        "waiting.empty": "Nobody was told yet.",
        "running": "No difference to be sure of yet.",
        "running.why": "So far {other} gets {rate}% {metric}, {base} {base_rate}%. With 95% confidence the real difference is between {low} and {high} points. "
                       "It is looked at every hour until {ends}.",
        "none": "No winner: the messages do about equally well.",
        "none.unsure": "No winner: it cannot be told which does better.",
        "none.why": "{other} gets {rate}% {metric}, {base} {base_rate}%. With 95% confidence the real difference is between {low} and {high} points, "
                    "{few} to {many} {metric} {on}: too little to be sure of. Send the rest whichever you like better.",
        "none.few": "No winner: there were too few people to tell.",
        "none.few.why": "Each message needed {least} people. Send the rest whichever you like better.",
        "stopped": "Message {name} was stopped.",
        "stopped.why": "{n} of {of} people who were to get it {act}, beyond doubt more than the limit of {limit}%. Whoever was not told yet is not.",
        "stopped.others": "Stopped: {names}.",
        "unhealthy": "The split is not what was asked for, so nobody wins.",
        "unhealthy.why": "Asked for {asked}; counted {counted}. Chance alone is that far off less than once in a thousand. Find out what keeps people out of one message "
                         "before you trust any figure here.",
        "ended": "The experiment was ended by {by}.",
        "ended.why": "No verdict was reached until then.",
        "sent": "Message {name} goes to everyone else.",
        "day": "one day", "days": "{n} days", "and": " and ",
    },
    "de": {
        "clicked": "Klicks", "converted": "Abschlüsse", "read": "Lesende", "opened": "Öffnungen",
        "unsubscribed": "haben sich abgemeldet", "complained": "haben sie als Spam gemeldet", "bounced": "waren nicht erreichbar",
        "winner": "Senden Sie Nachricht {name} an alle anderen.",
        "winner.all": "Nachricht {name} ist die bessere.",
        "winner.why": "Sie bekommt {gain} Prozentpunkte mehr {metric} als {other}: {rate} % gegen {base} %. Mit 95 % Sicherheit liegt der wahre Zuwachs zwischen {low} und {high} Punkten, "
                      "das sind etwa {few} bis {many} {metric} mehr {on}. Früh nachzusehen schwächt dieses Ergebnis nicht.",
        "first.why": "Sie bekommt mehr {metric} als jede andere. Die nächste, {other}, bekommt {gain} Prozentpunkte weniger; mit 95 % Sicherheit liegt der wahre Abstand zwischen {low} und "
                     "{high} Punkten, das sind etwa {few} bis {many} {metric} {on}. Früh nachzusehen schwächt dieses Ergebnis nicht.",
        "on.rest": "bei den {n} übrigen Personen",
        "on.each": "auf je {n} Personen",
        "waiting": "Es ist zu früh für ein Urteil.",
        "waiting.why": "Dafür braucht jede Nachricht {least} Personen und {days} Zeit. Frühestens steht es am {ready} fest.",
        "waiting.empty": "Noch hat niemand eine Nachricht bekommen.",
        "running": "Noch ist kein Unterschied sicher.",
        "running.why": "Bisher bekommt {other} {rate} % {metric}, {base} {base_rate} %. Mit 95 % Sicherheit liegt der wahre Unterschied zwischen {low} und {high} Punkten. "
                       "Bis {ends} wird stündlich nachgesehen.",
        "none": "Kein Gewinner: die Nachrichten wirken etwa gleich gut.",
        "none.unsure": "Kein Gewinner: welche besser wirkt, lässt sich nicht sagen.",
        "none.why": "{other} bekommt {rate} % {metric}, {base} {base_rate} %. Mit 95 % Sicherheit liegt der wahre Unterschied zwischen {low} und {high} Punkten, "
                    "{few} bis {many} {metric} {on}: zu wenig, um sicher zu sein. Senden Sie den Übrigen, welche Sie lieber mögen.",
        "none.few": "Kein Gewinner: es waren zu wenige Personen.",
        "none.few.why": "Jede Nachricht hätte {least} Personen gebraucht. Senden Sie den Übrigen, welche Sie lieber mögen.",
        "stopped": "Nachricht {name} wurde angehalten.",
        "stopped.why": "{n} von {of} Personen, die sie bekommen sollten, {act}: sicher mehr als die Grenze von {limit} %. Wer sie noch nicht bekam, bekommt sie nicht.",
        "stopped.others": "Angehalten: {names}.",
        "unhealthy": "Die Aufteilung ist nicht, wie sie sein soll; darum gewinnt niemand.",
        "unhealthy.why": "Verlangt war {asked}; gezählt wurden {counted}. So weit daneben liegt der Zufall seltener als einmal in tausend Fällen. Finden Sie heraus, was Personen von einer "
                         "Nachricht fernhält, bevor Sie einer Zahl hier trauen.",
        "ended": "Das Experiment wurde von {by} beendet.",
        "ended.why": "Bis dahin stand kein Urteil fest.",
        "sent": "Nachricht {name} geht an alle anderen.",
        "day": "einen Tag", "days": "{n} Tage", "and": " und ",
    },
}  # fmt: skip


class Voice:
    """Words, numbers and times for a reader."""

    def __init__(self, locale: str, timezone: str) -> None:
        self.language = "de" if locale.replace("_", "-").lower().split("-")[0] == "de" else "en"
        self._zone = zone(timezone)

    def say(self, key: str, **values: str) -> str:
        return WORDS[self.language][key].format(**values)

    def number(self, value: float, decimals: int = 0) -> str:
        """1,204 or 1.204; a minus is a minus sign."""
        text = f"{value:,.{decimals}f}"
        if not text.strip("-0.,"):
            text = text.removeprefix("-")
        if self.language == "de":
            text = text.translate(str.maketrans(",.", ".,"))
        return text.replace("-", "\u2212")

    def points(self, part: float) -> str:
        """Of 1, in hundredths: with as many decimals as it needs to be seen."""
        return self.number(part * 100, 2)

    def time(self, at: float) -> str:
        """4 Dec 2026, 09:00."""
        local = datetime.fromtimestamp(at, self._zone)
        month = MONTHS[self.language][local.month - 1]
        return f"{local.day}{'.' if self.language == 'de' else ''} {month} {local.year}, {local:%H:%M}"


def said(
    campaign: Campaign, verdict: Verdict, *, rest: int, locale: str, timezone: str, ended_by: str = "", sent: int | None = None,
) -> tuple[str, str]:  # fmt: skip
    """(sentence, what it means). `rest`: people who wait for the winner, or got it; `ended_by`: who ended it by hand; `sent`: what went to the rest."""
    voice = Voice(locale, timezone)
    names = [variant.name for variant in campaign.variants]
    plan = campaign.experiment or Experiment()
    arms = verdict.arms
    metric = voice.say(plan.metric)
    on = voice.say("on.rest", n=voice.number(rest)) if rest else voice.say("on.each", n=voice.number(10_000))
    people = rest or 10_000
    if not arms or not sum(arm.count.people for arm in arms):
        return voice.say("waiting"), voice.say("waiting.empty")
    stopped = _stopped(voice, arms, names)
    if sent is not None and sent < len(arms) and arms[sent].stopped:  # after it had gone to some of the rest
        return voice.say("stopped", name=names[sent]), stopped
    if verdict.state == "unhealthy":
        whole = sum(variant.weight for variant in campaign.variants) or 1
        asked = voice.say("and").join(f"{voice.number(100 * variant.weight / whole, 1)}%" for variant in campaign.variants)
        counted = voice.say("and").join(voice.number(arm.count.people) for arm in arms)
        return voice.say("unhealthy"), voice.say("unhealthy.why", asked=asked, counted=counted)
    if verdict.state == "winner" and verdict.winner is not None:
        sentence = voice.say("sent" if sent == verdict.winner else "winner" if rest else "winner.all", name=names[verdict.winner])
        return sentence, _join(_won(voice, verdict, verdict.winner, names, metric, on, people), stopped)
    if verdict.state == "stopped":
        if ended_by:
            return voice.say("ended", by=ended_by), stopped or voice.say("ended.why")
        first = next((n for n, arm in enumerate(arms) if arm.stopped), 0)
        return voice.say("stopped", name=names[first]), stopped
    if verdict.state == "waiting":
        days = voice.say("day") if plan.days == 1 else voice.say("days", n=voice.number(plan.days, 0 if plan.days == int(plan.days) else 1))
        return voice.say("waiting"), _join(voice.say("waiting.why", least=voice.number(plan.least), days=days, ready=voice.time(verdict.ready_at)), stopped)
    if verdict.state == "none" and min(arm.count.people for arm in arms) < plan.least:
        return voice.say("none.few"), _join(voice.say("none.few.why", least=voice.number(plan.least)), stopped)
    n = max(range(1, len(arms)), key=lambda one: arms[one].rate, default=0)
    if n == 0:
        return voice.say("waiting"), voice.say("waiting.empty")
    arm, low, high = arms[n], arms[n].low or 0.0, arms[n].high or 0.0
    values = {
        "other": names[n], "rate": voice.points(arm.rate), "base": names[0], "base_rate": voice.points(arms[0].rate), "metric": metric,
        "low": voice.points(low), "high": voice.points(high), "few": voice.number(round(low * people)), "many": voice.number(round(high * people)), "on": on,
    }  # fmt: skip
    ends = voice.time(verdict.ends_at)
    alike = all(-plan.gain <= (one.low or 0.0) and (one.high or 0.0) <= plan.gain for one in arms[1:] if not one.stopped)
    sentence = "none.unsure" if verdict.state == "none" and not alike else verdict.state
    return voice.say(sentence), _join(voice.say(f"{verdict.state}.why", ends=ends, **values), stopped)


def _won(voice: Voice, verdict: Verdict, winner: int, names: Sequence[str], metric: str, on: str, people: int) -> str:
    arms = verdict.arms
    if winner:
        arm = arms[winner]
        return voice.say(
            "winner.why", gain=voice.points(arm.difference or 0), metric=metric, other=names[0], rate=voice.points(arm.rate), base=voice.points(arms[0].rate),
            low=voice.points(arm.low or 0), high=voice.points(arm.high or 0), few=voice.number(round((arm.low or 0) * people)),
            many=voice.number(round((arm.high or 0) * people)), on=on,
        )  # fmt: skip
    n = max((one for one in range(1, len(arms)) if not arms[one].stopped), key=lambda one: arms[one].rate)
    low, high = -(arms[n].high or 0), -(arms[n].low or 0)
    return voice.say(
        "first.why", metric=metric, other=names[n], gain=voice.points(-(arms[n].difference or 0)), low=voice.points(low), high=voice.points(high),
        few=voice.number(round(low * people)), many=voice.number(round(high * people)), on=on,
    )  # fmt: skip


def _stopped(voice: Voice, arms: Sequence[Arm], names: Sequence[str]) -> str:
    """Why variants were stopped."""
    found = []
    for n, arm in enumerate(arms):
        over = next(((name, guard) for name, guard in arm.guards.items() if guard.over), None)
        if arm.stopped and over is not None:
            name, guard = over
            why = voice.say("stopped.why", n=voice.number(guard.hits), of=voice.number(guard.of), act=voice.say(name), limit=voice.number(guard.limit * 100, 2))
            found.append(f"{names[n]}: {why}")
        elif arm.stopped:
            found.append(voice.say("stopped.others", names=names[n]))
    return " ".join(found)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
