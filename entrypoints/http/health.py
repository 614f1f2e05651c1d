"""How the service is: whether it lives, and whether it can do its work."""

from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency
from msgspec import Struct

from entrypoints.http.answering import TEXT, Answer, told
from entrypoints.http.contract import Access, Reply, Route
from entrypoints.http.services import Services


class ReadinessAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Whether orders can be taken and are carried out."""

    status: str
    """`ready` or `not_ready`."""
    database: str
    agenda_age_seconds: float | None = None


ROUTES: Final = (
    Route(
        name="isAlive",
        method="GET",
        path="/health",
        access=Access.OPEN,
        tag="Service",
        summary="Whether this process lives",
        replies={200: Reply(words="It does.", media_type="text/plain", example="Healthy")},
    ),
    Route(
        name="isReady",
        method="GET",
        path="/health/ready",
        access=Access.OPEN,
        tag="Service",
        summary="Whether orders can be taken and are carried out",
        replies={
            200: Reply(
                words="They can, and they are.",
                kind=ReadinessAnswer,
                example={"status": "ready", "database": "up", "agendaAgeSeconds": 0.0},
            ),
            503: Reply(
                words="They cannot, or are not.",
                kind=ReadinessAnswer,
                example={"status": "not_ready", "database": "down"},
            ),
        },
    ),
)


class HealthController(Controller):
    """Answers those who watch over the service; open to all, and telling nothing of orders."""

    path = "/health"

    @get()
    async def alive(self) -> Answer:
        """Say that this process lives."""
        return Answer(200, b"Healthy", TEXT)

    @get("/ready")
    async def ready(self, services: NamedDependency[Services]) -> Answer:
        """Say whether orders can be taken and are carried out."""
        readiness = await services.health.readiness()
        answer = ReadinessAnswer(
            status="ready" if readiness.is_ready else "not_ready",
            database=readiness.database,
            agenda_age_seconds=readiness.agenda_age_seconds,
        )
        return told(answer, 200 if readiness.is_ready else 503)
