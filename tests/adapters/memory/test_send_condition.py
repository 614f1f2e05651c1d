import pytest

from adapters.memory.send_condition import InMemorySendCondition
from application.ports.send_condition import NoAnswer
from contracts.send_condition_contract import SendConditionContract


class TestInMemorySendCondition(SendConditionContract):
    @pytest.fixture
    def asking(self) -> SendConditionContract.Asking:
        def ask(answer: bool | None) -> tuple[InMemorySendCondition, str]:  # noqa: FBT001  # the contract's form
            word = NoAnswer("not_reached") if answer is None else answer
            return InMemorySendCondition(lambda _: word), "https://sender.example.org/"

        return ask
