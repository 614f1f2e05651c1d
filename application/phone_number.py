"""Mobile numbers, as senders write them and registries hold them, and as they are kept: E.164.

One number is kept, compared and handed over in one form, that which libphonenumber gives it; in
what form it came is of no use to anybody.
"""

import re
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat

HOME: Final = "NO"
AT_HOME: Final = frozenset({HOME, "SJ"})
"""The regions of Norway's own plan: Svalbard and Jan Mayen have numbers of it."""
_NO_COUNTRY: Final = "001"
"""The world, by the codes of the United Nations (M49): numbers of satellites and of free services."""
_WRITTEN: Final = re.compile(r"(?:\+|00)[0-9][0-9 ()./\u00a0-]*")
_SEPARATORS: Final = str.maketrans("", "", " ()./-\u00a0")
_NORWEGIAN_MOBILE: Final = re.compile(r"[49][0-9]{7}")
_NORWEGIAN: Final = re.compile(r"\+47[49][0-9]{7}")
_E164: Final = re.compile(r"\+[1-9][0-9]{4,14}")


def e164(text: str) -> str | None:
    """The telephone number that a text with a country code means, as E.164 writes it.

    None if it means none, or one that no numbering plan has in use. It need not be of the kind
    called mobile: some countries do not tell them apart.
    """
    if _norwegian_in_use().fullmatch(text) is not None:
        return text  # what the library would say, thirty times as fast
    number = _read(text)
    return _written(number) if number is not None and phonenumbers.is_valid_number(number) else None


def is_valid(text: str) -> bool:
    """Whether the text is a telephone number with its country code, of a plan that is in use."""
    return e164(text) is not None


def normalise(text: str) -> str:
    """A registered number as it is kept: in E.164, where a bare Norwegian mobile gets its `+47`.

    What is no number of a plan in use stays as it is, without what stands between its digits.
    """
    if _NORWEGIAN.fullmatch(text) is not None:
        return text
    number = text.translate(_SEPARATORS).strip()
    if _NORWEGIAN_MOBILE.fullmatch(number) is not None:
        return f"+47{number}"
    if (whole := e164(number)) is not None:
        return whole
    return f"+{number[2:]}" if number.startswith("00") else number


def dialled(text: str) -> str | None:
    """The number that a gateway is to get for one that was accepted; None if it is none at all.

    Plans change between an order and its reminder: whether it is still in use, the gateway judges.
    """
    if _NORWEGIAN.fullmatch(text) is not None:
        return text
    number = _read(text)
    return None if number is None else _written(number)


def _read(text: str) -> PhoneNumber | None:
    if _WRITTEN.fullmatch(text) is None:
        return None
    try:
        return phonenumbers.parse(f"+{text[2:]}" if text.startswith("00") else text, None)
    except phonenumbers.NumberParseException:
        return None


def _written(number: PhoneNumber) -> str | None:
    whole = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return whole if _E164.fullmatch(whole) is not None else None


def country(text: str) -> str | None:
    """The region that a number belongs to (ISO 3166-1 alpha-2); None where it belongs to no one country."""
    if _norwegian_in_use().fullmatch(text) is not None:
        return HOME
    try:
        number = phonenumbers.parse(normalise(text), None)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    return region if region != _NO_COUNTRY else None


def parts(text: str) -> tuple[str, str] | None:
    """A number's country calling code and the rest of its digits; None if it is no number at all."""
    if _NORWEGIAN.fullmatch(text) is not None:
        return text[1:3], text[3:]
    try:
        number = phonenumbers.parse(normalise(text), None)
    except phonenumbers.NumberParseException:
        return None
    return str(number.country_code), phonenumbers.national_significant_number(number)


@cache
def _norwegian_in_use() -> re.Pattern[str]:
    """The library's own pattern for Norwegian mobile numbers; one that nothing fits if it has none."""
    plan = PhoneMetadata.metadata_for_region(HOME, None)
    pattern = None if plan is None or plan.mobile is None else plan.mobile.national_number_pattern
    return re.compile(rf"(?={_NORWEGIAN.pattern}\Z)\+47(?:{pattern or '(?!)'})")
