"""Who a message is from and for, and in which words a mail server is told (RFC 5321, 3461, 6531)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from application.ports.provider import HandoverRejected, withheld
from domain.order.events import Failure

Abilities: TypeAlias = Mapping[str, str]
"""What a server has said to EHLO: each keyword, and what followed it."""

_NO_XTEXT: Final = re.compile(r"[^!-*,-<>-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who a message is from and for, as the server is told."""

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    token: str
    size: int
    needs_smtputf8: bool

    def refusal(self, abilities: Abilities) -> HandoverRejected | None:
        """Tell what such a server could only refuse."""
        if self.needs_smtputf8 and "SMTPUTF8" not in abilities:
            return withheld(Failure.FAILED, "smtputf8_missing")
        largest = abilities.get("SIZE", "")
        if largest.isdigit() and 0 < int(largest) < self.size:
            return withheld(Failure.PAYLOAD_TOO_LARGE, "size_exceeded")
        return None

    def mail(self, abilities: Abilities) -> str:
        """Name the sender."""
        command = f"MAIL FROM:<{self.sender}>"
        if "SIZE" in abilities:
            command += f" SIZE={self.size}"
        if self.needs_smtputf8:
            command += " BODY=8BITMIME SMTPUTF8"
        if "DSN" in abilities:
            command += f" RET=HDRS ENVID={_xtext(self.token)}"
        return command

    def rcpt(self, abilities: Abilities) -> str:
        """Name the recipient."""
        command = f"RCPT TO:<{self.recipient}>"
        if "DSN" in abilities:
            command += " NOTIFY=SUCCESS,FAILURE,DELAY"
            if self.recipient.isascii():
                command += f" ORCPT=rfc822;{_xtext(self.recipient)}"
        return command


def _xtext(text: str) -> str:
    return _NO_XTEXT.sub(lambda found: f"+{ord(found.group()):02X}", text)
