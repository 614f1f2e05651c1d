import pytest
from typing_extensions import override

from adapters.memory.sync_schedule import InMemorySyncSchedule
from application.ports.sync_schedule import SyncSchedule
from contracts.sync_schedule_contract import SyncScheduleContract


class TestInMemorySyncSchedule(SyncScheduleContract):
    @override
    @pytest.fixture
    def schedule(self) -> SyncSchedule:
        return InMemorySyncSchedule()
