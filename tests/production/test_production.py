"""Orders of every kind go through an installation as the guide sets it up, and go on without any part of it."""

import asyncio
import json
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import pytest_asyncio

from adapters.registries.importing import SAMPLES
from tests.adapters.channels.postfix_server import MAILBOXES
from tests.adapters.tokens import forging
from tests.databases import scratch_folder
from tests.missing import skipped_where_missing
from tests.production.hosts import FILE, UNIT
from tests.production.installation import Installation, killed
from tests.samples import KARI, OLA
from tests.service.installations import API, email_to, sms_to

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

SECONDS: Final = 120.0
"""In which an order comes to its end, also where a part was away meanwhile."""
OVER: Final = {"Order_Completed", "Order_Cancelled", "Order_SendConditionNotMet"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installed() -> AsyncIterator[Installation]:
    with ExitStack() as stack:
        installation = Installation(stack.enter_context(scratch_folder()))
        with skipped_where_missing():
            async with installation.running():
                yield installation


class Owner:
    """A service owner's system, which comes with one token."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def asks(
        self, path: str, body: object = None, *, method: str | None = None, status: int = 200
    ) -> Any:  # noqa: ANN401  # JSON
        """What the service answers."""
        verb = method or ("GET" if body is None else "POST")
        async with self._session.request(verb, API + path, json=body) as answer:
            said = await answer.json(content_type=None)
            assert answer.status == status, (path, answer.status, said)
            return said

    async def orders(self, recipient: Mapping[str, Any], **more: object) -> str:
        """Place an order of the second version, until it is taken; its shipment's id."""
        body = {"idempotencyId": str(uuid4()), "recipient": recipient, **more}
        deadline = time.monotonic() + SECONDS
        while True:
            async with self._session.post(f"{API}/future/orders", json=body) as answer:
                said = await answer.json(content_type=None)
                if answer.status in {200, 201}:
                    return str(said["notification"]["shipmentId"])
                is_away = answer.status in {500, 502, 503, 504}
                assert is_away, (answer.status, said)
                assert time.monotonic() < deadline, (answer.status, said)
            await asyncio.sleep(0.2)

    async def ended(self, order_id: str) -> Sequence[str]:
        """What became of an order's notifications in the end, e-mails first."""
        deadline = time.monotonic() + SECONDS
        while True:
            async with self._session.get(f"{API}/future/shipment/{order_id}") as answer:
                said = await answer.json(content_type=None)
                if answer.ok and said["status"] in OVER:
                    return [each["status"] for each in said["recipients"]] or [said["status"]]
                assert time.monotonic() < deadline, (answer.status, said)
            await asyncio.sleep(0.2)


@pytest_asyncio.fixture(loop_scope="module")
async def ttd(installed: Installation) -> AsyncIterator[Owner]:
    async with installed.session(installed.issuers.bearer()) as session:
        yield Owner(session)


# The guide's own steps


async def test_what_the_guide_has_an_operator_do_works(installed: Installation) -> None:
    shutil.copy(SAMPLES["profiles"][0], installed.folder / "profiles.json")
    token = installed.issuers.bearer()["Authorization"].removeprefix("Bearer ")

    ready = await asyncio.to_thread(installed.run, "health")
    providers = await asyncio.to_thread(installed.run, "by-hand")
    loaded = await asyncio.to_thread(installed.run, "import")
    ordered = await asyncio.to_thread(installed.run, "first-order", TOKEN=token)
    await _followed(installed)
    copies = await asyncio.to_thread(installed.run, "registers")

    assert '"ready"' in ready
    assert providers.count(": started") >= 4 * 5
    assert "profiles: 1 pages read" in loaded
    assert "krr: ready" in copies
    assert "businesses: ready" in copies
    order_id = ordered.split('"')[3]

    async def is_accepted() -> bool:
        return "accepted by the provider" in await installed.history(order_id)

    await _until(is_accepted)
    # The token with which our own client was let in at the register of businesses' addresses.
    assert "register:addresses.read" in {each["scope"] for each in installed.issuers.granted}


async def test_the_service_works_with_no_more_power_than_it_needs(installed: Installation) -> None:
    asked = "SELECT count(*), bool_and(ssl), count(DISTINCT usename) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = 'varsel' AND usename = %s"
    ((count, is_by_tls, roles),) = installed.database.ask(asked, "varsel")
    ((others,),) = installed.database.ask(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'varsel' AND usename <> %s", "varsel"
    )

    assert (is_by_tls, roles, others) == (True, 1, 0)
    # As many connections as the guide says.
    assert isinstance(count, int)
    assert count <= 4 * 12


# Orders of every kind


async def test_letters_go_to_addresses_and_persons_and_are_reported(
    installed: Installation, ttd: Owner
) -> None:
    await _followed(installed)
    placed = await ttd.asks(
        "/orders/email",
        {
            "sendersReference": "letters",
            "subject": "A decision",
            "body": "Hi $recipientName$, log in.",
            "recipients": [
                {"emailAddress": f"anyone@{MAILBOXES}"},
                {"nationalIdentityNumber": KARI.number.text},
                {"emailAddress": "nobody@example.org"},
            ],
        },
        status=202,
    )

    told = await ttd.ended(placed["orderId"])

    assert sorted(told) == ["Email_Delivered", "Email_Delivered", "Email_Failed_Bounced"]
    # Her name was asked of the register of names.
    assert "Hi Kari Nordmann, log in." in str(_letters(installed))


async def test_both_channels_reach_an_organisation_by_the_register(
    installed: Installation, ttd: Owner
) -> None:
    await _followed(installed)
    organisation = {
        "orgNumber": UNIT,
        "channelSchema": "EmailAndSms",
        "emailSettings": {"subject": "A decision", "body": "For $recipientName$."},
        "smsSettings": {"body": "For $recipientName$.", "sendingTimePolicy": "Anytime"},
    }

    order_id = await ttd.orders({"recipientOrganization": organisation})

    assert await ttd.ended(order_id) == ["Email_Delivered", "SMS_Delivered"]
    assert "For FJELL OG FJORD AS." in str(_letters(installed))
    assert "For FJELL OG FJORD AS." in _texts(installed)


async def test_a_user_hears_of_it_whom_the_decision_point_permits_and_no_other(
    installed: Installation, ttd: Owner
) -> None:
    await _followed(installed)
    shutil.copy(SAMPLES["profiles"][0], installed.folder / "profiles.json")
    await asyncio.to_thread(installed.run, "import")
    organisation = {
        "orgNumber": UNIT,
        "channelSchema": "Email",
        "resourceId": "urn:altinn:resource:tax-2026",
        "emailSettings": {"subject": "A decision", "body": "For whoever may."},
    }

    order_id = await ttd.orders({"recipientOrganization": organisation})
    history = await _resolved(installed, order_id)

    assert "(from user profile)" in history
    assert "not authorised" in history
    assert "altinn:authorization/authorize" in {each["scope"] for each in installed.issuers.granted}


async def test_an_address_that_a_person_adds_goes_to_the_register_and_comes_back(
    installed: Installation,
) -> None:
    await _followed(installed)
    addresses = f"/profile/api/v1/organizations/{UNIT}/notificationaddresses/mandatory"
    async with installed.session(installed.issuers.of_person()) as session:
        url = f"{installed.url}{addresses}"
        async with session.post(url, json={"email": "board@mailbox.example"}) as answer:
            assert answer.status == 201, await answer.text()
            where = answer.headers["Location"]

        async def is_in_use() -> bool:
            await _followed(installed)
            async with session.get(where) as answer:
                return str((await answer.json())["status"]) == "InUse"

        await _until(is_in_use)
    scopes = {each["scope"] for each in installed.issuers.granted}
    assert "register:addresses.write" in scopes


async def test_text_messages_of_the_first_version_keep_to_the_day(
    installed: Installation, ttd: Owner
) -> None:
    await _followed(installed)
    clock = datetime.now(ZoneInfo("Europe/Oslo"))
    minute, opens, closes = 60 * clock.hour + clock.minute, 60 * 9, 60 * 17
    body = {"body": "Good day.", "recipients": [{"nationalIdentityNumber": OLA.number.text}]}
    both = {
        "notificationChannel": "SmsPreferred",
        "recipients": [{"mobileNumber": "+4790000044"}],
        "emailTemplate": {"subject": "A decision", "body": "Good day."},
        "smsTemplate": {"body": "Good day to you."},
    }

    order_ids = [
        (await ttd.asks("/orders/sms", body, status=202))["orderId"],
        (await ttd.asks("/orders", both, status=202))["orderId"],
    ]

    # Right before the day closes, either may be.
    if opens <= minute < closes - 10:
        assert [await ttd.ended(each) for each in order_ids] == [["SMS_Delivered"]] * 2
    elif not opens <= minute < closes:
        await asyncio.sleep(2)
        assert not {"Good day.", "Good day to you."} & set(_texts(installed))


async def test_a_chain_is_told_to_the_receiver_and_its_reminder_waits(
    installed: Installation, ttd: Owner
) -> None:
    receiver = f"https://localhost:{installed.ports.receiver}/hook"
    await ttd.asks("/webhooks/case-system", {"url": receiver}, method="PUT")
    reminder = {"delayDays": 7, "recipient": email_to(f"reminded@{MAILBOXES}")}

    order_id = await ttd.orders(
        email_to(f"chained@{MAILBOXES}"), sendersReference="chain", reminders=[reminder]
    )

    assert await ttd.ended(order_id) == ["Email_Delivered"]
    told = await installed.senders.heard_of(order_id)
    assert told["type"] == "order.completed"
    assert _letter(installed, "chained")
    assert "reminded" not in str(_letters(installed))


async def test_a_composed_letter_brings_its_attachment(installed: Installation, ttd: Owner) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ")
    file = f"https://localhost:{installed.ports.files}/decision.pdf?sv=2024-11-04&sr=b&sp=r&se={until}&sig=abc%3D"
    letter = {
        "subject": "A decision",
        "body": "See the attachment.",
        "attachments": [
            {"filename": "decision.pdf", "mimeType": "application/pdf", "sasUrl": file}
        ],
    }
    placed = await ttd.asks(
        "/future/orders/composed-email",
        {
            "idempotencyId": "composed",
            "sendersReference": "composed",
            "recipient": {"emailAddress": f"composed@{MAILBOXES}", "emailSettings": letter},
        },
        status=201,
    )

    assert await ttd.ended(placed["notification"]["shipmentId"]) == ["Email_Delivered"]
    assert FILE.decode() in _letter(installed, "composed")


async def test_instant_messages_leave_while_their_sender_waits(
    installed: Installation, ttd: Owner
) -> None:
    code = {"phoneNumber": "+4790000055", "smsSettings": {"body": "Your code is 4711"}}
    letter = {
        "emailAddress": f"instant@{MAILBOXES}",
        "emailSettings": {"subject": "Your code", "body": "It is 4711"},
    }
    for path, recipient in (
        ("sms", {"recipientSms": code | {"timeToLiveInSeconds": 300}}),
        ("email", {"recipientEmail": letter}),
    ):
        body = {"idempotencyId": f"instant-{path}", "sendersReference": "login", **recipient}
        placed = await ttd.asks(f"/future/orders/instant/{path}", body, status=201)
        (told,) = await ttd.ended(placed["notification"]["shipmentId"])
        assert told.endswith("_Delivered")
    assert "Your code is 4711" in _texts(installed)
    assert "It is 4711" in _letter(installed, "instant")


async def test_a_condition_decides_and_is_shown_a_token_of_ours(
    installed: Installation, ttd: Owner
) -> None:
    installed.senders.wants = False
    unwanted = await ttd.orders(
        email_to(f"unwanted@{MAILBOXES}"), conditionEndpoint=installed.condition
    )
    assert await ttd.ended(unwanted) == ["Order_SendConditionNotMet"]
    installed.senders.wants = True
    wanted = await ttd.orders(
        email_to(f"wanted@{MAILBOXES}"), conditionEndpoint=installed.condition
    )

    assert await ttd.ended(wanted) == ["Email_Delivered"]
    assert all(
        each == "Bearer for altinn:system/notifications.condition.check"
        for each in installed.senders.shown
    )


async def test_an_order_that_is_cancelled_does_not_leave(
    installed: Installation, ttd: Owner
) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    order_id = await ttd.orders(email_to(f"cancelled@{MAILBOXES}"), requestedSendTime=later)

    await ttd.asks(f"/orders/{order_id}/cancel", method="PUT")

    assert await ttd.ended(order_id) == ["Order_Cancelled"]
    assert "cancelled" not in str(_letters(installed))


async def test_people_come_with_tokens_of_the_login_service_and_see_their_profile(
    installed: Installation,
) -> None:
    path = "/profile/api/v1/users/current/notificationsettings/parties"
    for headers, status in (
        (installed.issuers.of_person(), 200),
        (installed.issuers.bearer(), 403),
    ):
        async with installed.session(headers) as session, session.get(path) as answer:
            assert answer.status == status


@pytest.mark.parametrize("kind", ["of_maskinporten", "of_app"])
async def test_owners_come_with_tokens_of_every_issuer(installed: Installation, kind: str) -> None:
    headers: Mapping[str, str] = getattr(installed.issuers, kind)()
    async with installed.session(headers) as session:
        owner = Owner(session)
        assert await owner.ended(await owner.orders(sms_to("+4790000066"))) == ["SMS_Delivered"]


async def test_whom_nobody_named_as_an_owner_is_none(installed: Installation) -> None:
    stranger = installed.issuers.bearer("dibk", forging.SUPPLIER)
    async with installed.session(stranger) as session:
        await Owner(session).asks("/future/shipment/feed", status=403)


async def test_an_owner_is_held_to_its_ceiling_and_told_so(installed: Installation) -> None:
    headers = installed.issuers.bearer("skd", forging.SKD)
    async with (
        installed.session(headers) as session,
        session.post(
            f"{API}/orders/sms",
            json={"body": "x" * 1500, "recipients": [{"mobileNumber": "+4790000077"}]},
        ) as answer,
    ):
        assert answer.status == 202
        assert "5000000" in answer.headers["RateLimit-Policy"]


async def test_an_owner_sends_as_it_is_agreed_and_to_its_test_recipients_never(
    installed: Installation,
) -> None:
    settings = {
        "subject": "A decision",
        "body": "As agreed.",
        "senderEmailAddress": "no@skd.example.org",
    }
    letter = {"emailAddress": f"agreed@{MAILBOXES}", "emailSettings": settings}
    trying = {
        "phoneNumber": "+4799999999",
        "smsSettings": {"body": "Trying", "sender": "SKD", "sendingTimePolicy": "Anytime"},
    }
    async with installed.session(installed.issuers.bearer("skd", forging.SKD)) as session:
        skd = Owner(session)
        assert await skd.ended(await skd.orders({"recipientEmail": letter})) == ["Email_Delivered"]
        await skd.asks("/orders/sms", _as("Politiet"), status=400)
        tried = await skd.orders({"recipientSms": trying})
        assert await skd.ended(tried) == ["SMS_Simulated"]

    came = str(installed.relay.mailboxes())
    assert "From: no@skd.example.org" in came
    assert "Reply-To: post@skd.example.org" in came
    assert "Trying" not in _texts(installed)


async def test_systems_of_our_own_hand_messages_in_and_collect_figures(
    installed: Installation,
) -> None:
    secret = installed.guide.secret
    handed_in = {
        "sender": "Agency",
        "message": "Your code is 4712",
        "recipient": "+4790000088",
        "notificationId": str(uuid4()),
        "timeToLive": 300,
    }
    bearer = {"Authorization": f"Bearer {secret('<internal-secret>')}"}
    async with installed.session(bearer) as session:
        path = "/notifications/sms/api/v1/instantmessage/send"
        async with session.post(path, json=handed_in) as answer:
            assert answer.status == 200, await answer.text()
    async with (
        installed.session({"X-API-Key": secret("<metrics-key>")}) as session,
        session.post(f"{API}/metrics/sms") as answer,
    ):
        assert answer.status == 200, await answer.text()
        assert answer.headers["X-Environment"] == "production"
    knock = {"Authorization": f"Bearer {secret('<trigger-secret>')}"}
    async with (
        installed.session(knock) as session,
        session.post(f"{API}/trigger/pastdueorders", json={}) as answer,
    ):
        assert answer.status == 200, await answer.text()
    assert "Your code is 4712" in _texts(installed)


# Each part is taken away, and brought back


Part = Callable[[Installation], Awaitable[None]]


@asynccontextmanager
async def without(part: str, installed: Installation) -> AsyncIterator[None]:
    """Go on while a part of the installation is away."""
    away, back = PARTS[part]
    await away(installed)
    try:
        yield
    finally:
        await back(installed)


def _host(name: str) -> tuple[Part, Part]:
    async def away(installed: Installation) -> None:
        await installed.hosts[name].stop()

    async def back(installed: Installation) -> None:
        await installed.hosts[name].start()

    return away, back


def _process(kind: str, number: int = 0) -> tuple[Part, Part]:
    async def away(installed: Installation) -> None:
        await killed(getattr(installed, kind)[number])

    async def back(installed: Installation) -> None:
        getattr(installed, kind)[number].start()

    return away, back


def _called(
    away: Callable[[Installation], None], back: Callable[[Installation], None]
) -> tuple[Part, Part]:
    async def go(installed: Installation) -> None:
        await asyncio.to_thread(away, installed)

    async def come(installed: Installation) -> None:
        await asyncio.to_thread(back, installed)

    return go, come


PARTS: Final[Mapping[str, tuple[Part, Part]]] = {
    "database": _called(
        lambda it: it.database.stop(signal.SIGQUIT), lambda it: it.database.start()
    ),
    "one that serves": _process("serves"),
    "one that works": _process("works"),
    "issuers": _host("issuers"),
    "registers": _host("registers"),
    "relay": _called(lambda it: it.relay.kill(), lambda it: it.relay.start()),
    "Kannel": _called(lambda it: it.kannel.door.kill(), lambda it: it.kannel.door.start()),
    "one LINK gateway": _process("links"),
    "the other LINK gateway": _process("links", 1),
    "receiver": _host("receiver"),
    "conditions": _host("conditions"),
}
LOSE_TEXTS: Final = {"Kannel", "one LINK gateway", "the other LINK gateway", "one that works"}
DOUBLE_EMAILS: Final = {"relay", "one that works"}
SOME: Final = 8
"""How many orders of each channel are placed, half of them while the part is away."""
AWAY: Final = 3.0
"""Seconds for which a part is away: long enough to be noticed by all who need it."""


@pytest.mark.parametrize("part", PARTS)
async def test_orders_come_to_their_end_though_a_part_was_away_meanwhile(
    installed: Installation, ttd: Owner, part: str
) -> None:
    place = list(PARTS).index(part)
    addresses = [f"part-{place}-{each}@{MAILBOXES}" for each in range(SOME)]
    numbers = [f"+4791{place:02}{each:02}77" for each in range(SOME)]
    recipients = [*map(email_to, addresses), *map(sms_to, numbers)]

    asks = {"conditionEndpoint": installed.condition} if part == "conditions" else {}

    async def order(recipient: Mapping[str, Any]) -> str:
        return await ttd.orders(recipient, **asks)

    before = [await order(each) for each in recipients[::2]]

    async with without(part, installed):
        during = [asyncio.create_task(order(each)) for each in recipients[1::2]]
        await asyncio.sleep(AWAY)

    for order_id in [*before, *(await asyncio.gather(*during))]:
        (told,) = await ttd.ended(order_id)
        # What a gateway may have taken when it went, or its worker, is given up: never sent twice.
        may_be_lost = part in LOSE_TEXTS and told == "SMS_Failed"
        assert told.endswith("_Delivered") or (
            may_be_lost and "nobody can tell" in await installed.history(order_id)
        )
    came = Counter(
        [*(to for to, _ in _letters(installed)), *(to for to, _ in installed.text_messages)]
    )
    # A relay that dies may hand on twice what it was just handing on, and so may a worker.
    assert all(came[each] == 1 or (came[each] and part in DOUBLE_EMAILS) for each in addresses)
    assert all(came[each] == 1 or part in LOSE_TEXTS for each in numbers)
    assert not any(came[each] > 1 for each in numbers)


async def test_a_letter_to_a_person_waits_for_the_register_of_names(
    installed: Installation, ttd: Owner
) -> None:
    await _followed(installed)
    settings = {"subject": "A decision", "body": "Dear $recipientName$, wait."}
    person = {
        "nationalIdentityNumber": KARI.number.text,
        "channelSchema": "Email",
        "emailSettings": settings,
    }

    async with without("registers", installed):
        order_id = await ttd.orders({"recipientPerson": person})
        await asyncio.sleep(AWAY)
        assert "Dear" not in str(_letters(installed))

    assert await ttd.ended(order_id) == ["Email_Delivered"]
    assert "Dear Kari Nordmann, wait." in str(_letters(installed))


async def test_an_organisation_hears_of_it_by_its_own_address_while_nobody_can_be_asked_about_its_users(
    installed: Installation, ttd: Owner
) -> None:
    await _followed(installed)
    shutil.copy(SAMPLES["profiles"][0], installed.folder / "profiles.json")
    await asyncio.to_thread(installed.run, "import")
    organisation = {
        "orgNumber": UNIT,
        "channelSchema": "Email",
        "resourceId": "urn:altinn:resource:vat-2026",
        "emailSettings": {"subject": "A decision", "body": "For whoever may."},
    }

    async with without("registers", installed):
        order_id = await ttd.orders({"recipientOrganization": organisation})
        history = await _resolved(installed, order_id)

    assert "could not be asked; that is asked again at" in history
    assert "(from business register)" in history
    assert "(from user profile)" not in history
    assert "authority not asked" in history


async def test_a_receiver_that_was_away_is_told_all_that_it_missed(
    installed: Installation, ttd: Owner
) -> None:
    async with without("receiver", installed):
        order_id = await ttd.orders(email_to(f"missed@{MAILBOXES}"))
        await ttd.ended(order_id)

    assert (await installed.senders.heard_of(order_id))["type"] == "order.completed"


async def test_tokens_are_taken_though_the_issuer_is_away_also_after_a_restart(
    installed: Installation,
) -> None:
    async with without("issuers", installed):
        for process, port in zip(installed.serves, installed.ports.serves, strict=True):
            assert await process.end() == 0
            process.start()
            await process.answers(f"http://127.0.0.1:{port}")
        async with installed.session(installed.issuers.bearer()) as session:
            await Owner(session).asks("/future/shipment/feed")


async def test_no_log_tells_of_people_or_shows_a_stack(installed: Installation) -> None:
    told = "\n".join(installed.logs.values())

    assert installed.logs.keys() >= {"varsel-work-1", "varsel-work-2"}
    assert "Traceback" not in told
    assert all(isinstance(json.loads(line), dict) for line in told.splitlines() if line)
    for personal in (MAILBOXES, KARI.number.text, OLA.number.text):
        assert personal not in told
    # Whole numbers: a few digits in a row stand in many an id.
    assert re.search(r"(?<![0-9a-f])(\+|00)?479[01]\d{6}(?![0-9a-f])", told) is None


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if await true():
                return
            await asyncio.sleep(0.2)


async def _resolved(installed: Installation, order_id: str) -> str:
    """An order's history, once its recipient is looked up."""

    async def is_resolved() -> bool:
        return "is reached at" in await installed.history(order_id)

    await _until(is_resolved)
    return await installed.history(order_id)


async def _followed(installed: Installation) -> None:
    """Let the local copies of the registers be up to date."""
    for register in ("krr", "businesses"):
        assert f"{register}: 1 pages read" in await installed.followed(register)


def _as(sender: str) -> Mapping[str, Any]:
    """An order of the first version under a sender."""
    recipients = [{"mobileNumber": "+4790000099"}]
    return {"senderNumber": sender, "body": "Stop!", "recipients": recipients}


def _letters(installed: Installation) -> Sequence[tuple[str, str]]:
    """Whom the letters in the mailboxes were for, and what they say."""
    return [
        (str(message["To"]), "\n".join(_parts(message)))
        for message in (
            message_from_bytes(each, policy=policy.default) for each in installed.relay.mailboxes()
        )
    ]


def _letter(installed: Installation, user: str) -> str:
    """What the one letter says that somebody got."""
    (said,) = [said for to, said in _letters(installed) if to == f"{user}@{MAILBOXES}"]
    return said


def _parts(message: Any) -> Sequence[str]:  # noqa: ANN401  # any message
    return [
        part.get_payload(decode=True).decode(errors="replace")
        for part in message.walk()
        if not part.is_multipart()
    ]


def _texts(installed: Installation) -> Sequence[str]:
    return [text for _, text in installed.text_messages]
