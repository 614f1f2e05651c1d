from datetime import UTC, datetime, timedelta

import pytest
from typing_extensions import override

from adapters.memory.provider import RecordingProvider
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
)
from contracts.provider_contract import (
    ProviderContract,
    RememberingProviderContract,
    Stand,
    email_letter,
    outcome,
    outcomes,
)
from domain.channel import Channel
from domain.order.events import Failure


def recording(channel: Channel = Channel.EMAIL) -> RecordingProvider:
    return RecordingProvider(channel=channel, clock=lambda: datetime.now(UTC))


class TestRecordingProvider(ProviderContract):
    @override
    @pytest.fixture(params=list(Channel))
    def stand(self, request: pytest.FixtureRequest) -> Stand:
        provider = recording(request.param)
        provider.answer_for("nobody", HandoverRejected(Failure.BOUNCED, "550 5.1.1"))
        return Stand(provider, lambda: [each.body.text for each in provider.carried], "nobody")


class TestRecordingProviderThatRemembers(RememberingProviderContract):
    @override
    @pytest.fixture(params=list(Channel))
    def stand(self, request: pytest.FixtureRequest) -> Stand:
        provider = RecordingProvider(
            channel=request.param,
            clock=lambda: datetime.now(UTC),
            deduplication_window=timedelta(minutes=5),
        )
        return Stand(provider, lambda: [each.body.text for each in provider.carried], "nobody")


async def test_what_became_of_a_letter_is_told_though_its_answer_was_lost() -> None:
    provider = RecordingProvider(
        clock=lambda: datetime.now(UTC), deduplication_window=timedelta(minutes=5)
    )
    assert provider.memory is not None
    provider.lose(HandoverAccepted("taken"), HandoverDeferred("busy"))
    first, second = email_letter(), email_letter()

    assert await outcomes(provider, first, second) == [
        HandoverUnknown("lost"),
        HandoverUnknown("lost"),
    ]
    assert await provider.memory.look_up([first.token, second.token]) == {
        first.token: HandoverAccepted("taken"),
        second.token: HandoverDeferred("busy"),
    }
    assert provider.carried == [first]


async def test_a_letter_that_comes_again_much_later_is_carried_twice() -> None:
    moment = datetime.now(UTC)
    provider = RecordingProvider(clock=lambda: moment, deduplication_window=timedelta(minutes=5))
    letter = email_letter(send_within=3600)

    await outcome(provider, letter)
    moment += timedelta(minutes=5)
    await outcome(provider, letter)

    assert provider.carried == [letter, letter]


async def test_it_answers_as_it_is_told_to() -> None:
    provider = recording()
    provider.answer(HandoverDeferred("451 4.7.1"), HandoverUnknown("timeout_at_final"))
    first, second, third = (email_letter() for _ in range(3))
    assert await outcomes(provider, first, second, third) == [
        HandoverDeferred("451 4.7.1"),
        HandoverUnknown("timeout_at_final"),
        HandoverAccepted(third.token),
    ]
    assert provider.offered == [first, second, third]
    assert provider.carried == [third]


async def test_an_address_may_have_an_answer_of_its_own() -> None:
    provider = recording()
    provider.answer_for("ola@example.no", HandoverDeferred("452 4.2.2"))
    assert await outcome(provider, email_letter("ola@example.no")) == HandoverDeferred("452 4.2.2")
    assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)
