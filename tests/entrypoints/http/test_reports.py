"""Providers tell what became of notifications."""

from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from typing_extensions import override

from adapters.channels.link_mobility.kind import DOOR as LINK
from adapters.channels.smtp.kind import DOOR as MAIL
from application.delivery.delivery_reports import DeliveryReportService
from application.ports.order_repository import StoreUnavailableError
from application.ports.provider_kind import Login, Reporting, Secret
from application.ports.report_inbox import Report, ReportId
from application.ports.unread_mail import MailRead, ReaderUnavailableError, UnreadKind
from entrypoints.http.transport.bodies import BodyLimits
from tests.entrypoints.http.installation import Installation
from tests.samples import NOON

SMS = "/notifications/sms/api/v1/reports"
EMAIL = "/notifications/email/api/v1/reports"
LETTER = {"authorization": "Bearer letter", "content-type": "message/rfc822"}
XML = {"content-type": "application/xml"}


def references(installation: Installation) -> list[str]:
    kept: dict[Report, ReportId] = installation.inbox._kept
    return [report.reference for report in kept]


async def test_what_the_gateway_tells_is_kept_and_acknowledged(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(SMS, content=b"one", auth=("gateway", "open"), headers=XML)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.text == "OK one"
    assert references(installation) == ["one"]


async def test_each_of_several_reports_is_acknowledged(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(SMS, content=b"one two", auth=("gateway", "open"))

    assert answer.text == "OK one OK two"
    assert references(installation) == ["one", "two"]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic ***",
        "Basic Z2F0ZXdheTpzaHV0",  # gateway:shut
        "Basic b3BlbjpnYXRld2F5",  # open:gateway
        "Bearer Z2F0ZXdheTpvcGVu",  # the right words under another scheme
    ],
)
async def test_a_gateway_that_does_not_say_who_it_is_tells_nothing(
    api: httpx.AsyncClient, installation: Installation, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    answer = await api.post(SMS, content=b"one", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "wrong_credentials"
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert references(installation) == []


async def test_what_is_no_report_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(SMS, content=b"", auth=("gateway", "open"))

    assert answer.status_code == 400
    assert answer.json()["code"] == "unreadable_report"


async def test_the_gateway_speaks_xml(api: httpx.AsyncClient) -> None:
    answer = await api.post(SMS, json={}, auth=("gateway", "open"))

    assert answer.status_code == 415


async def test_what_a_mail_server_tells_is_kept(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(EMAIL, content=b"one", headers=LETTER)

    assert answer.status_code == 204
    assert references(installation) == ["one"]


async def test_a_mail_that_tells_of_nothing_is_taken_and_kept_for_people(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(EMAIL, content=b"Hei, hvem er du?", headers=LETTER)

    assert answer.status_code == 204
    assert references(installation) == []
    (kept,) = await installation.unread.latest(10)
    assert (kept.kind, kept.content) == (UnreadKind.UNCLEAR, b"Hei, hvem er du?")
    assert kept.received_at == NOON


async def test_a_mail_that_is_longer_than_any_body_is_taken_by_its_beginning(
    installation: Installation,
) -> None:
    async with installation.client(limits=BodyLimits(max_bytes=7)) as api:
        answer = await api.post(EMAIL, content=b"one two three", headers=LETTER)

    assert answer.status_code == 204
    assert references(installation) == ["one", "two"]


async def test_a_mail_that_nobody_can_read_now_is_to_be_handed_in_again(
    installation: Installation,
) -> None:
    async def read(_: bytes) -> MailRead:
        raise ReaderUnavailableError

    mails = Reporting(door=replace(MAIL, open_reader=lambda: read), credentials=Secret("letter"))
    async with installation.client(reporting=[mails]) as api:
        answer = await api.post(EMAIL, content=b"one", headers=LETTER)

    assert answer.status_code == 503
    assert answer.json()["code"] == "reader_unavailable"
    assert answer.headers["retry-after"] == "5"
    assert await installation.unread.latest(10) == []


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer lette", "Basic letter"])
async def test_a_mail_server_without_the_secret_tells_nothing(
    api: httpx.AsyncClient, installation: Installation, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    answer = await api.post(EMAIL, content=b"one", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert references(installation) == []


async def test_a_report_that_was_not_kept_is_not_acknowledged(installation: Installation) -> None:
    class Unplugged(DeliveryReportService):
        @override
        async def keep(self, reports: Sequence[Report]) -> None:
            raise StoreUnavailableError

    reporting = Unplugged(
        inbox=installation.inbox,
        orders=installation.orders,
        unread=installation.unread,
        clock=lambda: installation.now,
    )
    async with installation.client(
        application=replace(installation.application, delivery_reports=reporting)
    ) as api:
        answer = await api.post(SMS, content=b"one", auth=("gateway", "open"))

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def test_where_nobody_reports_there_is_no_door(installation: Installation) -> None:
    async with installation.client(
        reporting=[Reporting(door=each, credentials=None) for each in (LINK, MAIL)]
    ) as api:
        assert (await api.post(SMS, content=b"one")).status_code == 404
        assert (await api.post(EMAIL, content=b"one")).status_code == 404


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd"'
    b' [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<MSGLST><MSG><ID>1</ID><REF>&b;</REF><RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG></MSGLST>"
)
LIST = (
    b'<?xml version="1.0"?><!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd">'
    b"<MSGLST><MSG><ID>1</ID><REF>ref-1</REF><RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG>"
    b"<MSG><ID>7</ID><REF>ref-2</REF><RCV>4799999998</RCV><STATE>SOMETHINGNEW</STATE></MSG></MSGLST>"
)


BY_LINK = [Reporting(door=LINK, credentials=Login("gateway", "open"))]


async def test_a_list_with_a_doctype_is_kept_and_each_message_acknowledged_by_its_id(
    installation: Installation,
) -> None:
    async with installation.client(reporting=BY_LINK) as api:
        answer = await api.post(SMS, content=LIST, auth=("gateway", "open"), headers=XML)

    assert answer.status_code == 200
    lines = [(each.findtext("ID"), each.findtext("STATUS")) for each in fromstring(answer.text)]  # noqa: S314  # our own
    assert lines == [("1", "OK"), ("7", "OK")]
    kept = {report.reference: report.code for report in installation.inbox._kept}
    assert kept == {"ref-1": "DELIVRD", "ref-2": "SOMETHINGNEW"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<MSGLST></MSGLST>",
        b"<MSGLST><MSG><ID>1</ID></MSG></MSGLST>",
        LIST.replace(b"<REF>ref-2</REF>", b""),
        LIST.replace(b"<RCV>4799999998</RCV>", b""),
        LIST.replace(b"<STATE>SOMETHINGNEW</STATE>", b""),
        BOMB,
    ],
    ids=["empty", "no XML", "no MSG", "half", "no REF", "no RCV", "no STATE", "entities"],
)
async def test_what_is_no_report_is_refused_and_nothing_of_it_kept(
    installation: Installation, body: bytes
) -> None:
    async with installation.client(reporting=BY_LINK) as api:
        answer = await api.post(SMS, content=body, auth=("gateway", "open"), headers=XML)

    assert answer.status_code == 400
    assert answer.json()["code"] == "unreadable_report"
    assert references(installation) == []
