"""Catch-all servers on free ports, and somebody who takes their reports."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import pytest

from entrypoints.sandbox import CatchAll, Pace, ReportTarget, count_messages
from tests.entrypoints.sandbox.receiver import Receiver, listening

QUICK = Pace(
    report=0.01,
    slow=0.3,
    late=0.4,
    delayed=0.05,
    first_retry=0.02,
    longest_retry=0.1,
    patience=10.0,
)


async def kept(folder: Path) -> None:
    """Wait until the mailbox holds a message; another process may be the one that writes it."""
    async with asyncio.timeout(5):
        while not count_messages(folder):  # noqa: ASYNC110  # a file tells nobody of its news
            await asyncio.sleep(0.01)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as receiver:
        yield receiver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "catch-all"


@pytest.fixture
async def catch_all(folder: Path, receiver: Receiver) -> AsyncIterator[CatchAll]:
    async with CatchAll(
        folder,
        smtp_port=0,
        sms_port=0,
        mail_reports=ReportTarget.raw_mail(url=receiver.mail_url, secret="mail-secret"),
        sms_reports=ReportTarget.xml(url=receiver.sms_url, user="gate", password="way"),
        pace=QUICK,
    ) as servers:
        yield servers


@pytest.fixture
async def client(catch_all: CatchAll) -> AsyncIterator[aiosmtplib.SMTP]:
    host, port = catch_all.smtp_address
    client = aiosmtplib.SMTP(hostname=host, port=port, timeout=5)
    await client.connect()
    await client.ehlo()
    yield client
    client.close()
