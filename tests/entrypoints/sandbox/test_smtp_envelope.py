"""The parameters of MAIL and RCPT."""

import pytest

from entrypoints.sandbox.smtp_envelope import (
    Notify,
    SmtpRefusal,
    encode_utf8_address,
    recipient,
    reverse_path,
)


def test_a_sender_may_name_its_envelope_and_what_is_returned() -> None:
    path = reverse_path(
        "<b+1=x@example.no> RET=HDRS ENVID=a+2B1 BODY=8BITMIME SIZE=100 SMTPUTF8", largest=1000
    )

    assert path.address == "b+1=x@example.no"
    assert path.envelope_id == "a+1"
    assert not path.returns_content
    assert path.is_international


def test_a_sender_may_be_nobody() -> None:
    assert not reverse_path("<>", largest=1000).address


@pytest.mark.parametrize(
    "argument, code",
    [
        ("a@example.no", "501"),
        ("<a@example.no> COLOUR=RED", "555"),
        ("<a@example.no> RET=SOME", "501"),
        ("<a@example.no> ENVID=+zz", "501"),
        ("<a@example.no> ENVID=+0D+0AX", "501"),
        ("<a@example.no> ENVID=" + "x" * 101, "501"),
        ("<a@example.no> RET=FULL RET=HDRS", "501"),
        ("<a@example.no> SIZE=2000", "552"),
        ("<a@example.no> SIZE=-1", "501"),
        ("<ø@example.no>", "550"),
        ('<"a\rb"@example.no>', "501"),
    ],
)
def test_a_sender_that_is_not_understood_is_refused(argument: str, code: str) -> None:
    with pytest.raises(SmtpRefusal, match=f"^{code} "):
        reverse_path(argument, largest=1000)


def test_a_recipient_may_be_reported_on_as_its_sender_asks() -> None:
    named = recipient(
        "<kari@example.no> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;kari+2Bold@example.no",
        is_international=False,
    )

    assert named.notify == {Notify.SUCCESS, Notify.DELAY}
    assert named.original == "rfc822; kari+old@example.no"


def test_failure_is_reported_unless_something_else_is_asked_for() -> None:
    assert recipient("<kari@example.no>", is_international=False).notify == {Notify.FAILURE}
    assert not recipient("<kari@example.no> NOTIFY=NEVER", is_international=False).notify


@pytest.mark.parametrize(
    "argument",
    [
        "<>",
        "<kari>",
        "<@example.no>",
        "<kari@example.no> NOTIFY=SOON",
        "<kari@example.no> NOTIFY=NEVER,SUCCESS",
        "<kari@example.no> ORCPT=kari@example.no",
        "<kari@example.no> ORCPT=rfc822;a+0D+0AX-Forged:+20yes",
        "<kari@example.no> ORCPT=utf-8;\\x{D800}@example.no",
        "<kari@example.no> ORCPT=utf-8;\\x{FFFFFF}@example.no",
        "<øystein@example.no>",
    ],
)
def test_a_recipient_that_is_not_understood_is_refused(argument: str) -> None:
    with pytest.raises(SmtpRefusal, match=r"^5\d\d "):
        recipient(argument, is_international=False)


def test_an_international_address_can_be_told_in_ascii() -> None:
    assert encode_utf8_address("øyvind@blåbær.no") == "\\x{F8}yvind@bl\\x{E5}b\\x{E6}r.no"
