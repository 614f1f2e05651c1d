"""Where content ends, however it is cut on the way."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.sandbox.smtp_envelope import SmtpRefusal
from entrypoints.sandbox.smtp_framing import read_command, read_content

tricky = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", "ø".encode()])).map(b"".join)


def _sent(content: bytes) -> bytes:
    """Prepare content as RFC 5321 4.5.2 asks of a client."""
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    lines = content.split(b"\r\n")[:-1]
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


async def _arrive(reader: asyncio.StreamReader, sent: bytes, *, size: int) -> None:
    """Let what was sent come piece by piece, and its sender leave."""
    for start in range(0, len(sent), size):
        reader.feed_data(sent[start : start + size])
        await asyncio.sleep(0)
    reader.feed_eof()


@settings(deadline=None)
@given(content=tricky, size=st.integers(min_value=1, max_value=9))
async def test_content_arrives_as_it_was_however_it_is_cut(content: bytes, size: int) -> None:
    reader = asyncio.StreamReader()
    arriving = asyncio.create_task(_arrive(reader, _sent(content) + b"QUIT\r\n", size=size))

    found = await read_content(reader, largest=1000)

    assert found == (content if not content or content.endswith(b"\r\n") else content + b"\r\n")
    assert await read_command(reader) == b"QUIT"
    await arriving


@pytest.mark.parametrize("end", [b"\n.\r\n", b"\r\n.\n", b"\n.\n", b"\r.\r", b"\r\n.\r"])
async def test_nothing_but_a_dot_between_full_line_ends_ends_a_message(end: bytes) -> None:
    reader = asyncio.StreamReader()
    sent = b"Subject: a\r\n\r\nb" + end + b"MAIL FROM:<smuggler@example.no>\r\n"
    await _arrive(reader, sent, size=len(sent))

    with pytest.raises(asyncio.IncompleteReadError):
        await read_content(reader, largest=1000)


async def test_nothing_but_a_full_line_end_ends_a_command() -> None:
    reader = asyncio.StreamReader()
    await _arrive(reader, b"NOOP\nRSET\rQUIT\r\n", size=40)

    assert await read_command(reader) == b"NOOP\nRSET\rQUIT"


@settings(deadline=None)
@given(size=st.integers(min_value=1, max_value=40))
async def test_content_that_is_too_large_is_thrown_away_and_the_rest_is_read(size: int) -> None:
    reader = asyncio.StreamReader()
    sent = b"x" * 100 + b"\r\n.\r\n" + b"x" * 50 + b"\r\ny\r\n.\r\nNOOP\r\n"
    arriving = asyncio.create_task(_arrive(reader, sent, size=size))

    for _ in range(2):
        with pytest.raises(SmtpRefusal, match=r"^552 "):
            await read_content(reader, largest=20)

    assert await read_command(reader) == b"NOOP"
    await arriving


async def test_a_line_without_an_end_is_not_waited_for_for_ever() -> None:
    reader = asyncio.StreamReader(limit=1000)
    reader.feed_data(b"x" * 10_000)

    with pytest.raises(asyncio.LimitOverrunError):
        await read_command(reader)
    with pytest.raises(asyncio.LimitOverrunError):
        await read_content(reader, largest=100_000)
