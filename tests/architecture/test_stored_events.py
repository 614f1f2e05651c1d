"""Events are a storage format: whatever has been stored once is read for ever, and wholly.

`stored/` holds one example of each kind of event in each form that it has ever been written in:
`tag@N.json`, where N is the schema of its envelope. An example is never edited.
"""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from adapters.event_store.envelope import (
    EnvelopeMapper,
    EventMapper,
    OwnerEventMapper,
    ProfileEventMapper,
    tag,
)
from adapters.event_store.sealing import Sealer
from adapters.memory.key_vault import InMemoryKeyVault
from application.envelope import RecordedEvent
from domain.order.events import OrderEvent
from domain.owner.events import OwnerEvent
from domain.owner.record import owner_id
from domain.profile.events import ProfileEvent

EXAMPLES = sorted((Path(__file__).parent / "stored").glob("*.json"))
KINDS: tuple[type[msgspec.Struct], ...] = (
    *get_args(OrderEvent),
    *get_args(OwnerEvent),
    *get_args(ProfileEvent),
)
SEALER = Sealer(InMemoryKeyVault())


def read(example: Path) -> tuple[RecordedEvent[Any], dict[str, Any]]:
    stored: dict[str, Any] = json.loads(example.read_text())
    name, _, _ = example.stem.partition("@")
    mapper: EventMapper[Any]
    match name.partition(".")[0]:
        case "owner":
            mapper, stream_id = OwnerEventMapper(), owner_id(stored["owner"])
        case "profile":
            mapper, stream_id = ProfileEventMapper(SEALER), stored["profile_id"]
        case _:
            mapper, stream_id = EnvelopeMapper(SEALER), stored["order_id"]
    row = StoredEvent(stream_id, stored["version"], name, example.read_bytes())
    return mapper.from_stored(row, {}), stored


def without_words(stored: object) -> object:
    """What is stored, with the same mark in the place of every word."""
    match stored:
        case {"sealed": [int(), int()]}:
            return "(sealed)"
        case dict():
            return {name: without_words(each) for name, each in stored.items()}
        case list():
            return [without_words(each) for each in stored]
        case _:
            return stored


def assert_kept(stored: object, shown: object, where: str) -> None:
    """Whatever was stored is still there; what has been added since may be there, too."""
    match stored, shown:
        case dict(), dict():
            assert stored.keys() <= shown.keys(), where
            for name, each in stored.items():
                assert_kept(each, shown[name], f"{where}.{name}")
        case list(), list():
            assert len(stored) == len(shown), where
            for index, (one, other) in enumerate(zip(stored, shown, strict=True)):
                assert_kept(one, other, f"{where}[{index}]")
        case _:
            assert stored == shown, where


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.stem))
def test_what_was_stored_once_is_read_wholly(example: Path) -> None:
    recorded, stored = read(example)

    shown = json.loads(msgspec.json.encode(recorded, enc_hook=lambda _: "(sealed)"))

    del stored["boxes"]  # read with the words, and no part of the event
    assert_kept(without_words(stored), shown, example.stem)
    # After a plus: which field was added when the example was.
    assert example.stem.partition("+")[0] == f"{tag(recorded.event)}@{recorded.schema}"


def test_every_event_has_an_example() -> None:
    tags = {kind.__struct_config__.tag for kind in KINDS}

    assert {example.stem.partition("@")[0] for example in EXAMPLES} == tags


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_every_field_of_an_event_is_in_an_example(kind: type[msgspec.Struct]) -> None:
    """A field that no example has could be renamed without a test that notices."""
    fields = {
        name
        for example in EXAMPLES
        if example.stem.partition("@")[0] == kind.__struct_config__.tag
        for name, value in json.loads(example.read_text())["event"].items()
        if value is not None
    }

    assert set(kind.__struct_fields__) <= fields
