"""The SMS gateway, as a real client finds it."""

import asyncio
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from entrypoints.sandbox import (
    CatchAll,
    Credentials,
    Pace,
    ReportTarget,
    caught_messages,
    count_messages,
)
from entrypoints.sandbox.mailbox import Mailbox
from tests.entrypoints.sandbox.conftest import QUICK, kept
from tests.entrypoints.sandbox.receiver import Receiver

HEAD = '<?xml version="1.0" encoding="iso-8859-1"?>\n'


def message(receiver: str, *, number: int = 1, text: str = "Hei", ttl: str = "2880") -> str:
    return (
        f"<MSG><ID>{number}</ID><TEXT>{text}</TEXT><SND>Etaten</SND>"
        f"<RCV>{receiver}</RCV><TTL>{ttl}</TTL></MSG>"
    )


def session(*messages: str, client: str = "user") -> str:
    return (
        f"{HEAD}<SESSION><CLIENT>{client}</CLIENT><PW>secret</PW>"
        f"<MSGLST>{''.join(messages)}</MSGLST></SESSION>"
    )


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        yield http


async def post(http: aiohttp.ClientSession, servers: CatchAll, document: str | bytes) -> ET.Element:
    body = document.encode() if isinstance(document, str) else document
    headers = {"Content-Type": "text/xml"}
    async with http.post(servers.sms_url, data=body, headers=headers) as answer:
        assert answer.status == 200
        return ET.fromstring(await answer.read())  # noqa: S314  # our own gateway's answer


def said(body: bytes) -> dict[str, str]:
    """Read a report of one message."""
    [one] = ET.fromstring(body).iterfind("MSG")  # noqa: S314  # our own gateway's report
    return {child.tag: child.text or "" for child in one}


async def test_a_message_is_accepted_under_a_reference_and_kept(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path
) -> None:
    answer = await post(http, catch_all, session(message("+4740000001", text="Smør &amp; brød")))

    assert answer.findtext("LOGON") == "OK"
    assert answer.findtext("MSGLST/MSG/ID") == "1"
    assert answer.findtext("MSGLST/MSG/STATUS") == "OK"
    [sms] = caught_messages(folder)
    assert sms.message_id == answer.findtext("MSGLST/MSG/REF")
    assert (sms.to, sms.body, sms.envelope_from) == ("+4740000001", "Smør & brød", "Etaten")


async def test_a_delivery_is_reported_as_the_real_gateway_does(
    catch_all: CatchAll, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    answer = await post(http, catch_all, session(message("+4740000001")))

    [report] = await receiver.wait_for(1)
    assert report.path == "/sms"
    assert report.headers["Authorization"] == "Basic Z2F0ZTp3YXk="
    assert report.headers["Content-Type"] == "application/xml"
    assert report.body.startswith(b'<?xml version="1.0"?>\n<MSGLST><MSG><ID>1</ID><REF>')
    fields = said(report.body)
    assert fields["REF"] == answer.findtext("MSGLST/MSG/REF")
    assert (fields["RCV"], fields["STATE"]) == ("4740000001", "DELIVRD")
    moment = datetime.strptime(fields["DELIVERYTIME"], "%Y.%m.%d %H:%M:%S").replace(
        tzinfo=ZoneInfo("Europe/Oslo")
    )
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 10


@pytest.mark.parametrize(
    "ending, state",
    [
        ("9901", "UNDELIV"),
        ("9902", "EXPIRED"),
        ("9903", "BARRED"),
        ("9904", "REJECTD"),
        ("9908", "DELIVRD"),
        ("9911", "DELIVRD"),
        ("9915", "DELETED"),
        ("9916", "UNKNOWN"),
        ("9917", "FAILED"),
        ("9918", "BARREDA"),
        ("9919", "ZEROBAL"),
    ],
)
async def test_the_ending_of_a_number_chooses_what_is_reported(
    catch_all: CatchAll,
    http: aiohttp.ClientSession,
    receiver: Receiver,
    ending: str,
    state: str,
) -> None:
    await post(http, catch_all, session(message(f"+479999{ending}")))

    assert said((await receiver.wait_for(1))[0].body)["STATE"] == state


@pytest.mark.parametrize("number", ["+4799999905", "+47123", "+4712345678", "kari", "", "+4"])
async def test_an_invalid_number_is_refused_at_submission(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path, number: str
) -> None:
    answer = await post(http, catch_all, session(message(number)))

    assert answer.findtext("MSGLST/MSG/STATUS") != "OK"
    assert (answer.findtext("MSGLST/MSG/INFO") or "").startswith("Invalid RCV")
    assert answer.find("MSGLST/MSG/REF") is None
    assert count_messages(folder) == 0


@pytest.mark.parametrize("document", [message("+4799999906"), message("+4740000001", ttl="0")])
async def test_a_submission_may_be_refused_for_another_reason(
    catch_all: CatchAll, http: aiohttp.ClientSession, document: str
) -> None:
    answer = await post(http, catch_all, session(document))

    assert answer.findtext("MSGLST/MSG/STATUS") != "OK"
    assert answer.findtext("MSGLST/MSG/INFO")
    assert not (answer.findtext("MSGLST/MSG/INFO") or "").startswith("Invalid RCV")


async def test_several_messages_are_answered_one_by_one(
    catch_all: CatchAll, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    answer = await post(
        http,
        catch_all,
        session(
            message("+4740000001", number=7),
            message("nobody", number=8),
            message("+4740000002", number=9),
        ),
    )

    verdicts = [(one.findtext("ID"), one.findtext("STATUS")) for one in answer.iterfind("*/MSG")]
    assert verdicts == [("7", "OK"), ("8", "FAIL"), ("9", "OK")]
    references = {one.findtext("REF") for one in answer.iterfind("*/MSG")} - {None}
    reports = await receiver.wait_for(2)
    assert {said(report.body)["REF"] for report in reports} == references


async def test_a_gateway_may_be_out_of_order(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path
) -> None:
    async with http.post(catch_all.sms_url, data=session(message("+4799999907"))) as answer:
        assert answer.status == 500
    assert count_messages(folder) == 0


async def test_a_slow_answer_comes_after_the_message_is_kept(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path
) -> None:
    began = time.monotonic()
    posting = asyncio.create_task(post(http, catch_all, session(message("+4799999908"))))
    await kept(folder)
    assert not posting.done()

    await posting
    assert time.monotonic() - began >= QUICK.slow


async def test_a_connection_dropped_after_acceptance_leaves_a_message_that_is_reported(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path, receiver: Receiver
) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(http, catch_all, session(message("+4799999909")))

    assert count_messages(folder) == 1
    assert said((await receiver.wait_for(1))[0].body)["STATE"] == "DELIVRD"


async def test_some_messages_are_never_reported(
    catch_all: CatchAll, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await post(http, catch_all, session(message("+4799999910")))
    await post(http, catch_all, session(message("+4740000001")))

    assert said((await receiver.wait_for(1))[0].body)["RCV"] == "4740000001"


async def test_a_report_may_come_before_the_answer(
    catch_all: CatchAll, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    answer = await post(http, catch_all, session(message("+4799999912")))

    assert [said(one.body)["REF"] for one in receiver.received] == [
        answer.findtext("MSGLST/MSG/REF")
    ]


async def test_a_report_may_come_twice(
    catch_all: CatchAll, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await post(http, catch_all, session(message("+4799999913")))

    first, second = await receiver.wait_for(2)
    assert first.body == second.body


async def test_an_answer_may_be_garbage_though_the_message_was_taken(
    catch_all: CatchAll, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    with pytest.raises(ET.ParseError):
        await post(http, catch_all, session(message("+4799999914")))

    assert said((await receiver.wait_for(1))[0].body)["STATE"] == "DELIVRD"


@pytest.mark.parametrize(
    "document",
    [
        session(message("+4740000001", text="blåbær")).encode(),
        session(message("+4740000001", text="blåbær")).encode("iso-8859-1"),
        session(message("+4740000001", text="blåbær")).replace(HEAD, "").encode(),
        session(message("+4740000001", text="blåbær"))
        .replace("iso-8859-1", "windows-1252")
        .encode("windows-1252"),
        session(message("+4740000001", text="blåbær"))
        .replace("<SESSION>", '<!DOCTYPE SESSION SYSTEM "submit.dtd"><SESSION>', 1)
        .encode(),
    ],
)
async def test_a_text_is_read_whatever_its_bytes_are_declared_to_be(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path, document: bytes
) -> None:
    await post(http, catch_all, document)

    assert [sms.body for sms in caught_messages(folder)] == ["blåbær"]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not XML",
        b"<MSGLST/>",
        b"<SESSION/>",
        b"<SESSION><MSGLST><MSG>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + session(message("+4740000001", text="&a;")).encode(),
        session(message("+4740000001")).encode("utf-16"),
        b'<?xml version="1.0" encoding="punycode"?>\xff',
    ],
)
async def test_what_is_no_session_is_refused(
    catch_all: CatchAll, http: aiohttp.ClientSession, folder: Path, document: bytes
) -> None:
    async with http.post(catch_all.sms_url, data=document) as answer:
        assert answer.status == 400
    assert count_messages(folder) == 0


async def test_a_document_of_more_than_a_mebibyte_is_not_read(
    catch_all: CatchAll, http: aiohttp.ClientSession
) -> None:
    async with http.post(catch_all.sms_url, data=BytesIO(b" " * 1_100_000)) as answer:
        assert answer.status == 413


async def test_a_gateway_may_ask_who_it_is(http: aiohttp.ClientSession, folder: Path) -> None:
    async with CatchAll(
        folder,
        smtp_port=0,
        sms_port=0,
        mail_reports=None,
        sms_reports=None,
        sms_credentials=Credentials(user="user", password="secret"),
    ) as servers:
        refused = await post(http, servers, session(message("+4740000001"), client="somebody"))
        accepted = await post(http, servers, session(message("+4740000001")))

    assert refused.findtext("LOGON") == "FAIL"
    assert accepted.findtext("LOGON") == "OK"
    assert count_messages(folder) == 1


async def test_a_message_is_not_delivered_after_its_time(
    http: aiohttp.ClientSession, folder: Path, receiver: Receiver
) -> None:
    target = ReportTarget.xml(url=receiver.sms_url, user="gate", password="way")
    async with CatchAll(
        folder,
        smtp_port=0,
        sms_port=0,
        mail_reports=None,
        sms_reports=target,
        pace=Pace(late=600.0),
    ) as servers:
        await post(
            http,
            servers,
            session(message("+4799999911", ttl="1"), message("+4740999911", ttl="20")),
        )
    async with Mailbox(folder) as mailbox:
        now = time.time()
        due, following = await mailbox.due(now + 61, limit=9)
        late, _ = await mailbox.due(now + 700, limit=9)

    assert [b"EXPIRED" in report.payload for report in due] == [True]
    assert following is not None
    assert [b"DELIVRD" in report.payload for report in late] == [False, True]


async def test_reports_come_several_to_a_call_only_if_that_is_chosen(
    http: aiohttp.ClientSession, folder: Path, receiver: Receiver
) -> None:
    target = ReportTarget.xml(
        url=receiver.sms_url, user="gate", password="way", reports_per_call=10
    )
    numbers = [f"+47400000{number}" for number in range(10, 15)]
    async with CatchAll(
        folder, smtp_port=0, sms_port=0, mail_reports=None, sms_reports=target, pace=QUICK
    ) as servers:
        await post(http, servers, session(*(message(number) for number in numbers)))
        [report] = await receiver.wait_for(1)

    document = ET.fromstring(report.body)  # noqa: S314  # our own gateway's report
    assert [one.findtext("ID") for one in document] == ["1", "2", "3", "4", "5"]
    assert {f"+{one.findtext('RCV')}" for one in document} == set(numbers)
