"""Reports reach the service in the end, whatever befalls it or the servers."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import aiohttp
import aiosmtplib
import pytest
from typing_extensions import override

from entrypoints.sandbox import CatchAll, Pace, ReportTarget, caught_messages
from entrypoints.sandbox.mailbox import Mailbox, Report
from entrypoints.sandbox.report_sender import Courier
from tests.entrypoints.sandbox.conftest import QUICK
from tests.entrypoints.sandbox.receiver import Received, Receiver, listening
from tests.entrypoints.sandbox.test_sms_gateway import message, said, session
from tests.entrypoints.sandbox.test_smtp import CONTENT, SENDER, fields

SERVER = """
import asyncio, sys
from pathlib import Path
from entrypoints.sandbox import CatchAll, Pace, ReportTarget

async def main(folder, mail_url, sms_url, report_after):
    servers = CatchAll(
        Path(folder),
        smtp_port=0,
        sms_port=0,
        mail_reports=ReportTarget.raw_mail(url=mail_url, secret="s"),
        sms_reports=ReportTarget.xml(url=sms_url, user="u", password="p"),
        pace=Pace(report=float(report_after)),
    )
    await servers.start()
    print(servers.smtp_address[1], servers.sms_url, file=sys.stderr, flush=True)
    await asyncio.Event().wait()

import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory())
asyncio.run(main(*sys.argv[1:]))
"""


async def submit(url: str, document: str) -> None:
    async with aiohttp.ClientSession() as http, http.post(url, data=document.encode()) as answer:
        assert answer.status == 200


async def send(port: int, recipient: str) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=5) as client:
        await client.sendmail(SENDER, recipient, CONTENT, rcpt_options=["NOTIFY=SUCCESS,FAILURE"])


@pytest.mark.parametrize("answers", [[500], [401, 404, 503], [302], [400] * 6])
async def test_a_report_that_is_not_taken_is_offered_again(
    catch_all: CatchAll, receiver: Receiver, answers: list[int]
) -> None:
    receiver.answers = list(answers)
    await submit(catch_all.sms_url, session(message("+4740000001")))

    offered = await receiver.wait_for(len(answers) + 1)
    assert len({report.body for report in offered}) == 1


async def test_a_report_that_is_taken_is_not_offered_again(
    catch_all: CatchAll, receiver: Receiver, folder: Path
) -> None:
    await submit(catch_all.sms_url, session(message("+4740000001")))
    await receiver.wait_for(1)
    await catch_all.stop()

    async with Mailbox(folder) as mailbox:
        assert await mailbox.due(float("inf"), limit=9) == ([], None)


async def test_a_service_that_was_away_gets_its_reports_when_it_is_back(folder: Path) -> None:
    async with listening() as away:
        port = int(away.url.rpartition(":")[2])
    target = ReportTarget.xml(url=away.sms_url, user="gate", password="way")
    async with CatchAll(
        folder, smtp_port=0, sms_port=0, mail_reports=None, sms_reports=target, pace=QUICK
    ) as servers:
        await submit(servers.sms_url, session(message("+4740000001")))
        await submit(servers.sms_url, session(message("+4740000002")))
        async with listening(port) as back:
            reports = await back.wait_for(2)

    assert {said(report.body)["RCV"] for report in reports} == {"4740000001", "4740000002"}


async def test_what_is_owed_when_the_servers_stop_is_handed_over_when_they_start(
    folder: Path, receiver: Receiver
) -> None:
    target = ReportTarget.xml(url=receiver.sms_url, user="gate", password="way")

    def servers() -> CatchAll:
        return CatchAll(
            folder,
            smtp_port=0,
            sms_port=0,
            mail_reports=None,
            sms_reports=target,
            pace=Pace(report=0.3),
        )

    async with servers() as first:
        await submit(first.sms_url, session(message("+4740000001")))
    assert not receiver.received

    async with servers():
        await receiver.wait_for(1)


Started = tuple[asyncio.subprocess.Process, int, str]


async def started(folder: Path, receiver: Receiver, *, report_after: float) -> Started:
    """Start the servers in a process of their own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(folder), receiver.mail_url, receiver.sms_url),
        str(report_after),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    port, url = (await process.stderr.readline()).decode().split()
    return process, int(port), url


async def test_a_killed_server_loses_neither_messages_nor_reports(
    folder: Path, receiver: Receiver
) -> None:
    process, port, url = await started(folder, receiver, report_after=1.5)
    await send(port, "bounce@example.no")
    await submit(url, session(message("+4740000001")))
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert not receiver.received
    assert {mail.to for mail in caught_messages(folder)} == {"bounce@example.no", "+4740000001"}

    process, _, _ = await started(folder, receiver, report_after=1.5)
    try:
        reports = {report.path: report for report in await receiver.wait_for(2)}
    finally:
        process.terminate()
        await process.wait()
    assert fields(reports["/mail"])["Status"] == "5.1.1"
    assert said(reports["/sms"].body)["STATE"] == "DELIVRD"


async def test_whatever_was_accepted_by_the_moment_of_a_kill_is_kept_and_reported(
    folder: Path, receiver: Receiver
) -> None:
    process, port, _ = await started(folder, receiver, report_after=0.0)
    accepted: set[str] = set()

    async def send_on(line: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=5) as client:
            for number in range(10_000):
                recipient = f"kari-{line}-{number}@example.no"
                await client.sendmail(SENDER, recipient, CONTENT, rcpt_options=["NOTIFY=SUCCESS"])
                accepted.add(recipient)
                if len(accepted) == 300:
                    os.kill(process.pid, signal.SIGKILL)

    await asyncio.gather(*(send_on(line) for line in range(8)), return_exceptions=True)
    await process.wait()
    kept = {mail.to for mail in caught_messages(folder)}
    assert len(accepted) >= 300
    assert accepted <= kept

    seen: list[Received] = []
    reported: set[str] = set()

    def has_all() -> bool:
        news = receiver.received[len(seen) :]
        seen.extend(news)
        reported.update(fields(one)["Final-Recipient"] for one in news)
        return {f"rfc822; {name}" for name in accepted} <= reported

    process, _, _ = await started(folder, receiver, report_after=0.0)
    try:
        await receiver.wait_until(has_all)
    finally:
        process.terminate()
        await process.wait()
    assert reported <= {f"rfc822; {name}" for name in kept}


async def test_each_of_many_reports_is_handed_over_once(
    catch_all: CatchAll, receiver: Receiver
) -> None:
    for first in range(0, 2000, 100):
        numbers = range(first, first + 100)
        messages = [message(f"+474{number:07}", number=number) for number in numbers]
        await submit(catch_all.sms_url, session(*messages))

    await receiver.wait_for(2000)
    await catch_all.stop()
    references = [said(report.body)["REF"] for report in receiver.received]
    assert len(references) == len(set(references)) == 2000


class SlowToRead(Mailbox):
    """Tells what was due a moment ago."""

    @override
    async def due(self, now: float, *, limit: int) -> tuple[list[Report], float | None]:
        told = await super().due(now, limit=limit)
        await asyncio.sleep(0.03)
        return told


async def test_a_report_taken_while_the_owed_are_looked_up_is_not_offered_again(
    folder: Path, receiver: Receiver
) -> None:
    receiver.lag = 0.02
    target = ReportTarget.xml(url=receiver.sms_url, user="gate", password="way")
    async with SlowToRead(folder) as mailbox:
        courier = Courier(mailbox, {"sms": target}, pace=QUICK)
        await courier.start()
        for number in range(20):
            report = mailbox.owe("sms", due_at=time.time(), payload=b"<REF>%d</REF>" % number)
            await mailbox.keep([], [report])
            courier.expect([report])
            await asyncio.sleep(0.01)
        await receiver.wait_for(20)
        await courier.stop()

    assert len(receiver.received) == 20
