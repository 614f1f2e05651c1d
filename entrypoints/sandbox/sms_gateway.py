"""The catch-all SMS gateway: speaks LINK Mobility's XML, takes everything and sends nothing."""

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from entrypoints.sandbox.credentials import Credentials
from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.errors import MailboxUnavailableError, MalformedDocumentError
from entrypoints.sandbox.link_xml import (
    Session,
    Submission,
    Verdict,
    read_session,
    write_answer,
    write_logon_failure,
    write_report,
)
from entrypoints.sandbox.mailbox import Mailbox, OutboundMessage, Report
from entrypoints.sandbox.report_sender import Courier
from entrypoints.sandbox.scenarios import SmsConduct, sms_conduct

SMS: Final = "sms"
_LARGEST_DOCUMENT: Final = 1 << 20
_SECONDS_A_MINUTE: Final = 60
_GARBAGE: Final = b"<html><body><h1>It works!</h1><p>]]> & so on"
_NUMBER: Final = re.compile(r"\+?(?:47[2-9]\d{7}|(?!47|0)\d{8,15})")
_STATES: Final = {
    SmsConduct.UNDELIVERED: "UNDELIV",
    SmsConduct.EXPIRE: "EXPIRED",
    SmsConduct.BAR: "BARRED",
    SmsConduct.REJECT: "REJECTD",
    SmsConduct.DELETE: "DELETED",
    SmsConduct.UNKNOWN: "UNKNOWN",
    SmsConduct.FAILED: "FAILED",
    SmsConduct.BARRED_AT_SENDER: "BARREDA",
    SmsConduct.NO_BALANCE: "ZEROBAL",
}
_DELIVERED: Final = "DELIVRD"


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of one submission: its verdict, and what is kept and owed for it."""

    verdict: Verdict
    letter: OutboundMessage | None = None
    reports: tuple[Report, ...] = ()


class CatchAllSmsGateway:
    """Listens for submissions, and answers and reports as their numbers ask."""

    def __init__(
        self,
        mailbox: Mailbox,
        courier: Courier,
        *,
        host: str,
        port: int,
        credentials: Credentials | None,
        pace: Pace,
    ) -> None:
        self._mailbox = mailbox
        self._courier = courier
        self._host = host
        self._port = port
        self._credentials = credentials
        self._pace = pace
        self._last_reference = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Tell where sessions are posted to."""
        host, port = self._host, self._port
        if self._runner is not None and self._runner.addresses:
            host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(client_max_size=_LARGEST_DOCUMENT)
        app.router.add_post("/", self._submit)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Listen no more; what was accepted is kept."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        try:
            session = read_session(await request.read())
        except MalformedDocumentError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        if self._credentials is not None and not self._credentials.match(
            session.client, session.password
        ):
            return _xml(write_logon_failure())
        conducts = {sms_conduct(submission.receiver) for submission in session.submissions}
        if SmsConduct.FAIL in conducts:
            raise web.HTTPInternalServerError(text="The gateway is out of order")
        try:
            verdicts = await self._take(session)
        except MailboxUnavailableError:
            raise web.HTTPServiceUnavailable(text="Nothing was accepted") from None
        return await self._answer(request, conducts, verdicts)

    async def _answer(
        self, request: web.Request, conducts: set[SmsConduct], verdicts: Iterable[Verdict]
    ) -> web.StreamResponse:
        if SmsConduct.SLOW in conducts:
            await asyncio.sleep(self._pace.slow)
        if SmsConduct.DROP in conducts and request.transport is not None:
            request.transport.abort()
        if SmsConduct.GARBLE in conducts:
            return web.Response(body=_GARBAGE, content_type="text/html")
        return _xml(write_answer(verdicts))

    async def _take(self, session: Session) -> list[Verdict]:
        now = time.time()
        taken = [self._decide(submission, now) for submission in session.submissions]
        letters = [one.letter for one in taken if one.letter is not None]
        reports = [report for one in taken for report in one.reports]
        if letters:
            await self._mailbox.keep(letters, reports)
        first = [
            report
            for one in taken
            if one.letter and sms_conduct(one.letter.recipient) is SmsConduct.REPORT_FIRST
            for report in one.reports
        ]
        self._courier.expect([report for report in reports if report not in first])
        for report in first:
            await self._courier.hand_over(SMS, [report])
        return [one.verdict for one in taken]

    def _decide(self, submission: Submission, now: float) -> _Taken:
        if refusal := _refusal(submission):
            return _Taken(Verdict(id=submission.id, info=refusal))
        reference = self._next_reference()
        letter = OutboundMessage(
            channel=SMS,
            recipient=submission.receiver,
            sender=submission.sender,
            received_at=now,
            content=submission.text.encode(),
            reference=reference,
        )
        return _Taken(
            Verdict(id=submission.id, reference=reference),
            letter,
            self._reports(submission, reference, now),
        )

    def _reports(self, submission: Submission, reference: str, now: float) -> tuple[Report, ...]:
        conduct = sms_conduct(submission.receiver)
        if conduct is SmsConduct.QUIET or not self._courier.carries(SMS):
            return ()
        due_at, state = self._outcome(conduct, submission.ttl_minutes, now)
        payload = write_report(
            reference=reference,
            receiver=submission.receiver.removeprefix("+"),
            state=state,
            at=now if conduct is SmsConduct.REPORT_FIRST else due_at,
        )
        times = 2 if conduct is SmsConduct.REPORT_TWICE else 1
        return tuple(self._mailbox.owe(SMS, due_at=due_at, payload=payload) for _ in range(times))

    def _outcome(
        self, conduct: SmsConduct, ttl_minutes: int | None, now: float
    ) -> tuple[float, str]:
        pace = self._pace
        match conduct:
            case SmsConduct.REPORT_FIRST:
                # It is handed over before the answer; the round takes it only if that is cut off.
                return now + 2 * pace.patience, _DELIVERED
            case SmsConduct.LATE:
                worth = None if ttl_minutes is None else ttl_minutes * _SECONDS_A_MINUTE
                if worth is not None and worth < pace.late:
                    return now + worth, "EXPIRED"
                return now + pace.late, _DELIVERED
            case SmsConduct.SLOW:
                return now + pace.slow, _DELIVERED
            case _:
                return now + pace.report, _STATES.get(conduct, _DELIVERED)

    def _next_reference(self) -> str:
        # By the clock, so that it differs from all that were given before a restart.
        self._last_reference = max(self._last_reference + 1, time.time_ns() // 1000)
        return str(self._last_reference)


def _refusal(submission: Submission) -> str | None:
    conduct = sms_conduct(submission.receiver)
    if conduct is SmsConduct.INVALID or _NUMBER.fullmatch(submission.receiver) is None:
        return "Invalid RCV"
    if conduct is SmsConduct.REFUSE:
        return "Message refused by the operator"
    if submission.ttl_minutes is not None and submission.ttl_minutes < 1:
        return "Invalid TTL"
    if not submission.text:
        return "No TEXT"
    return None


def _xml(document: bytes) -> web.Response:
    return web.Response(body=document, content_type="text/xml", charset="utf-8")
