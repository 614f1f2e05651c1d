"""A dialogue is known by its UUID, however it was written, and by nothing else."""

from uuid import UUID

import pytest

from domain.order.dialogues import known_as

DIALOGUE = UUID("2d000000-0000-4000-8000-00000000000a")


@pytest.mark.parametrize("written", [str(DIALOGUE), str(DIALOGUE).upper(), DIALOGUE.hex])
def test_one_id_is_one_dialogue_in_every_spelling(written: str) -> None:
    assert known_as(written) == DIALOGUE


@pytest.mark.parametrize(
    "written", [None, "", "case 77", f" {DIALOGUE}", f"urn:uuid:{DIALOGUE}", f"{DIALOGUE}0"]
)
def test_what_is_no_uuid_is_no_dialogue_that_can_be_asked_for(written: str | None) -> None:
    assert known_as(written) is None
