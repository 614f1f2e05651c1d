"""Where a mail server hands in what came to the address for bounces."""

from typing import Final

from adapters.channels.smtp.report_reader import MailReader
from application.ports.provider_kind import MailDoor

SMTP: Final = "smtp"

DOOR: Final = MailDoor(
    path="/notifications/email/api/v1/reports",
    operation="takeEmailReports",
    summary="Delivery status notifications of mail servers",
    words=(
        "One message as it was received (RFC 3464). What is answered has been kept, also what tells "
        "nothing of a notification, so that nobody has to hand it in again. Of a message that is "
        "longer than any body may be, the beginning is enough."
    ),
    open_reader=lambda: MailReader(SMTP).read,
)
