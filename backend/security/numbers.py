"""What a telephone number says of itself (phonenumbers): its country, whether a text can reach it, whose clock it goes by."""

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberType

from backend.domain.sms_hours import STATES

# Numbers of these kinds take no texts wherever they are; FIXED_LINE_OR_MOBILE (all of North America) may. VoIP and personal numbers may.
DEAF = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company_number",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
LONGEST = 16  # characters with the +, E.164
MANY = 24  # zones; a number that may be anywhere on a continent says nothing of its clock


class Number(msgspec.Struct, frozen=True):
    """`country`: ISO 3166, "" when it cannot be told; `deaf`: why no text reaches it, "" when one may."""

    country: str
    deaf: str = ""


def look(e164: str) -> Number:
    """Of a number as it is kept. One that nobody can have is `impossible`; one that is merely not known to be given out is not: numbering
    plans change faster than any table of them."""
    number = _parsed(e164)
    if number is None or phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return Number("", "impossible")
    return Number(phonenumbers.region_code_for_number(number) or "", DEAF.get(phonenumbers.number_type(number), ""))


def region_of(e164: str) -> str:
    """Its country, with the state where the hours for advertising are a state's own ("US-FL", by the area code); "" when it cannot be told."""
    number = _parsed(e164)
    country = (phonenumbers.region_code_for_number(number) or "") if number is not None else ""
    if country == "US" and number is not None:
        state = STATES.get(str(number.national_number)[:3])
        return f"US-{state}" if state else country
    return country


def zones_of(e164: str) -> tuple[str, ...]:
    """The zones in which whoever has it may be; none when it says nothing about that."""
    from phonenumbers import timezone  # its tables are read when they are needed

    number = _parsed(e164)
    found = timezone.time_zones_for_number(number) if number is not None else ()
    return () if len(found) > MANY or timezone.UNKNOWN_TIMEZONE in found else tuple(found)


def _parsed(e164: str) -> phonenumbers.PhoneNumber | None:
    """None for all that is not exactly one number: the library finds numbers in any text."""
    try:
        number = phonenumbers.parse(e164, None) if len(e164) <= LONGEST else None
    except phonenumbers.NumberParseException:
        return None
    return number if number is not None and phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == e164 else None
