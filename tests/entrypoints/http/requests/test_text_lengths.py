"""Every text that is asked for has a limit: at it, it is taken; beyond it, that alone is wrong with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain import limits
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.instant import read_instant_sms
from entrypoints.http.placing.orders import read_email_order, read_order
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    COMPOSED,
    EMAIL_ORDER,
    INSTANT_SMS,
    KINDS,
    ORDER,
    Json,
    Read,
    but,
    faults,
    places,
)

URN = "urn:altinn:resource:"
NYNORSK = "recipient.recipientPerson.emailSettings.languages.nn"
IN_NYNORSK = but(CHAIN, NYNORSK, {"subject": "Sak 77", "body": "Logg inn."})
LIMITED = [
    (read_email_order, EMAIL_ORDER, "sendersReference", "", limits.SENDERS_REFERENCE),
    (read_email_order, EMAIL_ORDER, "subject", "", limits.SUBJECT),
    (read_email_order, EMAIL_ORDER, "resourceId", "", limits.RESOURCE),
    (read_order, ORDER, "emailTemplate.subject", "", limits.SUBJECT),
    (read_chain, CHAIN, "idempotencyId", "", limits.IDEMPOTENCY_KEY),
    (read_chain, CHAIN, "dialogportenAssociation.dialogId", "", limits.DIALOGUE),
    (read_chain, CHAIN, "dialogportenAssociation.transmissionId", "", limits.DIALOGUE),
    (read_chain, CHAIN, "recipient.recipientPerson.resourceId", URN, limits.RESOURCE),
    (read_chain, IN_NYNORSK, f"{NYNORSK}.subject", "", limits.SUBJECT),
    (read_chain, CHAIN, "conditionEndpoint", "https://example.org/", limits.URL),
    (read_composed, COMPOSED, "sendersReference", "", limits.SENDERS_REFERENCE),
    (read_instant_sms, INSTANT_SMS, "sendersReference", "", limits.SENDERS_REFERENCE),
]


@pytest.mark.parametrize("read, body, path, begins, most", LIMITED)
def test_a_text_may_be_so_long_and_no_longer(
    read: Read, body: Json, path: str, begins: str, most: int
) -> None:
    character = "x" if path == "conditionEndpoint" else "æ"  # a character, of however many bytes
    longest = begins + character * (most - len(begins))

    assert faults(read, but(body, path, longest)) == {}
    told = faults(read, but(body, path, longest + character))
    assert list(told.values()) == [[f"write {most} characters at most"]]


def texts_in(value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401  # any JSON
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts_in(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts_in(inner, f"{path}.{number}")
    elif isinstance(value, str):
        yield path


@pytest.mark.parametrize(
    "read, body, path",
    [(read, body, path) for read, body in KINDS.values() for path in texts_in(body)],
)
def test_of_a_text_that_is_much_too_long_one_thing_is_told(
    read: Read, body: Json, path: str
) -> None:
    if path.endswith(("body", "message")):
        return  # as long as the request may be
    told = faults(read, but(body, path, "\n" * 100_000))
    assert [len(words) for words in told.values()] == [1]


def test_a_text_that_is_too_long_hides_no_other_fault() -> None:
    body = {**EMAIL_ORDER, "sendersReference": "x" * 1001, "subject": "", "recipients": []}
    assert places(read_email_order, body) == ["SendersReference", "Subject", "Recipients"]
