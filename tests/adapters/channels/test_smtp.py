"""The SMTP provider keeps the port's promises against the catch-all server, and much else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typing_extensions import override

from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.session import SmtpTimeouts, Tls
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    withheld,
)
from contracts.provider_contract import (
    ProviderContract,
    Stand,
    email_letter,
    outcome,
    outcomes,
    sms_letter,
)
from domain.channel import Channel
from domain.order.events import Failure
from entrypoints.sandbox import CatchAll, Pace, caught_messages


@asynccontextmanager
async def catch_all(folder: Path) -> AsyncIterator[CatchAll]:
    pace = Pace(slow=0.05)
    async with CatchAll(
        folder, smtp_port=0, sms_port=0, mail_reports=None, sms_reports=None, pace=pace
    ) as running:
        yield running


@asynccontextmanager
async def smtp_to(port: int) -> AsyncIterator[SmtpProvider]:
    provider = SmtpProvider(
        "relay",
        "127.0.0.1",
        port,
        mail_domain="varsel.example",
        bounce_address="bounce@varsel.example",
        clock=lambda: datetime.now(UTC),
        tls=Tls.NONE,
        connections=4,
        timeouts=SmtpTimeouts(connect=2, command=2, content=2, final=2),
    )
    yield provider
    await provider.aclose()


class TestSmtpProvider(ProviderContract):
    @override
    @pytest.fixture
    async def stand(self, tmp_path: Path) -> AsyncIterator[Stand]:
        async with catch_all(tmp_path) as running, smtp_to(running.smtp_address[1]) as provider:
            yield Stand(
                provider,
                lambda: [each.body.rstrip("\n") for each in caught_messages(tmp_path)],
                "reject@example.no",
            )


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[SmtpProvider]:
    async with catch_all(tmp_path) as running, smtp_to(running.smtp_address[1]) as smtp:
        yield smtp


async def test_it_carries_e_mail(provider: SmtpProvider) -> None:
    assert provider.channel is Channel.EMAIL
    assert provider.name == "relay"
    told = await outcome(provider, sms_letter())
    assert told == withheld(Failure.FAILED, "wrong_channel")


async def test_the_reference_is_the_attempts_token(provider: SmtpProvider) -> None:
    letter = email_letter()
    assert await outcome(provider, letter) == HandoverAccepted(letter.token)


async def test_the_servers_carry_the_token(provider: SmtpProvider, tmp_path: Path) -> None:
    letter = email_letter("kari+post@example.no")
    await outcome(provider, letter)
    (caught,) = caught_messages(tmp_path)
    assert caught.envelope_id == letter.token
    assert caught.envelope_from == f"bounce+{letter.token}@varsel.example"
    assert caught.original_recipient == "rfc822; kari+post@example.no"
    assert caught.message_id == f"<{letter.notification_id}@varsel.example>"


async def test_an_address_with_norwegian_letters_is_written_to(
    provider: SmtpProvider, tmp_path: Path
) -> None:
    letter = email_letter("bjørn@blåbær.no")
    assert await outcome(provider, letter) == HandoverAccepted(letter.token)
    (caught,) = caught_messages(tmp_path)
    assert caught.to == "bjørn@xn--blbr-roah.no"


@pytest.mark.parametrize(
    "local_part,expected",
    [
        ("reject", HandoverRejected(Failure.BOUNCED, "550 5.1.1")),
        ("deferalways", HandoverDeferred("451 4.7.1")),
        ("drop", HandoverUnknown("lost_at_final")),
    ],
)
async def test_the_phase_of_a_failure_decides(
    provider: SmtpProvider, local_part: str, expected: object
) -> None:
    before, told, after = await outcomes(
        provider, email_letter(), email_letter(f"{local_part}@example.no"), email_letter()
    )
    assert told == expected
    assert isinstance(before, HandoverAccepted)
    assert isinstance(after, HandoverAccepted)


async def test_a_drop_before_the_content_is_deferred(provider: SmtpProvider) -> None:
    told = await outcome(provider, email_letter("dropbefore@example.no"))
    assert isinstance(told, HandoverDeferred)
    assert told.code.startswith("lost_at_"), "how many of the answers came is up to the network"


async def test_a_greylisted_letter_is_accepted_the_third_time(provider: SmtpProvider) -> None:
    letter = email_letter("defer@example.no")
    told = [await outcome(provider, letter) for _ in range(3)]
    assert told == [
        HandoverDeferred("451 4.7.1"),
        HandoverDeferred("451 4.7.1"),
        HandoverAccepted(letter.token),
    ]


async def test_a_slow_answer_is_waited_for(provider: SmtpProvider) -> None:
    letter = email_letter("slow@example.no")
    assert await outcome(provider, letter) == HandoverAccepted(letter.token)


@pytest.mark.parametrize(
    "to",
    [
        "a@x.no,b@y.no",
        "a@x.no, b@y.no",
        "a@b@x.no",
        "Kari <kari@x.no>",
        '"kari"@x.no',
        "kari",
        "@x.no",
        "kari@",
        "kari..n@x.no",
        "kari@-x.no",
        "kari@x..no",
        "kari@[127.0.0.1]",
        "k" * 65 + "@x.no",
        "kari@" + "x" * 64 + ".no",
        "",
    ],
)
async def test_what_is_not_one_address_is_refused(provider: SmtpProvider, to: str) -> None:
    told = await outcome(provider, email_letter(to))
    assert told == withheld(Failure.INVALID_ADDRESS, "invalid_address")


@pytest.mark.parametrize("sender", ["a@x.no, b@y.no", "Altinn", "Altinn <>", "<a@x.no", ""])
async def test_a_sender_that_is_not_one_address_is_refused(
    provider: SmtpProvider, sender: str
) -> None:
    told = await outcome(provider, email_letter(sender=sender))
    assert told == withheld(Failure.FAILED, "sender_invalid_address")


@pytest.mark.parametrize("to", ["ka\0ri@x.no", "kari@x.no\r\n", "kari@x.no\n", "k\x7f@x.no"])
async def test_control_characters_in_an_address_are_called_so(
    provider: SmtpProvider, to: str
) -> None:
    told = await outcome(provider, email_letter(to))
    assert told == withheld(Failure.INVALID_ADDRESS, "control_character")


@pytest.mark.parametrize("control", ["\n", "\r\nBcc: ola@x.no", "\0", "\x85", "\u2028"])
async def test_control_characters_in_a_subject_are_refused(
    provider: SmtpProvider, control: str, tmp_path: Path
) -> None:
    told = await outcome(provider, email_letter(subject=f"Hei{control}du"))
    assert told == withheld(Failure.FAILED, "control_character")
    assert list(caught_messages(tmp_path)) == []
