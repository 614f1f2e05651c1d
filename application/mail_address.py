"""E-mail addresses as they go on the wire: one address, and nothing that could become a second.

What may be a mailbox is said here, for orders, for registries and for whoever hands e-mails over.
Strict where it matters: no control character, no comma, no quotes, one `@`, no more than 64 octets
before it and 254 in all (RFC 5321 § 4.5.3.1), and a domain that IDNA 2008 can write (RFC 5891).
Orders are held to Altinn's narrower form as well (`is_email_address`).
"""

import re
from dataclasses import dataclass, field
from email.header import Header
from email.utils import quote
from typing import Final

import idna

CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What must not stand in a header or a command: controls, and whatever else breaks a line."""

_LOCAL: Final = re.compile(r"[^\s()<>\[\]:\\,\"@.]+(?:\.[^\s()<>\[\]:\\,\"@.]+)*")
_LABEL: Final = r"(?!-)[\w-]{1,63}(?<!-)"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_USUAL: Final = re.compile(rf"[\w+-]+(?:\.[\w+-]+)*@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
"""What nearly all addresses look like that are not too long."""
_PLAIN_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\U0010ffff]+")
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_PLAIN_NAME: Final = re.compile(r"[\x20-\x7e]{1,60}")
_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64


class AddressError(ValueError):
    """The text is not one e-mail address that can be written to."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class MailAddress:
    """One e-mail address; its domain in ASCII, its local part as it is."""

    local: str = field(repr=False)
    domain: str = field(repr=False)

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only servers that know SMTPUTF8 can carry it."""
        return not self.local.isascii()

    @property
    def spec(self) -> str:
        """The address as commands and headers have it."""
        local = self.local if _PLAIN_ATOM.fullmatch(self.local) else f'"{self.local}"'
        return f"{local}@{self.domain}"


def read_address(text: str) -> MailAddress:
    """Read one e-mail address.

    Raises:
        AddressError: it is none, or more than one; the code says which.
    """
    if CONTROL_CHARACTER.search(text):
        raise AddressError("control_character")
    local, _, domain = text.strip(" ").rpartition("@")
    if len(local) + 1 + len(domain) > _LONGEST:
        raise AddressError("invalid_address")
    try:
        # Mapped as UTS 46 does (small letters), where `ß` stays what it is.
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        length = len(local.encode())
    except UnicodeError:
        raise AddressError("invalid_address") from None
    if not (_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise AddressError("invalid_address")
    if length > _LONGEST_LOCAL or length + 1 + len(domain) > _LONGEST:
        raise AddressError("invalid_address")
    return MailAddress(local, domain)


def is_mailbox(text: str) -> bool:
    """Whether the text, but for space around it, is one address that an e-mail can be sent to."""
    if (
        len(text) <= _LONGEST
        and _USUAL.fullmatch(text) is not None
        and text.index("@") <= _LONGEST_LOCAL
    ):
        return True  # what would be found out below, in a third of the time
    try:
        read_address(text.strip())
    except AddressError:
        return False
    return True


def read_sender(text: str) -> tuple[MailAddress, str]:
    """Read a sender, `post@agency.example` or `An Agency <post@agency.example>`, and its header.

    Raises:
        AddressError: it is neither.
    """
    if CONTROL_CHARACTER.search(text):
        raise AddressError("control_character")
    named = _NAMED.fullmatch(text.strip(" "))
    if named is None:
        address = read_address(text)
        return address, address.spec
    address = read_address(named["address"])
    name = named["name"].strip(' "')
    try:
        return address, f"{_written(name)} <{address.spec}>" if name else address.spec
    except UnicodeError:
        raise AddressError("not_unicode") from None


def _written(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and "=?" not in name:
        return f'"{quote(name)}"'
    return Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
