"""Who opens mails and follows links without being a person: privacy proxies that fetch every picture, and scanners that try every link.

A table of rules; each has its source. What none of them names counts as a person: rates of opens are an upper bound for that reason.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

# Between the server's answer to the mail and a machine's look at it. Nobody reads that fast: mail programs learn of new mail later than this,
# scanners stand in the way of its delivery (Barracuda and Microsoft's Safe Links open links before the mailbox has the mail).
SOON = 2.0  # seconds after it was sent
BURST = 1.0  # seconds within which one person does not follow two links of a mail


class Rule(Struct, frozen=True):
    """A user agent that is a machine. `how`: whole (nothing else is said), part (stands in it, whatever the case)."""

    words: str
    how: Literal["whole", "part"]
    who: str
    source: str


RULES: Sequence[Rule] = (
    Rule("Mozilla/5.0", "whole", "Apple Mail Privacy Protection", "help.socketlabs.com, Identifying Apple MPP opens"),
    Rule("", "whole", "a program that does not say who it is", "RFC 9110 10.1.5: browsers and mail programs name themselves"),
    Rule("Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", "part", "Gmail, before the reader opens it", "bird.com/blog, Gmail prefetching images"),
    Rule("Microsoft Office Existence Discovery", "part", "Microsoft Office asks whether a link is there", "the name its requests carry"),
    Rule("ms-office", "part", "the same, by its other name", "the name its requests carry"),
    Rule("Barracuda", "part", "Barracuda's link protection", "the name its requests carry"),
    Rule("Mimecast", "part", "Mimecast's URL protection", "the name its requests carry"),
    Rule("Proofpoint", "part", "Proofpoint's URL defense", "the name its requests carry"),
    Rule("HeadlessChrome", "part", "a browser without a window", "developer.chrome.com, headless mode"),
    Rule("bot/", "part", "a robot that says so, as Googlebot/2.1", "RFC 9309"),  # not "bot": there are telephones called Cubot
    Rule("bot;", "part", "the same", "RFC 9309"),
    Rule("bot)", "part", "the same", "RFC 9309"),
    Rule("crawler", "part", "a robot that says so", "RFC 9309"),
    Rule("spider", "part", "a robot that says so", "RFC 9309"),
    Rule("preview", "part", "a preview of the link in a chat", "names such as SkypeUriPreview"),
    Rule("facebookexternalhit", "part", "a preview of the link in a chat", "developers.facebook.com, crawlers"),
    Rule("curl/", "part", "a script", "curl.se"),
    Rule("Wget/", "part", "a script", "gnu.org/software/wget"),
    Rule("python-", "part", "a script", "requests and urllib name themselves so"),
    Rule("Go-http-client", "part", "a script", "pkg.go.dev/net/http"),
)
# GoogleImageProxy and YahooMailProxy are left out on purpose: they fetch a picture when the reader opens the mail, on the reader's behalf
# (support.google.com, images in Gmail), so that an open seen through them is a person's.
_WHOLE = frozenset(rule.words.lower() for rule in RULES if rule.how == "whole")
_PARTS = tuple(rule.words.lower() for rule in RULES if rule.how == "part")


def is_machine(agent: str) -> bool:
    """Whether this user agent is one of `RULES`."""
    told = agent.strip().lower()
    return told in _WHOLE or any(words in told for words in _PARTS)


def too_soon(at: float, sent: float | None) -> bool:
    """Whether something was done sooner after the sending (seconds; None unknown) than people can."""
    return sent is not None and at - sent < SOON
