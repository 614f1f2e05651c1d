"""Acts are a storage format, as events are: whatever has been stored once is read for ever, and wholly.

`stored_acts/` holds one example of each kind of act in each form that it has ever been written in:
`tag@N.json`, where N is the schema of its record. An example is never edited.
"""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from application.operations.operator import in_words
from application.ports.act_log import RecordedAct
from domain.operations.acts import Act
from tests.architecture.test_stored_events import assert_kept

EXAMPLES = sorted((Path(__file__).parent / "stored_acts").glob("*.json"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.stem))
def test_whatever_was_stored_of_an_act_is_read(example: Path) -> None:
    read = msgspec.json.decode(example.read_bytes(), type=RecordedAct)

    shown = json.loads(msgspec.json.encode(read))
    assert_kept(json.loads(example.read_text()), shown, example.stem)
    assert read.act.__struct_config__.tag == example.stem.partition("@")[0]
    assert in_words(read.act)


def test_every_act_has_a_stored_example() -> None:
    tags = {example.stem.partition("@")[0] for example in EXAMPLES}

    assert {act.__struct_config__.tag for act in get_args(Act)} == tags
