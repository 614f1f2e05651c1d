"""The figures as a browser shows them, and as a warehouse collects them."""

import base64
import hashlib
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pyarrow.parquet as pq
import pytest
from structlog.testing import capture_logs

from application.agreeing import read_agreement
from application.envelope import SERVICE
from contracts.order_repository_contract import attempted, going_on, placing, resolved, sent
from contracts.result_index_contract import told
from contracts.status_feed_contract import lived
from domain.channel import Channel, ChannelChoice
from domain.message import Language, SmsText
from domain.order.events import (
    ContactResolved,
    OrderId,
    ReportedState,
    Wording,
    WordingReason,
)
from domain.personal import Content
from domain.recipient import RecipientNo
from tests import samples
from tests.entrypoints.http.asking import EMAIL_ORDER, ORDER, SMS_ORDER
from tests.entrypoints.http.installation import SKD, SUPPORTER, TTD, V1, Installation
from tests.samples import BAKERY, REMINDER_SMS, placed

PAGE = f"{V1}/metrics"
KEY = {"X-API-Key": "figures"}
DELIVERED = ReportedState.DELIVERED


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    table = pq.read_table(io.BytesIO(answer.content))
    return list(table.to_pylist())


async def delivered(installation: Installation, api: httpx.AsyncClient) -> None:
    await api.post(f"{V1}/orders/sms", json=SMS_ORDER | {"sendersReference": "a"}, headers=TTD)
    await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    installation.now += timedelta(hours=4)
    await installation.dispatching.run_until_idle()
    await installation.report()


async def test_the_page_shows_this_months_figures_by_owner(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await api.post(f"{V1}/orders", json=ORDER, headers=SKD)
    await delivered(installation, api)

    answer = await api.get(PAGE, headers=KEY)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script" not in answer.headers["content-security-policy"]
    assert "2026-09" in answer.text
    skd, ttd = answer.text.index(">skd<"), answer.text.index(">ttd<")
    assert skd < ttd
    assert "<td>2</td><td>1</td><td>1</td><td>1</td><td>1</td>" in answer.text[ttd:]


async def test_another_month_is_asked_for_by_a_form(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await delivered(installation, api)

    this = await api.post(PAGE, data={"month": "9", "year": "2026"}, headers=KEY)
    before = await api.post(PAGE, data={"month": "8", "year": "2026"}, headers=KEY)
    december = await api.post(PAGE, data={"month": "12", "year": "2026"}, headers=KEY)

    assert ">ttd<" in this.text
    assert ">ttd<" not in before.text
    assert december.status_code == 200


@pytest.mark.parametrize(
    "form, wrong",
    [
        ({}, ["month", "year"]),
        ({"month": "0", "year": "2026"}, ["month"]),
        ({"month": "13", "year": "2026"}, ["month"]),
        ({"month": "9", "year": "1999"}, ["year"]),
        ({"month": "<b>", "year": "99999"}, ["month", "year"]),
    ],
)
async def test_what_is_no_month_is_refused(
    api: httpx.AsyncClient, form: dict[str, str], wrong: list[str]
) -> None:
    answer = await api.post(
        PAGE, data=form, headers=KEY | {"content-type": "application/x-www-form-urlencoded"}
    )

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == wrong


@pytest.mark.parametrize(
    "headers, status, code",
    [
        ({}, 401, "token_missing"),
        ({"X-API-Key": "wrong"}, 401, "wrong_credentials"),
        ({"X-API-Key": ""}, 401, "wrong_credentials"),
        (SUPPORTER | {"X-API-Key": "wrong"}, 401, "wrong_credentials"),
        ({"Authorization": "Bearer stranger"}, 401, "token_invalid"),
        (TTD, 403, "scope_missing"),
        (SUPPORTER | {"accept": "image/png"}, 406, "not_acceptable"),
    ],
)
async def test_the_page_is_for_those_who_have_the_key_and_for_support(
    api: httpx.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    for answer in (
        await api.get(PAGE, headers=headers),
        await api.post(PAGE, data={"month": "9", "year": "2026"}, headers=headers),
    ):
        assert answer.status_code == status
        assert answer.json()["code"] == code


async def test_support_reads_the_page_in_a_browser(api: httpx.AsyncClient) -> None:
    answer = await api.get(PAGE, headers=SUPPORTER | {"accept": "text/html"})

    assert answer.status_code == 200


async def test_the_files_are_not_for_support(api: httpx.AsyncClient) -> None:
    assert (await api.post(f"{PAGE}/sms", headers=SUPPORTER)).status_code == 401


async def test_figures_are_those_of_the_moment(api: httpx.AsyncClient) -> None:
    before = await api.get(PAGE, headers=KEY)
    await api.post(f"{V1}/orders/sms", json=SMS_ORDER, headers=TTD)

    assert ">ttd<" not in before.text
    assert ">ttd<" in (await api.get(PAGE, headers=KEY)).text


async def test_yesterdays_text_messages_are_collected_as_a_file(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await delivered(installation, api)
    installation.now += timedelta(days=1)

    answer = await api.post(f"{PAGE}/sms", headers=KEY)

    (row,) = rows(answer)
    assert list(row) == [
        *("SmsId", "ShipmentId", "SendersReference", "RequestedSendTime", "CreatorName"),
        *("ResourceId", "Result", "GatewayReference", "Rate", "MobileNumberPrefix"),
        *("AltinnSmsCount", "AltinnSmsBodyLength", "AltinnSmsCustomBodyLength"),
    ]
    assert row["SmsId"] > 0
    assert row | {"SmsId": 0, "ShipmentId": "", "GatewayReference": ""} == {
        "SmsId": 0,
        "ShipmentId": "",
        "SendersReference": "a",
        "RequestedSendTime": "2026-09-01T10:00:00Z",
        "CreatorName": "ttd",
        "ResourceId": None,
        "Result": "Delivered",
        "GatewayReference": "",
        "Rate": "innland",
        "MobileNumberPrefix": "+479",
        "AltinnSmsCount": 1,
        "AltinnSmsBodyLength": 14,
        "AltinnSmsCustomBodyLength": None,
    }
    assert row["GatewayReference"]
    headers = answer.headers
    assert headers["content-type"] == "application/octet-stream"
    name = "20260901_sms_notifications_tests.parquet"
    assert headers["content-disposition"] == f'attachment; filename="{name}"'
    digest = hashlib.md5(answer.content, usedforsecurity=False).digest()
    assert headers["x-file-hash"] == base64.b64encode(digest).decode()
    assert headers["x-file-size"] == str(len(answer.content))
    assert headers["x-total-filetransfer-count"] == "1"
    assert headers["x-generated-at"] == "2026-09-02T14:00:00Z"
    assert headers["x-environment"] == "tests"


async def test_an_order_whose_history_cannot_be_read_is_in_no_file_and_keeps_none_out(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    ill = await lived(installation.orders, resolved(), attempted(), sent(), told(DELIVERED))
    installation.orders.spoil(ill)
    well = await lived(installation.orders, resolved(), attempted(), sent(), told(DELIVERED))
    installation.now += timedelta(days=1)

    with capture_logs() as alarms:
        (row,) = rows(await api.post(f"{PAGE}/email", headers=KEY))

    assert row["ShipmentId"] == str(well)
    assert [each["order_id"] for each in alarms if each["event"] == "history_spoilt"] == [str(ill)]


async def test_yesterdays_emails_are_collected_as_a_file(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await delivered(installation, api)
    installation.now += timedelta(days=1)

    (row,) = rows(await api.post(f"{PAGE}/email", headers=KEY))

    assert next(iter(row)) == "EmailId"
    assert list(row)[-1] == "OperationId"
    assert (row["SendersReference"], row["Result"]) == ("case-77", "Delivered")
    assert row["OperationId"]


async def test_a_text_with_keywords_is_measured_as_ordered_and_as_sent(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    body = "Hi $recipientNumber$"
    order = SMS_ORDER | {"body": body, "recipients": [{"organizationNumber": BAKERY.number}]}
    await api.post(f"{V1}/orders/sms", json=order, headers=TTD)
    await installation.dispatching.run_until_idle()
    await installation.report(ReportedState.FAILED)
    installation.now += timedelta(days=1)

    (row,) = rows(await api.post(f"{PAGE}/sms", headers=KEY))

    assert row["AltinnSmsBodyLength"] == len(body)
    assert row["AltinnSmsCustomBodyLength"] == len("Hi 314022009")
    assert (row["Rate"], row["MobileNumberPrefix"]) == ("utland", "+467")
    assert row["Result"] == "Failed"


async def test_what_a_text_message_costs_is_told_though_its_words_and_its_number_are_erased(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    order = SMS_ORDER | {"body": "x" * 161, "recipients": [{"mobileNumber": "+46701234567"}]}
    placed = await api.post(f"{V1}/orders/sms", json=order, headers=TTD)
    await installation.dispatching.run_until_idle()
    await installation.report()
    for kind in ("content", "contact"):
        installation.orders.erase(OrderId(UUID(placed.json()["orderId"])), kind)
    installation.now += timedelta(days=1)

    (row,) = rows(await api.post(f"{PAGE}/sms", headers=KEY))

    assert (row["AltinnSmsCount"], row["Rate"]) == (2, "utland")
    assert row["AltinnSmsBodyLength"] is None


async def test_what_has_no_final_result_is_in_no_file(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await api.post(f"{V1}/orders/sms", json=SMS_ORDER, headers=TTD)
    await installation.dispatching.run_until_idle()
    installation.now += timedelta(days=1)

    assert rows(await api.post(f"{PAGE}/sms", headers=KEY)) == []


async def test_what_comes_after_midnight_is_the_next_days_whenever_it_is_asked_for(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await delivered(installation, api)
    installation.now += timedelta(days=1)
    before = await api.post(f"{PAGE}/sms", headers=KEY)

    await installation.report(ReportedState.FAILED)
    after = await api.post(f"{PAGE}/sms", headers=KEY)

    assert rows(after) == rows(before)


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize(
    "headers, words",
    [
        ({}, "API key required"),
        ({"X-API-Key": ""}, "is empty"),
        ({"X-API-Key": "wrong"}, "is wrong"),
        ({"Authorization": "Bearer ttd"}, "API key required"),
    ],
)
async def test_without_the_key_there_is_no_file(
    api: httpx.AsyncClient, channel: str, headers: dict[str, str], words: str
) -> None:
    answer = await api.post(f"{PAGE}/{channel}", headers=headers)

    assert answer.status_code == 401
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


async def test_where_no_key_is_set_nobody_gets_a_file(installation: Installation) -> None:
    figures = installation.figures(key=None)
    async with installation.client(figures=figures) as api:
        answer = await api.post(f"{PAGE}/sms", headers={"X-API-Key": "None"})

    assert answer.status_code == 401
    assert "VARSEL_METRICS_KEY" in answer.json()["error"]


async def test_what_was_only_tried_out_is_in_no_file_and_on_no_page(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.agreements.agree(
        "ttd", read_agreement(senders=["*"], test_recipients=["+4799999999"])
    )
    placed = (await api.post(f"{V1}/orders/sms", json=SMS_ORDER, headers=TTD)).json()
    await installation.dispatching.run_until_idle()
    status = f"{V1}/orders/{placed['orderId']}/notifications/sms"
    (told,) = (await api.get(status, headers=TTD)).json()["notifications"]
    page = await api.get(PAGE, headers=KEY)
    installation.now += timedelta(days=1)

    assert told["sendStatus"]["status"] == "Simulated"
    assert told["succeeded"]
    assert rows(await api.post(f"{PAGE}/sms", headers=KEY)) == []
    assert "<th scope=row>ttd</th><td>1</td><td>0</td><td>0</td><td>0</td><td>0</td>" in page.text
    assert installation.sms.offered == []


async def test_a_text_message_is_measured_in_the_language_in_which_it_was_sent(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    event = msgspec.structs.replace(
        placed,
        channel=ChannelChoice.SMS,
        sms=msgspec.structs.replace(
            REMINDER_SMS,
            languages=(SmsText(language=Language.NN, body=Content("Logg inn, er du snill.")),),
        ),
    )
    target = msgspec.structs.replace(
        resolved("+4799999999").targets[0],
        channel=Channel.SMS,
        wording=Wording(language=Language.NN, because=WordingReason.RECIPIENTS_LANGUAGE),
    )
    found = ContactResolved(recipient_no=RecipientNo(0), targets=(target,))
    (opened,) = await installation.orders.append([placing(event)], by=samples.TTD)
    changes = going_on(opened, found, attempted(), sent(), told(DELIVERED))
    await installation.orders.append([changes], by=SERVICE)
    installation.now += timedelta(days=1)

    (row,) = rows(await api.post(f"{PAGE}/sms", headers=KEY))

    assert row["AltinnSmsBodyLength"] == len("Logg inn, er du snill.")
