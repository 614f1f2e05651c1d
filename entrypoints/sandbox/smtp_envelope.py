"""What SMTP clients say of sender and recipients, with the parameters of its extensions.

SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531) and DSN (RFC 3461).
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class SmtpRefusal(Exception):  # noqa: N818  # an answer of the protocol, no fault of ours
    """A command is refused; the message is the whole reply."""


class Notify(StrEnum):
    """On what a sender asks to be notified of a recipient."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversePath:
    """Whom a message comes from, and what its notifications are to carry."""

    address: str = field(repr=False)
    envelope_id: str | None = None
    returns_content: bool = False
    is_international: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a message is for, and of what its sender wants to know."""

    address: str = field(repr=False)
    original: str | None = field(default=None, repr=False)
    notify: frozenset[Notify] = frozenset({Notify.FAILURE})


_PATH: Final = re.compile(r'\s*<((?:"(?:[^"\\]|\\.)*"|[^<>"\s])*)>(?:\s+(.*))?\s*')
_ENCODED: Final = re.compile(r"\+([0-9A-F]{2})")
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_KIND: Final = re.compile(r"[A-Za-z0-9-]+")
_CODE_POINT: Final = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_UNSAFE_IN_ASCII: Final = re.compile(r"[^!-\[\]-~]|[+=]")
_LONGEST_ENVELOPE_ID: Final = 100
_LONGEST_ADDRESS: Final = 320
_LONGEST_SIZE: Final = 20
_HIGHEST_CODE_POINT: Final = 0x10FFFF


def reverse_path(argument: str, *, largest: int) -> ReversePath:
    """Read what follows `MAIL FROM:`."""
    address, parameters = _path(argument)
    envelope_id: str | None = None
    returns_content = is_international = False
    for name, value in parameters.items():
        match name:
            case "SIZE":
                _check_size(value, largest)
            case "BODY" if value.upper() in {"7BIT", "8BITMIME"}:
                pass
            case "SMTPUTF8" if not value:
                is_international = True
            case "RET" if value.upper() in {"FULL", "HDRS"}:
                returns_content = value.upper() == "FULL"
            case "ENVID" if value:
                envelope_id = _envelope_id(value)
            case "BODY" | "SMTPUTF8" | "RET" | "ENVID":
                raise SmtpRefusal(f"501 5.5.4 Bad value of {name}")
            case _:
                raise SmtpRefusal("555 5.5.4 Unknown parameter of MAIL")
    if not (address.isascii() or is_international):
        raise SmtpRefusal("550 5.6.7 Address needs SMTPUTF8")
    return ReversePath(
        address=address,
        envelope_id=envelope_id,
        returns_content=returns_content,
        is_international=is_international,
    )


def recipient(argument: str, *, is_international: bool) -> Recipient:
    """Read what follows `RCPT TO:`."""
    address, parameters = _path(argument)
    local_part, at, domain = address.rpartition("@")
    if not (at and local_part and domain):
        raise SmtpRefusal("501 5.1.3 Bad recipient address")
    if not (address.isascii() or is_international):
        raise SmtpRefusal("553 5.6.7 Address needs SMTPUTF8")
    original: str | None = None
    notify = frozenset({Notify.FAILURE})
    for name, value in parameters.items():
        match name:
            case "NOTIFY":
                notify = _notify(value)
            case "ORCPT":
                original = _original_recipient(value)
            case _:
                raise SmtpRefusal("555 5.5.4 Unknown parameter of RCPT")
    return Recipient(address=address, original=original, notify=notify)


def encode_utf8_address(address: str) -> str:
    r"""Write an address in ASCII as RFC 6533 does, with `\x{F8}` for what is none."""
    return _UNSAFE_IN_ASCII.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", address)


def _path(argument: str) -> tuple[str, dict[str, str]]:
    found = _PATH.fullmatch(argument)
    if found is None or len(found[1]) > _LONGEST_ADDRESS or not found[1].isprintable():
        raise SmtpRefusal("501 5.5.4 Bad path")
    parameters: dict[str, str] = {}
    for word in (found[2] or "").split():
        name, _, value = word.partition("=")
        if name.upper() in parameters:
            raise SmtpRefusal("501 5.5.4 Parameter given twice")
        parameters[name.upper()] = value
    return found[1], parameters


def _check_size(value: str, largest: int) -> None:
    if not (value.isascii() and value.isdecimal() and len(value) <= _LONGEST_SIZE):
        raise SmtpRefusal("501 5.5.4 Bad value of SIZE")
    if int(value) > largest:
        raise SmtpRefusal("552 5.3.4 Message too large")


def _envelope_id(value: str) -> str:
    text = _decoded(value)
    if len(value) > _LONGEST_ENVELOPE_ID or not (text.isascii() and text.isprintable()):
        raise SmtpRefusal("501 5.5.4 Bad value of ENVID")
    return text


def _notify(value: str) -> frozenset[Notify]:
    if value.upper() == "NEVER":
        return frozenset()
    try:
        return frozenset(Notify(word) for word in value.upper().split(","))
    except ValueError:
        raise SmtpRefusal("501 5.5.4 Bad value of NOTIFY") from None


def _original_recipient(value: str) -> str:
    kind, separator, address = value.partition(";")
    if not (separator and address and _KIND.fullmatch(kind)):
        raise SmtpRefusal("501 5.5.4 Bad value of ORCPT")
    if kind.lower() == "utf-8":
        return f"{kind}; {encode_utf8_address(_decoded_utf8_address(address))}"
    text = _decoded(address)
    if not (text.isascii() and text.isprintable()):
        raise SmtpRefusal("501 5.5.4 Bad value of ORCPT")
    return f"{kind}; {text}"


def _decoded(value: str) -> str:
    if _XTEXT.fullmatch(value) is None:
        raise SmtpRefusal("501 5.5.4 Bad xtext")
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), value)


def _decoded_utf8_address(value: str) -> str:
    def character(found: re.Match[str]) -> str:
        number = int(found[1], 16)
        if number > _HIGHEST_CODE_POINT:
            raise SmtpRefusal("501 5.5.4 Bad value of ORCPT")
        return chr(number)

    text = _CODE_POINT.sub(character, value)
    if not text.isprintable():
        raise SmtpRefusal("501 5.5.4 Bad value of ORCPT")
    return text
