"""However a mail is made, it costs its own reader, and neither the event loop nor the other mails."""

import asyncio
import time
from pathlib import Path

import pytest

from adapters.channels.smtp.delivery_reports import read_mail
from adapters.channels.smtp.report_reader import MailReader
from application.ports.unread_mail import UnreadKind
from tests.adapters.channels.hostile_mails import HOSTILE

BOUNCED = (Path(__file__).parent / "notifications" / "postfix_bounced.eml").read_bytes()
NESTED = HOSTILE["parts in parts"]
LONGEST_STOP = 0.05


async def test_a_mail_is_read_as_it_would_be_here() -> None:
    assert await MailReader("smtp").read(BOUNCED) == read_mail(BOUNCED, provider="smtp")


@pytest.mark.parametrize("what", HOSTILE)
async def test_the_worst_mails_cost_the_loop_next_to_nothing(what: str) -> None:
    reader = MailReader("smtp", quick_seconds=0.05, seconds=0.1)
    await reader.read(b"")
    began = time.thread_time()
    read = await reader.read(HOSTILE[what])
    assert time.thread_time() - began < LONGEST_STOP
    assert isinstance(read, UnreadKind)


async def test_six_hostile_mails_at_once_hold_no_other_up_for_long() -> None:
    reader = MailReader("smtp", quick_seconds=0.05, seconds=0.3)
    began = time.thread_time()
    hostile = [asyncio.create_task(reader.read(NESTED)) for _ in range(6)]
    await asyncio.sleep(0)
    told = await reader.read(BOUNCED)
    were_done = sum(each.done() for each in hostile)
    assert await asyncio.gather(*hostile) == [UnreadKind.UNREADABLE] * 6
    assert time.thread_time() - began < 6 * LONGEST_STOP
    assert told == read_mail(BOUNCED, provider="smtp")
    assert were_done < 3


async def test_a_mail_that_takes_longer_than_most_is_read_all_the_same() -> None:
    reader = MailReader("smtp", quick_seconds=1e-6)
    assert await reader.read(BOUNCED) == read_mail(BOUNCED, provider="smtp")


async def test_a_mail_that_would_take_too_much_memory_is_not_read() -> None:
    reader = MailReader("smtp", quick_seconds=20, seconds=20, megabytes=48)
    assert await reader.read(HOSTILE["many groups"]) is UnreadKind.UNREADABLE
    assert await reader.read(BOUNCED) == read_mail(BOUNCED, provider="smtp")


async def test_whoever_gives_up_leaves_no_reader_behind() -> None:
    reader = MailReader("smtp", at_once=1, quick_seconds=60)
    await reader.read(b"")
    reading = asyncio.create_task(reader.read(NESTED))
    await asyncio.sleep(0.1)
    reading.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await reader.read(BOUNCED) == read_mail(BOUNCED, provider="smtp")
