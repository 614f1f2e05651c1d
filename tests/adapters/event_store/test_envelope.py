"""What is stored of an event: readable, deterministic, and without anybody's words."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.personal_fields import personal_words
from adapters.event_store.sealing import BoxKey, Sealer, StoredBox, TamperedError
from adapters.memory.key_vault import InMemoryKeyVault
from application.envelope import Recorded
from contracts.order_repository_contract import attempted, resolved
from domain.order.events import OrderEvent, OrderPlaced
from domain.personal import Identifier, Personal
from domain.recipient import Recipient, RecipientNo
from tests.adapters.event_store.events import KINDS, events, structs
from tests.samples import KARI, NOON, OLA, ORDER_ID, TTD, placed

VAULT = InMemoryKeyVault()
MAPPER = EnvelopeMapper(Sealer(VAULT))
CANARY = "canary-7f3a"

Kept = tuple[StoredEvent, dict[BoxKey, StoredBox]]


def in_envelope(event: OrderEvent, version: int = 1) -> Recorded:
    return Recorded(
        order_id=ORDER_ID,
        version=version,
        recorded_at=NOON,
        recorded_by=TTD,
        command_id=UUID(int=7),
        event=event,
    )


def stored(event: OrderEvent, version: int = 1) -> Kept:
    state, boxes = MAPPER.to_stored(in_envelope(event, version))
    return state, {
        each.place: StoredBox(each.ciphertext, each.month, each.wrapped) for each in boxes
    }


def read(event: StoredEvent, boxes: Mapping[BoxKey, StoredBox]) -> OrderEvent:
    return MAPPER.from_stored(event, boxes).event


def two_persons() -> OrderPlaced:
    return msgspec.structs.replace(
        placed, recipients=(Recipient(RecipientNo(0), KARI), Recipient(RecipientNo(1), OLA))
    )


@given(events(st.text(max_size=20)))
def test_whatever_was_recorded_is_read_back(event: OrderEvent) -> None:
    kept, boxes = stored(event)

    assert MAPPER.from_stored(kept, boxes) == in_envelope(event)


@given(events(st.text(max_size=20).map(lambda text: CANARY + text)))
def test_nobodys_words_are_stored_in_the_clear(event: OrderEvent) -> None:
    kept, boxes = stored(event)

    assert CANARY.encode() not in kept.state
    for box in boxes.values():
        assert CANARY.encode() not in (box.ciphertext or b"") + (box.wrapped or b"")


@given(events(st.text(max_size=5)))
def test_without_its_boxes_every_event_is_read_with_erased_words(event: OrderEvent) -> None:
    kept, _ = stored(event)

    erased = read(kept, {})

    assert type(erased) is type(event)
    words = personal_words(erased)
    assert len(words) == len(personal_words(event))
    assert all(word.is_erased for _, word in words)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
@given(data=st.data())
def test_every_personal_field_is_found(kind: type[Struct], data: st.DataObject) -> None:
    """What the walk over the fields misses could not be written at all."""
    event = data.draw(structs(kind, st.text(max_size=3)))
    found: list[object] = []

    def take(word: object) -> object:
        assert isinstance(word, Personal)
        found.append(word)
        return ""

    msgspec.json.encode(event, enc_hook=take)

    assert [id(word) for _, word in personal_words(event)] == [id(word) for word in found]


def test_what_is_stored_can_be_read_without_this_code() -> None:
    kept, _ = stored(placed)
    state: dict[str, Any] = json.loads(kept.state)

    assert kept.topic == state["event"]["type"] == "order.placed"
    assert state["order_id"] == str(ORDER_ID)
    assert state["version"] == state["schema"] == 1
    assert state["recorded_at"] == "2026-09-01T10:00:00Z"
    assert state["recorded_by"] == {
        "role": "owner",
        "name": "ttd",
        "organisation": "991825827",
    }
    assert state["event"]["recipients"] == [
        {"recipient_no": 0, "identity": {"type": "person", "number": {"sealed": [0, 0]}}}
    ]
    assert state["event"]["email"]["subject"] == {"sealed": [1, 0]}
    assert state["event"]["email"]["body"] == {"sealed": [1, 1]}
    assert [(each["class"], each["recipient"]) for each in state["boxes"]] == [
        ("identity", 0),
        ("content", None),
    ]


def test_the_same_is_written_alike() -> None:
    draws = {32: b"k" * 32, 12: b"n" * 12, 44: b"r" * 44}
    mapper = EnvelopeMapper(Sealer(VAULT, randomness=draws.__getitem__))

    first, second = (mapper.to_stored(in_envelope(placed)) for _ in range(2))

    assert first == second


def test_an_event_without_words_has_no_boxes() -> None:
    kept, boxes = stored(attempted())

    assert boxes == {}
    assert kept.state.endswith(b'"boxes":[]}')


def test_every_recipients_words_lie_in_a_box_of_their_own() -> None:
    _, boxes = stored(two_persons())

    assert set(boxes) == {
        BoxKey(ORDER_ID, 1, "identity", 0),
        BoxKey(ORDER_ID, 1, "identity", 1),
        BoxKey(ORDER_ID, 1, "content", -1),
    }


def test_no_key_and_no_nonce_is_used_twice() -> None:
    boxes = [box for _ in range(50) for box in stored(two_persons())[1].values()]

    keys = {VAULT.unwrap(box.wrapped or b"", box.month or "") for box in boxes}

    assert len(keys) == len(boxes) == 150
    assert len({(box.ciphertext or b"")[:12] for box in boxes}) == 150


@pytest.mark.parametrize("is_whole", [True, False], ids=["box and key", "key alone"])
def test_erasing_one_recipients_words_leaves_the_others(is_whole: bool) -> None:  # noqa: FBT001
    kept, boxes = stored(two_persons())
    kari = BoxKey(ORDER_ID, 1, "identity", 0)
    if is_whole:
        del boxes[kari]
    else:
        boxes[kari] = StoredBox(boxes[kari].ciphertext, None, None)

    event = read(kept, boxes)

    assert isinstance(event, OrderPlaced)
    assert event.recipients[0] == Recipient(RecipientNo(0), type(KARI)(Identifier(None)))
    assert event.recipients[1].identity == OLA
    assert event.email == placed.email


def test_what_a_destroyed_month_sealed_reads_as_erased() -> None:
    vault = InMemoryKeyVault()
    mapper = EnvelopeMapper(Sealer(vault))
    kept, boxes = mapper.to_stored(in_envelope(placed))
    found = {each.place: StoredBox(each.ciphertext, each.month, each.wrapped) for each in boxes}

    vault.destroy("2026-09")

    event = mapper.from_stored(kept, found).event
    assert all(word.is_erased for _, word in personal_words(event))


def test_words_that_were_erased_before_are_stored_as_erased() -> None:
    event = msgspec.structs.replace(resolved(), name=Identifier(None))

    assert read(*stored(event)) == event


def flipped(data: bytes | None, index: int) -> bytes:
    changed = bytearray(data or b"")
    changed[index] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("index", [0, 11, 12, -1])
def test_a_changed_box_is_never_read(index: int) -> None:
    kept, boxes = stored(placed)
    for place, box in boxes.items():
        changed = box._replace(ciphertext=flipped(box.ciphertext, index))

        with pytest.raises(TamperedError, match="has been changed"):
            read(kept, {**boxes, place: changed})


@pytest.mark.parametrize("index", [0, -1])
def test_a_changed_key_is_never_used(index: int) -> None:
    kept, boxes = stored(placed)
    for place, box in boxes.items():
        changed = box._replace(wrapped=flipped(box.wrapped, index))

        with pytest.raises(TamperedError):
            read(kept, {**boxes, place: changed})


def test_boxes_cannot_change_places_though_their_commitments_do_too() -> None:
    kept, boxes = stored(two_persons())
    kari, ola = BoxKey(ORDER_ID, 1, "identity", 0), BoxKey(ORDER_ID, 1, "identity", 1)
    exchanged = {**boxes, kari: boxes[ola], ola: boxes[kari]}
    with pytest.raises(TamperedError, match="has been changed"):
        read(kept, exchanged)

    state = json.loads(kept.state)
    first, second = state["boxes"][0], state["boxes"][1]
    first["sha256"], second["sha256"] = second["sha256"], first["sha256"]
    forged = replace(kept, state=json.dumps(state).encode())

    with pytest.raises(TamperedError, match="does not belong where it lies"):
        read(forged, exchanged)


def test_another_boxs_key_opens_nothing() -> None:
    kept, boxes = stored(two_persons())
    kari, ola = BoxKey(ORDER_ID, 1, "identity", 0), BoxKey(ORDER_ID, 1, "identity", 1)
    exchanged = boxes[kari]._replace(wrapped=boxes[ola].wrapped)

    with pytest.raises(TamperedError, match="does not belong where it lies"):
        read(kept, {**boxes, kari: exchanged})


@pytest.mark.parametrize(
    "moved",
    [
        {"originator_id": uuid4()},
        {"originator_version": 2},
        {"topic": "order.cancelled"},
        {"state": b"not an event"},
        {"state": b"{}"},
    ],
    ids=lambda moved: next(iter(moved)),
)
def test_an_event_that_lies_elsewhere_is_never_read(moved: dict[str, Any]) -> None:
    kept, boxes = stored(attempted())

    with pytest.raises(TamperedError):
        read(replace(kept, **moved), boxes)


@pytest.mark.parametrize("reference", ["[9,0]", "[0,9]", '"x"', "[0]", "[]"])
def test_a_reference_that_leads_nowhere_is_never_followed(reference: str) -> None:
    kept, boxes = stored(msgspec.structs.replace(placed, email=None))
    forged = kept.state.replace(b'{"sealed":[0,0]}', f'{{"sealed":{reference}}}'.encode())
    assert forged != kept.state

    with pytest.raises(TamperedError):
        read(replace(kept, state=forged), boxes)


def test_no_refusal_shows_anybodys_words() -> None:
    event = msgspec.structs.replace(resolved(CANARY + "@example.org"), name=Identifier(CANARY))
    kept, boxes = stored(event)
    place, box = next(iter(boxes.items()))

    with pytest.raises(TamperedError) as refusal:
        read(kept, {place: box._replace(ciphertext=flipped(box.ciphertext, -1))})

    assert CANARY not in str(refusal.value)
    assert str(ORDER_ID) in str(refusal.value)
