"""How the service is: whether it lives, whether it can do its work, and how far it is behind with it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from litestar.di import NamedDependency
from msgspec import Struct

from application.assembly import Application
from application.operations.health import Readiness
from application.ports.recording import Recording
from application.ports.registry_copies import NotReady
from application.queries.contact_points import Admittance
from entrypoints.http.transport.contract import Access, Reply, operation
from entrypoints.http.transport.responses import TEXT, Answer, told
from entrypoints.http.validation.wire_struct import one_of


class ProjectionAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a table that is made from the events is behind them."""

    name: str
    events_behind: int
    """At most so many: they are counted by their places in the log, which has gaps."""
    seconds_behind: float
    set_aside: int
    """Events that it could not take, and that wait for an operator."""


class RegistryAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How old a local copy of a register is, and how far behind."""

    name: str
    is_ready: bool
    """False while orders that need it are refused, and those that are due wait."""
    because: Annotated[str, one_of(each.value for each in NotReady)] | None = None
    """Why so."""
    age_seconds: float | None = None
    """How long ago it was last known to be at its register's end."""
    changes_behind: int | None = None
    """How many changes the register had more when it last told, where it counts them."""
    failures: int = 0
    """How often the register has been asked in vain since it last gave something."""


class AddressChangesAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far changes have come that organisations want made to their official addresses."""

    waiting: int
    """How many the register's feed has not brought yet."""
    oldest_seconds: float
    """How long the oldest of them has waited."""
    refused: int
    """How many the register did not take, of which nobody has taken note yet."""


class ReadinessAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Whether orders can be taken and are carried out."""

    status: Annotated[str, one_of(["ready", "not_ready"])]
    """`ready` or `not_ready`."""
    database: str
    agenda_age_seconds: float | None = None
    recording: Annotated[str, one_of(each.value for each in Recording)]
    """`up`; `stands_still` while nothing can be recorded; `history_went_back` until somebody decides."""
    projections: Sequence[ProjectionAnswer] = ()
    registries: Sequence[RegistryAnswer] = ()
    address_changes: AddressChangesAnswer | None = None


_FIGURES: Final = b"text/plain; version=0.0.4; charset=utf-8"


@operation(
    "GET",
    "/health",
    name="isAlive",
    access=Access.OPEN,
    tag="Service",
    replies={200: Reply(words="It does.", media_type="text/plain", example="Healthy")},
)
async def is_alive() -> Answer:
    """Whether this process lives."""
    return Answer(200, b"Healthy", TEXT)


@operation(
    "GET",
    "/health/ready",
    name="isReady",
    access=Access.OPEN,
    tag="Service",
    replies={
        200: Reply(
            words="They can, and they are.",
            kind=ReadinessAnswer,
            example={
                "status": "ready",
                "database": "up",
                "agendaAgeSeconds": 0.0,
                "recording": "up",
                "projections": [
                    {
                        "name": "status_feed",
                        "eventsBehind": 0,
                        "secondsBehind": 0.0,
                        "setAside": 0,
                    }
                ],
                "registries": [
                    {"name": "businesses", "isReady": True, "ageSeconds": 301.5},
                    {
                        "name": "krr",
                        "isReady": False,
                        "because": "too_old",
                        "ageSeconds": 259262.1,
                        "changesBehind": 41,
                        "failures": 437,
                    },
                ],
                "addressChanges": {"waiting": 2, "oldestSeconds": 48.2, "refused": 1},
            },
        ),
        503: Reply(
            words="They cannot, or are not.",
            kind=ReadinessAnswer,
            example={"status": "not_ready", "database": "down", "recording": "stands_still"},
        ),
    },
)
async def is_ready(application: NamedDependency[Application]) -> Answer:
    """Whether orders can be taken and are carried out.

    Not ready without the database, when an order is overdue by five minutes, or when a table that
    is made from the events is behind by as much. Events that such a table could not take are told,
    and are no reason. Nor is a copy of a register that is too old: only orders that need it wait;
    nor are changes of official addresses that wait for the register.
    """
    readiness = await application.health.readiness()
    answer = ReadinessAnswer(
        status="ready" if readiness.is_ready else "not_ready",
        database=readiness.database,
        agenda_age_seconds=readiness.agenda_age_seconds,
        recording=readiness.recording.value,
        projections=tuple(
            ProjectionAnswer(
                name=each.name,
                events_behind=each.events,
                seconds_behind=each.seconds,
                set_aside=each.set_aside,
            )
            for each in readiness.projections
        ),
        registries=tuple(
            RegistryAnswer(
                name=each.registry,
                is_ready=each.not_ready is None,
                because=None if each.not_ready is None else each.not_ready.value,
                age_seconds=each.age_seconds,
                changes_behind=each.changes_behind,
                failures=each.failures,
            )
            for each in readiness.registries
        ),
        address_changes=None
        if (changes := readiness.address_changes) is None
        else AddressChangesAnswer(
            waiting=changes.waiting, oldest_seconds=changes.seconds, refused=changes.refused
        ),
    )
    return told(answer, 200 if readiness.is_ready else 503)


@operation(
    "GET",
    "/health/metrics",
    name="readHealthFigures",
    access=Access.OPEN,
    tag="Service",
    replies={
        200: Reply(words="The figures.", media_type="text/plain", example="varsel_database_up 1\n")
    },
)
async def read_health_figures(application: NamedDependency[Application]) -> Answer:
    """The same in figures.

    As Prometheus reads them; they tell nothing of orders.
    """
    readiness, looked_up = await application.health.readiness(), application.contact_points.figures
    return Answer(200, (_figures(readiness) + _looked_up(looked_up)).encode(), _FIGURES)


ROUTES: Final = (is_alive, is_ready, read_health_figures)


def _figures(readiness: Readiness) -> str:
    """How the service is, in the text format of Prometheus; what nobody can tell is left out."""
    families: list[tuple[str, str, Mapping[str, float]]] = [
        (
            "varsel_ready",
            "Whether orders can be taken and are carried out.",
            {"": readiness.is_ready},
        ),
        ("varsel_database_up", "Whether the database answers.", {"": readiness.database == "up"}),
        (
            "varsel_recording_up",
            "Whether anything can be recorded.",
            {"": readiness.recording is Recording.UP},
        ),
    ]
    if readiness.agenda_age_seconds is not None:
        age = readiness.agenda_age_seconds
        families.append(
            ("varsel_agenda_age_seconds", "How long the most overdue order has waited.", {"": age})
        )
    by_name = {f'{{projection="{each.name}"}}': each for each in readiness.projections}
    families += [
        (
            "varsel_projection_events_behind",
            "Events that a projection has not reached, at most.",
            {label: each.events for label, each in by_name.items()},
        ),
        (
            "varsel_projection_seconds_behind",
            "How long the first event has waited that a projection has not reached.",
            {label: each.seconds for label, each in by_name.items()},
        ),
        (
            "varsel_projection_events_set_aside",
            "Events that a projection could not take, and that wait for an operator.",
            {label: each.set_aside for label, each in by_name.items()},
        ),
    ]
    copies = {f'{{registry="{each.registry}"}}': each for each in readiness.registries}
    families += [
        (
            "varsel_registry_ready",
            "Whether a local copy of a register can be relied on.",
            {label: each.not_ready is None for label, each in copies.items()},
        ),
        (
            "varsel_registry_age_seconds",
            "How long ago a copy was last known to be at its register's end.",
            {
                label: each.age_seconds
                for label, each in copies.items()
                if each.age_seconds is not None
            },
        ),
        (
            "varsel_registry_changes_behind",
            "Changes that a register had more than its copy when it last told.",
            {
                label: each.changes_behind
                for label, each in copies.items()
                if each.changes_behind is not None
            },
        ),
        (
            "varsel_registry_failures",
            "How often a register has been asked in vain since it last gave something.",
            {label: each.failures for label, each in copies.items()},
        ),
    ]
    if (changes := readiness.address_changes) is not None:
        families += [
            (
                "varsel_address_changes_waiting",
                "Changes of official addresses that the register's feed has not brought yet.",
                {"": changes.waiting},
            ),
            (
                "varsel_address_changes_oldest_seconds",
                "How long the oldest change of an official address has waited for that.",
                {"": changes.seconds},
            ),
            (
                "varsel_address_changes_refused",
                "Changes of official addresses that the register did not take, and nobody has dismissed.",
                {"": changes.refused},
            ),
        ]
    lines: list[str] = []
    for name, words, values in families:
        lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
        lines += [f"{name}{label} {float(value):g}" for label, value in values.items()]
    return "\n".join(lines) + "\n"


def _looked_up(figures: Mapping[Admittance, int]) -> str:
    """How many other services have asked about, since this process began."""
    name = "varsel_contact_points_total"
    words = (
        "People and organisations that other services asked about, by whether they were looked up."
    )
    lines = [f"# HELP {name} {words}", f"# TYPE {name} counter"]
    lines += [f'{name}{{outcome="{each}"}} {many}' for each, many in figures.items()]
    return "\n".join(lines) + "\n"
