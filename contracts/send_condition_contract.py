"""What every send condition promises; a suite for each names its `asking`."""

from collections.abc import Callable

import pytest

from application.ports.send_condition import NoAnswer, SendCondition


class SendConditionContract:
    """`asking(answer)` gives a condition, and the address of an endpoint that answers so."""

    Asking = Callable[[bool | None], tuple[SendCondition, str]]

    @pytest.mark.parametrize("answer", [True, False])
    async def test_the_senders_word_is_passed_on(self, asking: Asking, *, answer: bool) -> None:
        condition, url = asking(answer)
        assert await condition.check(url, owner="ttd") is answer

    @pytest.mark.parametrize("answer", [True, False])
    async def test_to_ask_twice_is_to_be_answered_twice(
        self, asking: Asking, *, answer: bool
    ) -> None:
        condition, url = asking(answer)
        assert [
            await condition.check(url, owner="ttd"),
            await condition.check(url, owner="ttd"),
        ] == [answer, answer]

    async def test_an_endpoint_without_an_answer_is_told_with_a_reason(
        self, asking: Asking
    ) -> None:
        condition, url = asking(None)
        told = await condition.check(url, owner="ttd")
        assert isinstance(told, NoAnswer)
        assert told.reason
