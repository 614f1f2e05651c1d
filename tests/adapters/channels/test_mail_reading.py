"""However a mail is made, it costs its own reader, and neither the event loop nor the other mails."""

import asyncio
import time
from pathlib import Path

import pytest

from adapters.channels.mail_reading import MailReader
from adapters.channels.mail_reports import read_mail
from application.ports.unread_mail import UnreadKind
from tests.adapters.channels.hostile_mails import HOSTILE

BOUNCED = (Path(__file__).parent / "notifications" / "postfix_bounced.eml").read_bytes()
NESTED = HOSTILE["parts in parts"]
LONGEST_STOP = 0.05


async def test_a_mail_is_read_as_it_would_be_here() -> None:
    assert await MailReader("smtp").read(BOUNCED) == read_mail(BOUNCED, provider="smtp")


@pytest.mark.parametrize("what", HOSTILE)
async def test_the_worst_mails_cost_the_loop_next_to_nothing(what: str) -> None:
    reader = MailReader("smtp", seconds=0.3)
    await reader.read(b"")
    began = time.thread_time()
    read = await reader.read(HOSTILE[what])
    assert time.thread_time() - began < LONGEST_STOP
    assert isinstance(read, UnreadKind)


async def test_six_hostile_mails_at_once_hold_no_other_up_for_long() -> None:
    reader = MailReader("smtp", seconds=0.3)
    began = time.thread_time()
    *hostile, told = await asyncio.gather(
        *(reader.read(NESTED) for _ in range(6)), reader.read(BOUNCED)
    )
    assert time.thread_time() - began < 6 * LONGEST_STOP
    assert hostile == [UnreadKind.UNREADABLE] * 6
    assert told == read_mail(BOUNCED, provider="smtp")


async def test_a_mail_that_would_take_too_much_memory_is_not_read() -> None:
    reader = MailReader("smtp", seconds=20, megabytes=48)
    assert await reader.read(HOSTILE["many groups"]) is UnreadKind.UNREADABLE
    assert await reader.read(BOUNCED) == read_mail(BOUNCED, provider="smtp")


async def test_whoever_gives_up_leaves_no_reader_behind() -> None:
    reader = MailReader("smtp", at_once=1, seconds=60)
    await reader.read(b"")
    reading = asyncio.create_task(reader.read(NESTED))
    await asyncio.sleep(0.1)
    reading.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await reader.read(BOUNCED) == read_mail(BOUNCED, provider="smtp")
