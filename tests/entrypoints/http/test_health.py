"""The service says how it is."""

from dataclasses import replace
from datetime import timedelta

import httpx

from application.health import HealthService
from application.ports.order_repository import StoreUnavailableError
from tests.entrypoints.http.installation import Installation


class Cut:
    async def age(self) -> timedelta:
        raise StoreUnavailableError


async def test_a_process_that_lives_is_healthy(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health")

    assert (answer.status_code, answer.text) == (200, "Healthy")


async def test_a_service_that_can_work_is_ready(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "up", "agendaAgeSeconds": 0.0}


async def test_without_its_store_a_service_lives_and_is_not_ready(
    installation: Installation,
) -> None:
    services = replace(installation.services, health=HealthService(agenda=Cut()))
    async with installation.client(services=services) as api:
        ready = await api.get("/health/ready")
        alive = await api.get("/health")

    assert ready.status_code == 503
    assert ready.json() == {"status": "not_ready", "database": "down"}
    assert alive.status_code == 200
