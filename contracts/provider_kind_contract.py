"""What every kind of provider promises that reports by a login; a suite for each describes it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from urllib.parse import parse_qs
from uuid import uuid4

import pytest

from application.ports.provider_kind import (
    AnyProviderKind,
    Login,
    OpenProvider,
    ReportDoor,
    Surroundings,
)
from application.ports.report_inbox import reporting_name
from domain.message import Attachment
from domain.order.events import ReportedState

NONSENSE = [
    b"",
    b"\xff\xfe",
    b"{",
    b"[]x",
    b"<a",
    b"null",
    b"=&=",
    b"[" * 100_000,
    b"x" * 1_000_000,
]


class NoAttachments:
    """Fetches nothing, as no letter of this contract has a file."""

    longest = 0.0

    async def fetch(self, attachments: Sequence[Attachment], *, owner: str) -> Sequence[bytes]:
        del attachments, owner
        return []


@dataclass(frozen=True, slots=True)
class DescribedKind:
    """A kind of provider, set up, and in words that it would tell itself."""

    kind: AnyProviderKind
    environ: Mapping[str, str]
    """Variables by which there is such a provider, and it can report; without their prefix."""
    delivered: Callable[[str], bytes]
    """What it brings when the attempt of this token has been delivered: a query, or a body."""

    @property
    def settings(self) -> object:
        """What is set, as the service reads it."""
        read = {each.name.upper(): each for each in fields(self.kind.settings)}
        for name in self.environ:
            assert name in read, f"the settings have no field for {name}; they have {sorted(read)}"
        values = {
            read[name].name: read[name].metadata["read"](text)
            for name, text in self.environ.items()
        }
        return self.kind.settings(**values)

    @property
    def door(self) -> ReportDoor:
        """Where it reports."""
        assert isinstance(self.kind.door, ReportDoor)
        return self.kind.door

    def make(self, settings: object) -> Sequence[OpenProvider]:
        """Make what these settings name; nothing is opened yet."""
        around = Surroundings(
            clock=lambda: datetime.now(UTC),
            report_url=f"https://varsel.example.org{self.door.path}",
            timeout=5.0,
            attachments=NoAttachments(),
        )
        return self.kind.make(settings, around)


class ProviderKindContract:
    @pytest.fixture
    def described(self) -> object:
        raise NotImplementedError

    @pytest.fixture
    async def made(self, described: DescribedKind) -> AsyncIterator[Sequence[OpenProvider]]:
        made = described.make(described.settings)
        yield made
        for each in made:
            await each.aclose()

    def test_nothing_is_made_and_nobody_comes_in_where_nothing_is_set(
        self, described: DescribedKind
    ) -> None:
        unset = described.kind.settings()

        assert described.make(unset) == []
        assert described.kind.credentials(unset) is None

    def test_what_is_set_makes_providers_that_report_under_the_name_of_the_kind(
        self, described: DescribedKind, made: Sequence[OpenProvider]
    ) -> None:
        assert made
        assert {reporting_name(each.name) for each in made} == {described.kind.name}
        assert len({each.name for each in made}) == len(made)

    def test_it_comes_in_by_a_user_and_a_password_of_its_own(
        self, described: DescribedKind
    ) -> None:
        login = described.kind.credentials(described.settings)

        assert isinstance(login, Login)
        assert login.user
        assert login.password

    def test_a_report_tells_which_attempt_was_delivered(self, described: DescribedKind) -> None:
        token = uuid4().hex

        (report,) = described.door.read(described.delivered(token))

        assert report.provider == described.kind.name
        assert report.reference == token
        assert report.state is ReportedState.DELIVERED

    def test_it_says_what_a_report_has_and_a_report_has_that(
        self, described: DescribedKind
    ) -> None:
        door = described.door
        if door.method == "POST":
            assert door.media_types, "a door for POST names the media types of its bodies"
            assert not door.query, "a door for POST reads no query"
            return

        assert door.query, "a door for GET names in its query what a report has"
        assert not door.media_types, "a door for GET reads no body"
        told = parse_qs(described.delivered(uuid4().hex).decode("ascii"), strict_parsing=True)
        assert told.keys() <= {each.name for each in door.query}
        assert told.keys() >= {each.name for each in door.query if each.is_required}

    @pytest.mark.parametrize("told", NONSENSE, ids=range(len(NONSENSE)))
    def test_what_is_no_report_is_a_value_error(
        self, described: DescribedKind, told: bytes
    ) -> None:
        with pytest.raises(ValueError, match=r"."):
            described.door.read(told)

    def test_what_is_acknowledged_can_be_written(self, described: DescribedKind) -> None:
        acknowledgement = described.door.acknowledgement
        if acknowledgement is not None:
            assert acknowledgement.write(described.delivered(uuid4().hex))

    def test_its_settings_are_described_and_its_secrets_are_none_to_show(
        self, described: DescribedKind
    ) -> None:
        settings = fields(described.kind.settings)

        assert all(each.metadata["words"] for each in settings)
        secret = [each.metadata["secret"] for each in settings if "password" in each.name]
        assert all(secret)
