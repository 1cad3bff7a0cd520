"""The hours in which advertising by SMS is allowed, by country and state, as data. Pure.

Not legal advice, and on the careful side where sources differ: laws change, most of these were written for calls and are read to mean texts too,
and public holidays are not in here. Whoever advertises asks a lawyer. Only marketing is held; what people need is not.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from backend.domain import quiet
from backend.domain.person import QuietHours

ALL, WEEKDAYS, MON_TO_SAT, SATURDAY, SUNDAY = (0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5), (5,), (6,)
Window = tuple[tuple[int, ...], str, str]  # days, first moment allowed, first moment not allowed


def _only(*windows: Window) -> tuple[QuietHours, ...]:
    """What is outside of the windows; a day without one is outside altogether."""
    ranges = []
    for day in ALL:
        mine = [(start, end) for days, start, end in windows if day in days]
        if not mine:
            ranges.append(QuietHours("00:00", "24:00", (day,)))
        for start, end in mine:
            ranges += [QuietHours("00:00", start, (day,)), QuietHours(end, "24:00", (day,))]
    return tuple(ranges)


NINE_TO_NINE, EIGHT_TO_EIGHT = _only((ALL, "09:00", "21:00")), _only((ALL, "08:00", "20:00"))
NO_SUNDAYS = _only((MON_TO_SAT, "08:00", "20:00"))

# Sources: 47 CFR 64.1200(c)(1) (TCPA) for the United States; state laws as compiled by referrizer.com (TCPA quiet hours), dropcowboy.com and
# usestello.com (state tables, 2025 and 2026), the stricter one where they differ.
FORBIDDEN: Mapping[str, tuple[QuietHours, ...]] = {
    "US": _only((ALL, "08:00", "21:00")),
    "US-AL": NO_SUNDAYS,  # Ala. Admin. Code 770-X-5-.17
    "US-CA": NINE_TO_NINE,  # Cal. Pub. Util. Code 2872(c)
    "US-CT": _only((ALL, "09:00", "20:00")),  # Conn. Gen. Stat. 42-288a
    "US-FL": EIGHT_TO_EIGHT,  # Fla. Stat. 501.616 and 501.059
    "US-IL": NINE_TO_NINE,  # 815 ILCS 305 and 413
    "US-KY": _only((ALL, "10:00", "21:00")),  # KRS 367.46955
    "US-LA": NO_SUNDAYS,  # La. R.S. 45:844.31
    "US-MA": EIGHT_TO_EIGHT,  # 201 CMR 12.00
    "US-MD": EIGHT_TO_EIGHT,  # Md. Code Com. Law 14-4501 (SB 90)
    "US-MI": NINE_TO_NINE,  # MCL 750.540e
    "US-MN": NINE_TO_NINE,  # Minn. Stat. 325E.30
    "US-MS": NO_SUNDAYS,
    "US-NJ": EIGHT_TO_EIGHT,
    "US-NM": NINE_TO_NINE,
    "US-NV": _only((ALL, "09:00", "20:00")),
    "US-OK": EIGHT_TO_EIGHT,  # Okla. Stat. tit. 15, 775C
    "US-RI": _only((WEEKDAYS, "09:00", "18:00"), (SATURDAY, "10:00", "17:00")),  # R.I. Gen. Laws 5-61-3.6; some tables allow Sundays
    "US-SD": _only((MON_TO_SAT, "09:00", "21:00")),
    "US-TX": _only((MON_TO_SAT, "09:00", "21:00"), (SUNDAY, "12:00", "21:00")),  # Tex. Bus. & Com. Code 301 with SB 140
    "US-UT": _only((MON_TO_SAT, "08:00", "21:00")),
    "US-WA": EIGHT_TO_EIGHT,  # RCW 80.36.390
    "US-WY": EIGHT_TO_EIGHT,
    "CA": _only((WEEKDAYS, "09:00", "21:00"), ((5, 6), "10:00", "18:00")),  # CRTC Unsolicited Telecommunications Rules, for calls
    "FR": _only((MON_TO_SAT, "08:00", "20:00")),  # operators' charter on SMS: no advertising at night, on Sundays and on holidays
    "IN": _only((ALL, "10:00", "21:00")),  # TRAI, TCCCPR 2018
}

_AREAS = {
    "AL": "205 251 256 334 659 938",
    "CA": "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 805 818 820 831 840 858 909 916 925 949 951",
    "CT": "203 475 860 959",
    "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
    "IL": "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 504 985",
    "MA": "339 351 413 508 617 774 781 857 978",
    "MD": "227 240 301 410 443 667",
    "MI": "231 248 269 313 517 586 616 734 810 906 947 989",
    "MN": "218 320 507 612 651 763 952",
    "MS": "228 601 662 769",
    "NJ": "201 551 609 640 732 848 856 862 908 973",
    "NM": "505 575",
    "NV": "702 725 775",
    "OK": "405 539 572 580 918",
    "RI": "401",
    "SD": "605",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 936 940 945 956 972 979",
    "UT": "385 435 801",
    "WA": "206 253 360 425 509 564",
    "WY": "307",
}
STATES: Mapping[str, str] = {code: state for state, codes in _AREAS.items() for code in codes.split()}  # area code -> state with hours of its own


def ruled(region: str) -> bool:
    """Whether there is a rule for a region ("DE", "US-FL")."""
    return region in FORBIDDEN


def allowed_from(at: float, region: str, zones: Sequence[str]) -> float:
    """The first moment from `at` on that is allowed there, `at` itself when it is. With several zones it is one that all of them allow: nobody
    knows in which the person is. UTC without any. Where there is no such moment soon: a later one at which to ask again."""
    ranges = FORBIDDEN.get(region)
    if ranges is None:
        return at
    clocks = [quiet.zone(name) for name in zones or ("UTC",)]
    for _ in range(ROUNDS):
        later = max(_next(at, tz, ranges) for tz in clocks)
        if later == at:
            break
        at = later
    return at


ROUNDS = 64  # each goes on by an opening of some zone at least; zones around the whole world have hardly a moment in common


def _next(at: float, tz: tzinfo, ranges: Sequence[QuietHours]) -> float:
    found = quiet.next_allowed(at, tz, ranges)
    assert found is not None  # every rule leaves a moment of the week free; a test sees to it
    return found
