"""Of which dialogue somebody asks what was sent."""

from uuid import UUID

from entrypoints.http.validation.errors import Faults, InvalidRequestError
from entrypoints.http.validation.parameters import parameters, uuid_in


def read_dialogue(query: bytes) -> tuple[UUID, UUID | None]:
    """Read which dialogue is asked about, and which transmission in it, if one is named.

    Raises:
        InvalidRequestError: there is no dialogue, or one of the two is no UUID.
    """
    faults, given = Faults(), parameters(query)
    dialogue_id = uuid_in(given, "dialogid", "dialogId", faults)
    transmission_id = uuid_in(given, "transmissionid", "transmissionId", faults)
    faults.raise_any()
    if dialogue_id is None:
        raise InvalidRequestError({"dialogId": ["say which dialogue: ?dialogId=..."]})
    return dialogue_id, transmission_id
