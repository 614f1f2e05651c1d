"""What all connections of the mail server share: its mailbox, and whom it put off."""

import itertools
import secrets
import time
from collections import Counter
from typing import Final

from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.delivery_status import (
    Original,
    delivery_status_notification,
    notices,
)
from entrypoints.sandbox.mailbox import Mailbox, OutboundMessage, Report
from entrypoints.sandbox.report_sender import Courier
from entrypoints.sandbox.scenarios import MailConduct, mail_conduct
from entrypoints.sandbox.smtp_envelope import Recipient, ReversePath, SmtpRefusal

MAIL: Final = "email"
HOSTNAME: Final = "catch-all.invalid"
"""What the mail server calls itself."""
LARGEST_MESSAGE: Final = 36_700_160
"""The octets of a message that it takes."""
_TIMES_PUT_OFF: Final = 2


class SmtpHouse:
    """Receives recipients and messages on behalf of all connections."""

    def __init__(self, mailbox: Mailbox, courier: Courier, *, pace: Pace) -> None:
        self.pace = pace
        self._mailbox = mailbox
        self._courier = courier
        self._put_off: Counter[str] = Counter()
        self._prefix = secrets.token_hex(4).upper()
        self._numbers = itertools.count(1)

    def admit(self, recipient: Recipient) -> MailConduct:
        """Take a recipient, or refuse it as its address asks."""
        conduct = mail_conduct(recipient.address)
        match conduct:
            case MailConduct.REJECT:
                raise SmtpRefusal("550 5.1.1 Recipient address rejected: no such mailbox")
            case MailConduct.DEFER_ALWAYS:
                raise SmtpRefusal("451 4.7.1 Greylisted, try again later")
            case MailConduct.DEFER:
                # A server that greylists knows no Message-ID yet when it decides, so what is
                # counted is the address; an acceptance starts its count again.
                self._put_off[recipient.address] += 1
                if self._put_off[recipient.address] <= _TIMES_PUT_OFF:
                    raise SmtpRefusal("451 4.7.1 Greylisted, try again later")
                del self._put_off[recipient.address]
            case _:
                pass
        return conduct

    async def take(
        self, sender: ReversePath, recipients: list[tuple[Recipient, MailConduct]], content: bytes
    ) -> str:
        """Keep a message for its recipients; tell the name under which it is kept.

        Raises:
            MailboxUnavailableError: nothing was kept.
        """
        now = time.time()
        name = f"{self._prefix}{next(self._numbers):X}"
        letters = [
            OutboundMessage(
                channel=MAIL,
                recipient=recipient.address,
                sender=sender.address,
                received_at=now,
                content=content,
                reference=name,
                envelope_id=sender.envelope_id,
                original_recipient=recipient.original,
            )
            for recipient, _ in recipients
        ]
        reports = self._reports(sender, recipients, content, now)
        await self._mailbox.keep(letters, reports)
        self._courier.expect(reports)
        return name

    def _reports(
        self,
        sender: ReversePath,
        recipients: list[tuple[Recipient, MailConduct]],
        content: bytes,
        now: float,
    ) -> list[Report]:
        if not (sender.address and self._courier.carries(MAIL)):
            return []  # what comes from nobody is reported to nobody
        reports = []
        for recipient, conduct in recipients:
            original = Original(
                sender=sender, recipient=recipient, content=content, received_at=now
            )
            for notice in notices(conduct, recipient.notify, pace=self.pace):
                payload = delivery_status_notification(HOSTNAME, original, notice)
                due_at = now + notice.after
                reports.append(self._mailbox.owe(MAIL, due_at=due_at, payload=payload))
        return reports
