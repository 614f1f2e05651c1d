"""Events are a storage format: whatever has been stored once is read for ever, and wholly.

`stored/` holds one example of each kind of event in each form that it has ever been written in:
`tag@N.json`, where N is the schema of its envelope. An example is never edited.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from adapters.event_store.envelope import (
    STREAM_KINDS,
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
from domain.personal import Personal
from domain.profile.events import ProfileEvent
from domain.retention.holds import HoldEvent

EXAMPLES = sorted((Path(__file__).parent / "stored").glob("*.json"))
KINDS: tuple[type[msgspec.Struct], ...] = (
    *get_args(OrderEvent),
    *get_args(OwnerEvent),
    *get_args(ProfileEvent),
    *get_args(HoldEvent),
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
        case kind if kind in STREAM_KINDS:
            mapper, stream_id = STREAM_KINDS[kind].mapper, stored["stream"]
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


def wholly(value: object) -> object:
    """What is read, as JSON would have it, with everything that is left out where it says nothing."""
    match value:
        case Personal():
            return "(sealed)"
        case msgspec.Struct():
            of_kind = type(value).__struct_config__
            told = {} if of_kind.tag is None else {of_kind.tag_field: of_kind.tag}
            return told | {
                field.encode_name: wholly(each)
                for field in msgspec.structs.fields(value)
                if (each := getattr(value, field.name)) is not msgspec.UNSET
            }
        case tuple():
            return [wholly(each) for each in value]
        case _:
            return msgspec.to_builtins(value)


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

    del stored["boxes"]  # read with the words, and no part of the event
    assert_kept(without_words(stored), wholly(recorded), example.stem)
    # After a plus: which field was added when the example was.
    assert example.stem.partition("+")[0] == f"{tag(recorded.event)}@{recorded.schema}"


def parts(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """A struct, and every one that may stand in it."""
    yield kind
    for hint in get_type_hints(kind).values():
        for each in named_in(hint):
            yield from parts(each)


def named_in(hint: Any) -> Iterator[type[msgspec.Struct]]:  # noqa: ANN401  # any annotation
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for each in get_args(hint):
        yield from named_in(each)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_what_an_event_leaves_out_says_nothing(kind: type[msgspec.Struct]) -> None:
    """What is left out is read as the default of the day; any other than none could come to mean another."""
    for part in parts(kind):
        if part.__struct_config__.omit_defaults:
            for field in msgspec.structs.fields(part):
                says_nothing = any(field.default is each for each in (None, False, ()))
                assert field.required or says_nothing, field.name


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
