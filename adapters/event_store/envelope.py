"""Write envelopes as JSON that an auditor can read without this code, and read them back.

What lands in `state`: the envelope and the event, deterministic, with a reference
`{"sealed": [box, item]}` in the place of every personal word, and for each box whose words it
holds and the SHA-256 of its ciphertext under `boxes`. The stored topic is the event's tag, and what
stands in it before the dot is the kind of aggregate that the event belongs to.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, Notification, StoredEvent
from msgspec import Struct
from typing_extensions import override

from adapters.event_store.personal_fields import Word, personal_words
from adapters.event_store.sealing import (
    WHOLE_ORDER,
    Box,
    Boxes,
    BoxKey,
    Sealer,
    StoredBox,
    TamperedError,
    Words,
)
from application.envelope import (
    Actor,
    Recorded,
    RecordedEvent,
    RecordedInStream,
    RecordedOfOwner,
    RecordedOfProfile,
)
from application.ports.order_repository import Spoilt
from domain.order.events import OrderEvent, OrderId
from domain.owner.events import OwnerEvent
from domain.personal import Personal, PersonalClass
from domain.profile.events import ProfileEvent
from domain.profile.profile import ProfileId
from domain.retention.holds import HoldEvent


class Commitment(Struct, frozen=True):
    """What an event holds of one of its boxes."""

    kind: PersonalClass = msgspec.field(name="class")
    recipient: int | None
    """Whose words they are; None for those of the whole order."""
    sha256: str


class Envelope(Struct, frozen=True):
    """A recorded event under the two names by which the eventsourcing library sorts events."""

    recorded: RecordedEvent[Any]

    @property
    def originator_id(self) -> UUID:
        """The id of the history that it belongs to."""
        return self.recorded.stream_id

    @property
    def originator_version(self) -> int:
        """Which event of its history it is."""
        return self.recorded.version


@dataclass(frozen=True)
class SealedEvent(StoredEvent):
    """A stored event with the boxes that lie beside it."""

    boxes: Boxes


@dataclass(frozen=True)
class SealedNotification(Notification, SealedEvent):
    """The same with its position in the log."""


class _OrderState(Struct, frozen=True):
    """The envelope of an order's event as it is stored: with what it commits to."""

    order_id: OrderId
    version: int
    recorded_at: datetime
    recorded_by: Actor
    command_id: UUID
    event: OrderEvent
    schema: int = 1
    boxes: tuple[Commitment, ...] = ()


class _OwnerState(Struct, frozen=True):
    """The envelope of an event of an owner's record as it is stored."""

    owner: str
    version: int
    recorded_at: datetime
    recorded_by: Actor
    command_id: UUID
    event: OwnerEvent
    schema: int = 1
    boxes: tuple[Commitment, ...] = ()


class _ProfileState(Struct, frozen=True):
    """The envelope of an event of a person's profile as it is stored."""

    profile_id: ProfileId
    version: int
    recorded_at: datetime
    recorded_by: Actor
    command_id: UUID
    event: ProfileEvent
    schema: int = 1
    boxes: tuple[Commitment, ...] = ()


class _StreamState(Struct, frozen=True):
    """The envelope of an event in which nobody's words stand, as it is stored."""

    stream: UUID
    version: int
    recorded_at: datetime
    recorded_by: Actor
    command_id: UUID
    event: Any
    schema: int = 1
    boxes: tuple[Commitment, ...] = ()


class _Boxes(Struct, frozen=True):
    boxes: tuple[Commitment, ...] = ()


_Reference: TypeAlias = tuple[Personal, tuple[int, int]]
"""A word, and what stands for it: the number of its box, and its place there."""
_Contents: TypeAlias = dict[tuple[PersonalClass, int | None], tuple[int, list[str | None]]]
"""By class and recipient: the number of a box, and the words in it."""


class _References(threading.local):
    """What stands for the personal words of the one event that a thread writes or reads."""

    to_write: Iterator[_Reference] = iter(())
    to_read: Sequence[Words | None] = ()

    def write(self, word: object) -> object:
        expected, reference = next(self.to_write)
        if word is not expected:
            raise AssertionError("personal words are not written in the order of their fields")
        return {"sealed": reference}

    def read(self, kind: type[Personal], reference: Any) -> Personal:  # noqa: ANN401  # raw JSON
        box, item = reference["sealed"]
        words = self.to_read[box]
        return kind(None if words is None else words[item])


_references = _References()
_encode = msgspec.json.Encoder(order="deterministic", enc_hook=_references.write).encode
_decode_boxes = msgspec.json.Decoder(_Boxes).decode


def tag(event: Struct) -> str:
    """The name under which events of this kind are stored."""
    return str(type(event).__struct_config__.tag)


_A_STEP: Final = 16
"""Boxes that are sealed or opened in one step: they take a tenth of a millisecond."""

E = TypeVar("E")
T = TypeVar("T")
R = TypeVar("R", bound=RecordedEvent[Any])
Steps: TypeAlias = Generator[None, None, T]
"""Work that may be left for a moment after each step, and what comes of it."""


def _at_once(steps: Steps[T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result


class EventMapper(Generic[R]):
    """Maps the recorded events of one kind of aggregate to what is stored of them, and back."""

    def __init__(self, sealer: Sealer | None, *, kind: type[R], state: type[Struct]) -> None:
        """Read and write envelopes of a kind; `state` has their fields, and the boxes behind them.

        Where nobody's words stand in any of them, no sealer is needed.
        """
        self._sealer = sealer
        self._state = state
        *said, _ = state.__struct_fields__
        self._said = attrgetter(*said)
        self._decode: Callable[[bytes], R] = msgspec.json.Decoder(
            kind, dec_hook=_references.read
        ).decode

    def to_stored(self, recorded: R) -> tuple[StoredEvent, Sequence[Box]]:
        """The stored event, and the boxes that go beside it."""
        return _at_once(self.storing(recorded))

    def storing(self, recorded: R) -> Steps[tuple[StoredEvent, Sequence[Box]]]:
        """The same in steps, some boxes each: the event of a large order has a thousand."""
        event = recorded.event
        boxes: Sequence[Box] = ()
        commitments: tuple[Commitment, ...] = ()
        if words := personal_words(event):
            contents, references = _by_box(words)
            boxes, commitments = yield from self._seal(recorded, contents)
            _references.to_write = iter(references)
        state = _encode(self._state(*self._said(recorded), commitments))
        return StoredEvent(recorded.stream_id, recorded.version, tag(event), state), boxes

    def _seal(
        self, recorded: R, contents: _Contents
    ) -> Steps[tuple[Sequence[Box], tuple[Commitment, ...]]]:
        if self._sealer is None:
            raise TypeError("of events of this kind nothing is sealed")
        stream_id, version = recorded.stream_id, recorded.version
        month = recorded.recorded_at.isoformat()[:7]
        boxes: list[Box] = []
        commitments: list[Commitment] = []
        for (kind, recipient_no), (number, words) in contents.items():
            place = _place(stream_id, version, kind, recipient_no)
            box, sha256 = self._sealer.seal(place, words, month)
            boxes.append(box)
            commitments.append(Commitment(kind, recipient_no, sha256))
            if number % _A_STEP == _A_STEP - 1:
                yield
        return boxes, tuple(commitments)

    def from_stored(self, stored: StoredEvent, boxes: Boxes) -> R:
        """The recorded event, with words where their keys still exist.

        Raises:
            TamperedError: the event does not belong where it lies, or a box is not the one
                that it was recorded with.
        """
        return _at_once(self.reading(stored, boxes))

    def reading(self, stored: StoredEvent, boxes: Boxes) -> Steps[R]:
        """The same in steps, some boxes each.

        Raises:
            TamperedError: as in `from_stored`.
        """
        stream_id, version = stored.originator_id, stored.originator_version
        if not isinstance(stream_id, UUID):
            stream_id = UUID(stream_id)
        try:
            opened: list[Words | None] = []
            for number, each in enumerate(_decode_boxes(stored.state).boxes):
                place = _place(stream_id, version, each.kind, each.recipient)
                opened.append(self._open(place, each, boxes))
                if number % _A_STEP == _A_STEP - 1:
                    yield
            _references.to_read = opened
            recorded = self._decode(stored.state)
        except (msgspec.MsgspecError, LookupError, TypeError) as problem:
            raise TamperedError(
                f"event {version} of {_whose(stored.topic)} {stream_id} cannot be read: "
                f"{type(problem).__name__}"
            ) from None
        place_told = recorded.stream_id, recorded.version, tag(recorded.event)
        if place_told != (stream_id, version, stored.topic):
            raise TamperedError(
                f"event {version} of {_whose(stored.topic)} {stream_id} does not belong there"
            )
        return recorded

    def _open(self, place: BoxKey, commitment: Commitment, boxes: Boxes) -> Words | None:
        if self._sealer is None:
            raise TypeError("of events of this kind nothing is sealed")
        return self._sealer.open(place, boxes.get(place), commitment.sha256)


class OwnerEventMapper(EventMapper[RecordedOfOwner]):
    """Maps the recorded events of owners' records, which hold nobody's words."""

    def __init__(self) -> None:
        super().__init__(None, kind=RecordedOfOwner, state=_OwnerState)


class ProfileEventMapper(EventMapper[RecordedOfProfile]):
    """Maps the recorded events of persons' profiles, whose words are all sealed."""

    def __init__(self, sealer: Sealer) -> None:
        super().__init__(sealer, kind=RecordedOfProfile, state=_ProfileState)


class StreamEventMapper(EventMapper[RecordedInStream[E]], Generic[E]):
    """Maps the recorded events of one kind of aggregate in which nobody's words stand."""

    def __init__(self, kind: type[RecordedInStream[E]]) -> None:
        super().__init__(None, kind=kind, state=_StreamState)


class StreamKind(NamedTuple, Generic[E]):
    """One kind of such aggregates: every topic of its events begins with its name and a dot."""

    name: str
    mapper: StreamEventMapper[E]


HOLDS: Final = StreamKind("hold", StreamEventMapper[HoldEvent](RecordedInStream[HoldEvent]))
"""Legal holds."""

STREAM_KINDS: Final[Mapping[str, StreamKind[Any]]] = MappingProxyType(
    {each.name: each for each in (HOLDS,)}
)
"""All of them, by name. Each has an index of its own in the log, by which it is followed."""


class EnvelopeMapper(EventMapper[Recorded], Mapper[UUID]):
    """Maps the recorded events of orders.

    To the eventsourcing library it is a mapper like any other, of the envelopes and sealed events of
    every kind of aggregate.
    """

    def __init__(self, sealer: Sealer) -> None:  # the library's own writes JSON by import paths
        super().__init__(sealer, kind=Recorded, state=_OrderState)
        self._of_owners = OwnerEventMapper()
        self._of_profiles = ProfileEventMapper(sealer)

    @override
    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> SealedEvent:
        """The stored event of an envelope, with its boxes."""
        if not isinstance(domain_event, Envelope):
            raise TypeError("only envelopes are stored here")
        recorded = domain_event.recorded
        if isinstance(recorded, RecordedOfOwner):
            stored, boxes = self._of_owners.to_stored(recorded)
        elif isinstance(recorded, RecordedOfProfile):
            stored, boxes = self._of_profiles.to_stored(recorded)
        elif isinstance(recorded, RecordedInStream):
            kind = STREAM_KINDS[_whose(tag(recorded.event))]
            stored, boxes = kind.mapper.to_stored(recorded)
        elif isinstance(recorded, Recorded):
            stored, boxes = self.to_stored(recorded)
        else:
            raise TypeError("of such an aggregate nothing is stored here")
        return SealedEvent(
            stored.originator_id,
            stored.originator_version,
            stored.topic,
            stored.state,
            {each.place: StoredBox(each.ciphertext, each.month, each.wrapped) for each in boxes},
        )

    @override
    def to_domain_event(self, stored_event: StoredEvent) -> Envelope:
        """The envelope of a stored event, with words where their keys still exist.

        Raises:
            TamperedError: what is stored is not what was recorded.
            TypeError: it was read without the boxes beside it, and would look erased.
        """
        if not isinstance(stored_event, SealedEvent):
            raise TypeError("an event is opened with its boxes, as OrdersRecorder reads it")
        mapper: EventMapper[Any] = self
        match _whose(stored_event.topic):
            case "owner":
                mapper = self._of_owners
            case "profile":
                mapper = self._of_profiles
            case kind if kind in STREAM_KINDS:
                mapper = STREAM_KINDS[kind].mapper
            case _:
                pass  # an order's; what is none is refused as unreadable
        return Envelope(mapper.from_stored(stored_event, stored_event.boxes))


def _by_box(words: Sequence[Word]) -> tuple[_Contents, Sequence[_Reference]]:
    """What goes into each box, and what stands for each word in the event."""
    contents: _Contents = {}
    references: list[_Reference] = []
    for recipient_no, word in words:
        number, texts = contents.setdefault((word.kind, recipient_no), (len(contents), []))
        references.append((word, (number, len(texts))))
        texts.append(None if word.is_erased else word.text)
    return contents, references


def _whose(topic: str) -> str:
    """The kind of aggregate that an event belongs to."""
    return topic.partition(".")[0]


def _place(order_id: UUID, version: int, kind: PersonalClass, recipient_no: int | None) -> BoxKey:
    return BoxKey(order_id, version, kind, WHOLE_ORDER if recipient_no is None else recipient_no)


def readable(history: Sequence[Recorded] | Spoilt) -> Sequence[Recorded]:
    """A history, if it is one.

    Raises:
        TamperedError: what is stored is not what was recorded.
    """
    if isinstance(history, Spoilt):
        raise TamperedError(history.because)
    return history
