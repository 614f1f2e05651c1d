"""An order that speaks several languages, over the wire: placed, repeated, and read back."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec import structs

from domain.order.events import OrderId
from tests.entrypoints.http.asking import chain
from tests.entrypoints.http.installation import PERSONS, TTD, V1, Installation
from tests.entrypoints.http.requests.reading import but
from tests.samples import KARI

SETTINGS = "recipient.recipientPerson.emailSettings"
NYNORSK = {"subject": "Sak 77", "body": "Ver venleg og logg inn."}
ORDER: dict[str, Any] = but(
    chain(reminders=[], requestedSendTime="2026-09-01T10:00:00Z"),
    f"{SETTINGS}.languages",
    {"nn": NYNORSK},
)
ORDER = but(ORDER, f"{SETTINGS}.language", "nb")


@pytest.fixture
def installation() -> Installation:
    """A service by whose register Kari reads Nynorsk."""
    kari = structs.replace(PERSONS[KARI.number.text], language="nn")
    return Installation(persons={KARI.number.text: kari})


async def test_what_was_given_and_what_each_got_is_shown_where_the_order_is_read_back(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    told = (await api.post(f"{V1}/future/orders", json=ORDER, headers=TTD)).json()
    shipment_id = told["notification"]["shipmentId"]
    await installation.dispatching.run_until_idle()

    order = (await api.get(f"{V1}/orders/{shipment_id}", headers=TTD)).json()
    shipment = (await api.get(f"{V1}/future/shipment/{shipment_id}", headers=TTD)).json()

    assert order["emailTemplate"]["languages"] == {"nn": NYNORSK}
    assert order["emailTemplate"]["language"] == "nb"
    (recipient,) = shipment["recipients"]
    assert recipient["wording"] == {"language": "nn", "because": "recipients_language"}


async def test_where_there_is_one_text_nothing_is_said_of_languages(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    plain = chain(reminders=[], requestedSendTime="2026-09-01T10:00:00Z")
    told = (await api.post(f"{V1}/future/orders", json=plain, headers=TTD)).json()
    shipment_id = told["notification"]["shipmentId"]
    await installation.dispatching.run_until_idle()

    order = (await api.get(f"{V1}/orders/{shipment_id}", headers=TTD)).json()
    shipment = (await api.get(f"{V1}/future/shipment/{shipment_id}", headers=TTD)).json()

    assert "languages" not in order["emailTemplate"]
    assert "wording" not in shipment["recipients"][0]


async def test_a_repeat_with_other_words_in_another_language_asks_for_something_else(
    api: httpx.AsyncClient,
) -> None:
    other = but(ORDER, f"{SETTINGS}.languages.nn.body", "Logg inn.")

    first, same, different = [
        await api.post(f"{V1}/future/orders", json=body, headers=TTD)
        for body in (ORDER, ORDER, other)
    ]

    assert [each.status_code for each in (first, same, different)] == [201, 200, 200]
    assert same.headers["varsel-repeat"] == "same-content"
    assert different.headers["varsel-repeat"] == "different-content"


async def test_the_words_of_every_language_are_sealed(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    told = (await api.post(f"{V1}/future/orders", json=ORDER, headers=TTD)).json()
    order_id = OrderId(UUID(told["notification"]["shipmentId"]))

    stored = b"".join(each.state for each in installation.orders.log.select_events(order_id))

    assert b'"language":"nn"' in stored
    assert b"venleg" not in stored
