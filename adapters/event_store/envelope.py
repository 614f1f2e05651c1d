"""Write envelopes as JSON that an auditor can read without this code, and read them back.

What lands in `state`: the envelope and the event, deterministic, with a reference
`{"sealed": [box, item]}` in the place of every personal word, and for each box the SHA-256 of
its ciphertext under `boxes`. The stored topic is the event's tag.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from msgspec import Struct

from adapters.event_store.personal_fields import Personal, personal_words
from adapters.event_store.sealing import Box, Boxes, Place, Sealer
from application.recorded import Recorded
from domain.personal import PersonalClass


class Commitment(Struct, frozen=True):
    """What an event holds of one of its boxes."""

    kind: PersonalClass = msgspec.field(name="class")
    recipient_no: int
    sha256: str


class _Boxes(Struct, frozen=True):
    boxes: tuple[Commitment, ...] = ()


class _State(Recorded, frozen=True, kw_only=True):
    """The envelope as it is stored: with what it commits to."""

    boxes: tuple[Commitment, ...] = ()


_read_boxes = msgspec.json.Decoder(_Boxes).decode


class _References:
    """Stands in for personal words while one event is written, and back while it is read."""

    def __init__(self) -> None:
        self._written: Iterator[tuple[int, int]] = iter(())
        self._words: list[list[str] | None] = []

    def to_write(self, references: list[tuple[int, int]]) -> None:
        self._written = iter(references)

    def to_read(self, words: list[list[str] | None]) -> None:
        self._words = words

    def write(self, _: object) -> object:
        return {"sealed": next(self._written)}

    def read(self, kind: type[Personal], reference: Any) -> Personal:  # noqa: ANN401  # raw JSON
        box, item = reference["sealed"]
        words = self._words[box]
        return kind(None if words is None else words[item])


_references = _References()
# One codec for the process: an event is written or read without a pause, so no other comes between.
_encode = msgspec.json.Encoder(order="deterministic", enc_hook=_references.write).encode
_decode = msgspec.json.Decoder(_State, dec_hook=_references.read).decode


class EnvelopeMapper:
    """Maps recorded events to what is stored of them, and back."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def to_stored(self, recorded: Recorded) -> tuple[StoredEvent, list[Box]]:
        """The stored event, and the boxes that go beside it."""
        numbers: dict[tuple[PersonalClass, int], int] = {}
        words: list[list[str]] = []
        references: list[tuple[int, int]] = []
        for recipient_no, word in personal_words(recorded.event):
            box = numbers.setdefault((word.kind, recipient_no), len(words))
            if box == len(words):
                words.append([])
            references.append((box, len(words[box])))
            words[box].append(word.text)
        month = recorded.recorded_at.strftime("%Y-%m")
        boxes: list[Box] = []
        commitments: list[Commitment] = []
        for (kind, recipient_no), number in numbers.items():
            place = Place(recorded.order_id, recorded.version, kind, recipient_no)
            sealed, commitment = self._sealer.seal(place, words[number], month)
            boxes.append(sealed)
            commitments.append(Commitment(kind, recipient_no, commitment))
        _references.to_write(references)
        state = _encode(
            _State(
                order_id=recorded.order_id,
                version=recorded.version,
                recorded_at=recorded.recorded_at,
                recorded_by=recorded.recorded_by,
                command_id=recorded.command_id,
                event=recorded.event,
                schema=recorded.schema,
                boxes=tuple(commitments),
            )
        )
        topic = str(type(recorded.event).__struct_config__.tag)
        return StoredEvent(recorded.order_id, recorded.version, topic, state), boxes

    def from_stored(self, state: bytes, order_id: Any, version: int, boxes: Boxes) -> Recorded:  # noqa: ANN401
        """The recorded event, with words where their keys still exist.

        Raises:
            TamperedError: a box is not the one that the event was recorded with.
        """
        words: list[list[str] | None] = []
        for each in _read_boxes(state).boxes:
            place = Place(order_id, version, each.kind, each.recipient_no)
            opened = self._sealer.open(place, boxes.get(place), each.sha256)
            words.append(None if opened is None else list(opened))
        _references.to_read(words)
        stored = _decode(state)
        return Recorded(
            order_id=stored.order_id,
            version=stored.version,
            recorded_at=stored.recorded_at,
            recorded_by=stored.recorded_by,
            command_id=stored.command_id,
            event=stored.event,
            schema=stored.schema,
        )
