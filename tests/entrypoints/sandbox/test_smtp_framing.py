"""Where content ends, however it is cut on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.sandbox.smtp_envelope import SmtpRefusal
from entrypoints.sandbox.smtp_framing import Incoming, LineTooLongError

tricky = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", "ø".encode()])).map(b"".join)


def _sent(content: bytes) -> bytes:
    """Prepare content as RFC 5321 4.5.2 asks of a client."""
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    lines = content.split(b"\r\n")[:-1]
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


@given(content=tricky, size=st.integers(min_value=1, max_value=9))
def test_content_arrives_as_it_was_however_it_is_cut(content: bytes, size: int) -> None:
    incoming = Incoming(largest_message=1000)
    sent = _sent(content) + b"QUIT\r\n"
    found = None
    for start in range(0, len(sent), size):
        incoming.feed(sent[start : start + size])
        if found is None:
            found = incoming.content()

    assert found == (content if not content or content.endswith(b"\r\n") else content + b"\r\n")
    assert incoming.line() == b"QUIT"


@pytest.mark.parametrize("end", [b"\n.\r\n", b"\r\n.\n", b"\n.\n", b"\r.\r", b"\r\n.\r"])
def test_nothing_but_a_dot_between_full_line_ends_ends_a_message(end: bytes) -> None:
    incoming = Incoming(largest_message=1000)
    incoming.feed(b"Subject: a\r\n\r\nb" + end + b"MAIL FROM:<smuggler@example.no>\r\n")

    assert incoming.content() is None


@given(size=st.integers(min_value=1, max_value=40))
def test_content_that_is_too_large_is_thrown_away_and_the_rest_is_read(size: int) -> None:
    incoming = Incoming(largest_message=20)
    sent = b"x" * 100 + b"\r\n.\r\n" + b"x" * 50 + b"\r\n.\r\nNOOP\r\n"
    refusals = 0
    for start in range(0, len(sent), size):
        incoming.feed(sent[start : start + size])
        try:
            while refusals < 2 and incoming.content() is not None:
                pass
        except SmtpRefusal:
            refusals += 1
    if refusals == 1:
        with pytest.raises(SmtpRefusal):
            incoming.content()

    assert incoming.line() == b"NOOP"


def test_a_command_without_an_end_is_not_waited_for_for_ever() -> None:
    incoming = Incoming(largest_message=1000)
    incoming.feed(b"x" * 10_000)

    with pytest.raises(LineTooLongError):
        incoming.line()
