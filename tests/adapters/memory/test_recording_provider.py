from datetime import UTC, datetime

import pytest
from typing_extensions import override

from adapters.memory.provider import RecordingProvider
from application.ports.provider import Accepted, Deferred, Rejected, Unknown
from domain.channel import Channel
from domain.order.events import Failure
from tests.contracts.provider_contract import (
    ProviderContract,
    Stand,
    email_letter,
    outcome,
    outcomes,
)


def recording(channel: Channel = Channel.EMAIL) -> RecordingProvider:
    return RecordingProvider(channel=channel, clock=lambda: datetime.now(UTC))


class TestRecordingProvider(ProviderContract):
    @override
    @pytest.fixture(params=list(Channel))
    def stand(self, request: pytest.FixtureRequest) -> Stand:
        provider = recording(request.param)
        provider.answer_for("nobody", Rejected(Failure.BOUNCED, "550 5.1.1"))
        return Stand(provider, lambda: [each.body.text for each in provider.carried], "nobody")


async def test_it_answers_as_it_is_told_to() -> None:
    provider = recording()
    provider.answer(Deferred("451 4.7.1"), Unknown("timeout_at_final"))
    first, second, third = (email_letter() for _ in range(3))
    assert await outcomes(provider, first, second, third) == [
        Deferred("451 4.7.1"),
        Unknown("timeout_at_final"),
        Accepted(third.token),
    ]
    assert provider.offered == [first, second, third]
    assert provider.carried == [third]


async def test_an_address_may_have_an_answer_of_its_own() -> None:
    provider = recording()
    provider.answer_for("ola@example.no", Deferred("452 4.2.2"))
    assert await outcome(provider, email_letter("ola@example.no")) == Deferred("452 4.2.2")
    assert isinstance(await outcome(provider, email_letter()), Accepted)
