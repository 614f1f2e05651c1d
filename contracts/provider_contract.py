"""What every provider promises; a suite for each names its stand."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import uuid4

import pytest

from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverRejected,
    OutboundEmail,
    OutboundMessage,
    OutboundSms,
    Outcome,
    OutcomeLookup,
    Provider,
    withheld,
)
from domain.channel import Channel
from domain.message import ContentType
from domain.order.events import Failure, Refuser
from domain.personal import Contact, Content


def email_letter(
    to: str = "kari@example.no",
    *,
    body: str = "Logg inn.",
    sender: str = "noreply@altinn.cloud",
    subject: str = "Påminnelse",
    content_type: ContentType = ContentType.PLAIN,
    send_within: float = 30.0,
) -> OutboundEmail:
    now = datetime.now(UTC)
    return OutboundEmail(
        owner="ttd",
        notification_id=uuid4(),
        token=uuid4().hex,
        send_before=now + timedelta(seconds=send_within),
        expires_at=now + timedelta(hours=48),
        to=Contact(to),
        sender=sender,
        subject=Content(subject),
        body=Content(body),
        content_type=content_type,
    )


def sms_letter(
    to: str = "+4799999999",
    *,
    body: str = "Logg inn.",
    sender: str = "Altinn",
    send_within: float = 30.0,
    worth: float = 48 * 3600,
) -> OutboundSms:
    now = datetime.now(UTC)
    return OutboundSms(
        notification_id=uuid4(),
        token=uuid4().hex,
        send_before=now + timedelta(seconds=send_within),
        expires_at=now + timedelta(seconds=worth),
        to=Contact(to),
        sender=sender,
        body=Content(body),
    )


async def outcomes(provider: Provider, *letters: OutboundMessage) -> list[Outcome]:
    """The outcomes in the order of the letters, each of which has exactly one."""
    told = [each async for each in provider.send(letters)]
    assert len(told) == len(letters)
    by_token = {each.letter.token: each.outcome for each in told}
    return [by_token[letter.token] for letter in letters]


async def outcome(provider: Provider, letter: OutboundMessage) -> Outcome:
    """The outcome of one letter."""
    (only,) = await outcomes(provider, letter)
    return only


@dataclass(frozen=True, slots=True)
class Stand:
    """A provider with something at its other end."""

    provider: Provider
    carried: Callable[[], Sequence[str]]
    """The bodies that have arrived at the other end."""
    refused: str
    """An address that the other end refuses for good."""

    def letter(
        self,
        body: str = "Logg inn.",
        *,
        to: str | None = None,
        sender: str | None = None,
        send_within: float = 30.0,
    ) -> OutboundMessage:
        if self.provider.channel is Channel.EMAIL:
            return email_letter(
                to or "kari@example.no",
                body=body,
                sender=sender or "noreply@altinn.cloud",
                send_within=send_within,
            )
        return sms_letter(
            to or "+4799999999", body=body, sender=sender or "Altinn", send_within=send_within
        )


class ProviderContract:
    @pytest.fixture
    def stand(self) -> object:
        raise NotImplementedError

    async def test_an_accepted_letter_is_carried_once(self, stand: Stand) -> None:
        assert isinstance(await outcome(stand.provider, stand.letter("Hei.")), HandoverAccepted)
        assert stand.carried() == ["Hei."]

    async def test_every_letter_has_one_outcome(self, stand: Stand) -> None:
        letters = [stand.letter(f"Brev {number}") for number in range(30)]
        told = await outcomes(stand.provider, *letters)
        assert all(isinstance(each, HandoverAccepted) for each in told)
        assert sorted(stand.carried()) == sorted(each.body.text for each in letters)

    async def test_no_letters_have_no_outcomes(self, stand: Stand) -> None:
        assert await outcomes(stand.provider) == []

    async def test_references_differ(self, stand: Stand) -> None:
        told = await outcomes(stand.provider, *(stand.letter() for _ in range(5)))
        assert len({each.reference for each in told if isinstance(each, HandoverAccepted)}) == 5

    async def test_a_letter_that_is_too_late_is_not_sent(self, stand: Stand) -> None:
        late, in_time = stand.letter("Sent.", send_within=-1), stand.letter("Nå.")
        told = await outcomes(stand.provider, late, in_time)
        assert told[0] == TOO_LATE
        assert isinstance(told[1], HandoverAccepted)
        assert stand.carried() == ["Nå."]

    async def test_a_refusal_is_that_letters_alone(self, stand: Stand) -> None:
        letters = [stand.letter("Ja."), stand.letter("Nei.", to=stand.refused)]
        for order in (letters, letters[::-1]):
            told = dict(
                zip(
                    (each.body.text for each in order),
                    await outcomes(stand.provider, *order),
                    strict=True,
                )
            )
            assert isinstance(told["Ja."], HandoverAccepted)
            assert isinstance(told["Nei."], HandoverRejected)
        assert stand.carried() == ["Ja.", "Ja."]

    @pytest.mark.parametrize("control", ["\r\n", "\n", "\r", "\0", "\x1b"])
    async def test_control_characters_are_refused(self, stand: Stand, control: str) -> None:
        well = stand.letter()
        told = await outcomes(
            stand.provider,
            stand.letter(to=f"{well.to.text}{control}Bcc: ola@example.no"),
            stand.letter(to=f"{well.to.text}{control}"),
            stand.letter(sender=f"{well.sender}{control}X"),
        )
        assert all(isinstance(each, HandoverRejected) for each in told)
        assert stand.carried() == []

    async def test_what_cannot_be_written_fails_alone_and_is_nobodys_fault_but_ours(
        self, stand: Stand
    ) -> None:
        fault = cast("str", None)
        letters = [stand.letter("En."), replace(stand.letter(), sender=fault), stand.letter("To.")]
        told = await outcomes(stand.provider, *letters)
        assert told[1] == withheld(Failure.FAILED, "unexpected")
        assert isinstance(told[0], HandoverAccepted)
        assert isinstance(told[2], HandoverAccepted)
        assert sorted(stand.carried()) == ["En.", "To."]

    async def test_what_is_not_even_tried_is_refused_by_ourselves(self, stand: Stand) -> None:
        told = await outcomes(stand.provider, stand.letter(sender="\n"), stand.letter("a\0b"))
        assert [isinstance(each, HandoverRejected) and each.by for each in told] == [
            Refuser.SERVICE
        ] * 2

    async def test_a_body_with_a_nul_is_refused(self, stand: Stand) -> None:
        assert isinstance(await outcome(stand.provider, stand.letter("a\0b")), HandoverRejected)
        assert stand.carried() == []

    async def test_letters_from_several_sides_are_all_carried(self, stand: Stand) -> None:
        letters = [stand.letter(f"Brev {number}") for number in range(20)]
        told = await asyncio.gather(*(outcome(stand.provider, each) for each in letters))
        assert all(isinstance(each, HandoverAccepted) for each in told)
        assert sorted(stand.carried()) == sorted(each.body.text for each in letters)

    async def test_whoever_stops_listening_stops_the_work(self, stand: Stand) -> None:
        sending = stand.provider.send([stand.letter() for _ in range(10)])
        async for _ in sending:
            break
        await sending.aclose()  # type: ignore[attr-defined]  # an iterator need not have it
        assert isinstance(await outcome(stand.provider, stand.letter()), HandoverAccepted)

    async def test_a_hand_over_has_an_end(self, stand: Stand) -> None:
        assert stand.provider.longest_hand_over > 0
        assert stand.provider.name


class RememberingProviderContract:
    """What a provider promises that remembers hand-overs."""

    @pytest.fixture
    def stand(self) -> object:
        raise NotImplementedError

    @pytest.fixture
    def memory(self, stand: Stand) -> OutcomeLookup:
        assert stand.provider.memory is not None
        return stand.provider.memory

    async def test_what_comes_again_under_its_token_is_carried_once(
        self, stand: Stand, memory: OutcomeLookup
    ) -> None:
        letter = stand.letter("Hei.")

        first, again = [await outcome(stand.provider, letter) for _ in range(2)]

        assert memory.deduplication_window > timedelta()
        assert isinstance(first, HandoverAccepted)
        assert again == first
        assert stand.carried() == ["Hei."]

    async def test_it_tells_what_became_of_a_letter(
        self, stand: Stand, memory: OutcomeLookup
    ) -> None:
        letter = stand.letter()
        told = await outcome(stand.provider, letter)

        assert await memory.look_up([letter.token]) == {letter.token: told}

    async def test_of_what_it_never_saw_it_says_nothing(self, memory: OutcomeLookup) -> None:
        assert await memory.look_up([uuid4().hex]) == {}
        assert await memory.look_up([]) == {}
