"""Which address of which organisation is meant, and what it is to be."""

import re
from typing import Final

from application.mail_address import is_mailbox
from application.phone_number import e164
from domain.channel import Channel
from domain.contact_point import is_email_address
from domain.official_address import AddressId, Place
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults, InvalidRequestError
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.wire_struct import EmailAddress, MobileNumber, WireStruct, Word


class OfficialAddressRequest(WireStruct, frozen=True, kw_only=True):
    """An address that an organisation is to have: an e-mail address, or a number with its country code."""

    country_code: Word | None = None
    phone: MobileNumber | None = None
    email: EmailAddress | None = None


_addresses = BodyReader(OfficialAddressRequest, "request")

_COUNTRY_CODE: Final = re.compile(r"\+[0-9]{1,3}")
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_ID: Final = re.compile(r"[0-9]{1,16}")
_NORWAY: Final = "+47"
_MOBILE_AT_HOME: Final = re.compile(r"[49][0-9]{7}")
_UNFIT: Final = re.compile(r'[|"\']')
"""What the register does not take before the sign of an e-mail address."""


def read_organisation(text: str) -> OrganisationNumber:
    """Read which organisation is meant.

    Raises:
        InvalidRequestError: it is no number of one.
    """
    faults = Faults()
    number = check.organisation_number(text, faults, "organizationNumber")
    faults.raise_any()
    return OrganisationNumber(number)


def read_address_id(text: str) -> AddressId:
    """Read which address is meant.

    Raises:
        InvalidRequestError: it is no number.
    """
    if _ID.fullmatch(text) is None:
        raise InvalidRequestError({"notificationAddressId": ["write a whole number"]})
    return AddressId(int(text))


def read_address(body: bytes) -> Place:
    """Read which address an organisation is to have.

    Raises:
        InvalidRequestError: it cannot be read, is none or two, or nothing could be sent there.
    """
    faults = Faults()
    asked = _addresses.read(body, faults)
    has_email, has_phone = not check.is_blank(asked.email), not check.is_blank(asked.phone)
    if has_email == has_phone:
        faults.broken("Email", "give an e-mail address, or a number with its country code")
        faults.raise_any()
    place = _email(asked, faults) if has_email else _mobile(asked, faults)
    faults.raise_any()
    return place


def _email(asked: OfficialAddressRequest, faults: Faults) -> Place:
    text = (asked.email or "").strip()
    if not check.is_blank(asked.country_code):
        faults.broken("CountryCode", "an e-mail address has no country code")
    is_good = is_email_address(text) and is_mailbox(text)
    if not is_good or _UNFIT.search(text.rpartition("@")[0]) is not None:
        faults.broken("Email", "write an e-mail address")
    return Place(channel=Channel.EMAIL, address=Contact(text))


def _mobile(asked: OfficialAddressRequest, faults: Faults) -> Place:
    code, phone = (asked.country_code or "").strip(), (asked.phone or "").strip()
    if _COUNTRY_CODE.fullmatch(code) is None:
        faults.broken("CountryCode", "write a plus and one to three digits")
    if _DIGITS.fullmatch(phone) is None:
        faults.broken("Phone", "write digits alone")
    elif code == _NORWAY and _MOBILE_AT_HOME.fullmatch(phone) is None:
        faults.broken("Phone", "a Norwegian mobile number has eight digits, and begins with 4 or 9")
    number = e164(code + phone)
    if number is None:
        faults.broken("Phone", "that is no number of any country")
    return Place(channel=Channel.SMS, address=Contact(number or ""))
