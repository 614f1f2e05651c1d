"""Both catch-all servers over one mailbox, started and stopped together."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import structlog

from entrypoints.sandbox.credentials import Credentials
from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.mail_server_state import MAIL, SmtpHouse
from entrypoints.sandbox.mailbox import Mailbox
from entrypoints.sandbox.report_sender import Courier, ReportTarget
from entrypoints.sandbox.sms_gateway import SMS, CatchAllSmsGateway
from entrypoints.sandbox.smtp_server import CatchAllSmtpServer

_log = structlog.get_logger(__name__)


class CatchAll:
    """A mail server and an SMS gateway that keep what they get, and report it delivered.

    Port 0 means any free port. Where no target is given for the reports of a channel, none are
    made.
    """

    def __init__(
        self,
        folder: Path,
        *,
        smtp_port: int,
        sms_port: int,
        mail_reports: ReportTarget | None,
        sms_reports: ReportTarget | None,
        host: str = "127.0.0.1",
        sms_credentials: Credentials | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._folder = folder
        self._host = host
        self._smtp_port = smtp_port
        self._sms_port = sms_port
        targets = {MAIL: mail_reports, SMS: sms_reports}
        self._targets = {name: target for name, target in targets.items() if target is not None}
        self._sms_credentials = sms_credentials
        self._pace = pace if pace is not None else Pace()
        self._running = AsyncExitStack()
        self._smtp: CatchAllSmtpServer | None = None
        self._sms: CatchAllSmsGateway | None = None

    @property
    def smtp_address(self) -> tuple[str, int]:
        """Tell where the mail server listens."""
        return self._smtp.address if self._smtp is not None else (self._host, self._smtp_port)

    @property
    def sms_url(self) -> str:
        """Tell where the SMS gateway takes submissions."""
        return self._sms.url if self._sms is not None else f"http://{self._host}:{self._sms_port}/"

    async def start(self) -> None:
        """Begin to listen, and to hand over what is owed since the last time.

        Raises:
            MailboxInUseError: another catch-all uses the folder.
            MailboxUnavailableError: the folder cannot be used.
            OSError: a port is taken.
        """
        async with AsyncExitStack() as stack:
            mailbox = await stack.enter_async_context(Mailbox(self._folder))
            courier = Courier(mailbox, self._targets, pace=self._pace)
            stack.push_async_callback(courier.stop)
            await courier.start()
            house = SmtpHouse(mailbox, courier, pace=self._pace)
            smtp = CatchAllSmtpServer(house, host=self._host, port=self._smtp_port)
            sms = CatchAllSmsGateway(
                mailbox,
                courier,
                host=self._host,
                port=self._sms_port,
                credentials=self._sms_credentials,
                pace=self._pace,
            )
            stack.push_async_callback(smtp.stop)
            await smtp.start()
            stack.push_async_callback(sms.stop)
            await sms.start()
            self._smtp, self._sms, self._running = smtp, sms, stack.pop_all()
        _log.info("catch_all_started", smtp_port=self.smtp_address[1], sms_url=self.sms_url)

    async def stop(self) -> None:
        """Listen no more; what was accepted is kept, and what is owed is handed over next time."""
        await self._running.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
