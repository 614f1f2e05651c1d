"""What a newcomer does first, and what an operator does when something breaks."""

import asyncio
import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from tests.service.installations import (
    API,
    Installation,
    email_to,
    installation,
    place,
    shipment,
    sms_to,
    until,
)

pytestmark = [pytest.mark.service, pytest.mark.timeout(180)]

KARI, COMPLETED = "15859010099", "Order_Completed"


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path / "data") as new:
        new.start()
        yield new


async def test_the_first_minutes_of_a_newcomer(installed: Installation) -> None:
    # The service has said where it is, and which line to paste; the line works as it stands.
    assert f"varsel is ready: {installed.url}" in installed.said
    line = next(line for line in installed.said.splitlines() if line.startswith("curl "))
    if shutil.which("curl"):
        answered = subprocess.run(  # noqa: ASYNC221  # a newcomer waits, too
            shlex.split(line), capture_output=True, text=True, check=True, timeout=30
        )
        assert "shipmentId" in answered.stdout
        until(lambda: len(installed.mailbox()) == 1)

    # The command orders one as well, and shows the timeline as it happens.
    shown = installed.varsel("order")
    assert shown.returncode == 0, shown.stderr
    for words in ("placed an order", "from krr", "handed to smtp", "accepted", "delivered"):
        assert words in shown.stdout
    assert "See what arrived" in shown.stdout

    # The message lies in the mailbox, readable.
    message = installed.mailbox()[0]
    assert message["to"] == "kari@post.example.no"
    assert message["subject"] == "A new letter"
    assert "Hi Kari Nordmann" in message["body"]
    assert message.keys() >= {"to", "subject", "message_id", "received_at", "body"}

    # A text message likewise.
    assert "completed" in installed.varsel("order", "--channel", "Sms").stdout
    assert installed.mailbox()[0]["to"] == "+4740000001"

    # An operator sees that both processes give both providers their whole share.
    assert installed.varsel("providers").stdout.count(": started") == 2 * 2 * 2

    # A token of another owner is good for that owner's orders.
    navs = installed.varsel("token", "--org", "nav").stdout.splitlines()[-1]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {navs}"}) as session:
        await shipment(
            session,
            installed.url,
            await place(session, installed.url, "nav", sms_to("+4740000001")),
        )

    # Of a stopped owner no order is taken, which the command says in words.
    assert installed.varsel("owners", "stop", "ttd", "--reason", "a trial").returncode == 0
    until(lambda: installed.varsel("order", "--wait", "0").returncode == 1)  # within a second
    refused = installed.varsel("order", "--wait", "0")
    assert "status 423 (owner_stopped)" in refused.stderr
    assert "{" not in refused.stderr
    assert installed.varsel("owners", "let", "ttd", "--reason", "it is over").returncode == 0

    # An auditor reads the history, and rebuilds the order as it stood.
    order_id = re.search(r"order ([0-9a-f-]{36})", shown.stdout)
    assert order_id is not None
    told = installed.varsel("audit", "history", order_id[1]).stdout
    assert "notification 0 was accepted by the provider" in told
    first = told.split()[1]
    then = installed.varsel("audit", "as-at", order_id[1], first).stdout
    assert '"Order_Registered"' in then

    # Ctrl-C stops everything; next time it is all there again.
    assert installed.signal(signal.SIGINT) == 0
    assert "Everything is stopped." in installed.said
    assert len(installed.mailbox()) >= 2
    installed.start()
    assert "notification 0" in installed.varsel("audit", "history", order_id[1]).stdout


def test_whoever_changes_an_address_in_a_register_is_reached_at_the_new_one(
    installed: Installation,
) -> None:
    # The very lines of the README, pasted in their order.
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (walk,) = re.findall(r"```\n([^`]*varsel sandbox person[^`]*)```", readme)
    assert installed.varsel("order").returncode == 0
    said = [installed.varsel(*shlex.split(line)[1:]) for line in walk.splitlines()]

    changed, ordered, mailbox = (each.stdout for each in said)
    assert [each.stderr for each in said] == ["", "", ""]
    assert "The service has read it." in changed
    assert "delivered" in ordered
    assert "kari.new@post.example.no" in mailbox
    assert [each["to"] for each in installed.mailbox()] == [
        "kari.new@post.example.no",
        "kari@post.example.no",
    ]

    # It is so next time as well; and who does not want to be notified is not.
    installed.stop()
    installed.start()
    ordered_again = installed.varsel("order").stdout
    assert "delivered" in ordered_again
    assert installed.mailbox()[0]["to"] == "kari.new@post.example.no"
    installed.varsel("sandbox", "person", KARI, "--reserve", "--wait", "0")
    synced = installed.varsel("registry", "sync", "krr")
    assert (synced.returncode, synced.stderr) == (0, "")
    assert "declined digital communication" in installed.varsel("order").stdout

    # A user hears of what concerns an organisation for as long as the decision point permits it.
    def told(key: str) -> set[str]:
        async def order() -> None:
            headers = {"Authorization": f"Bearer {installed.token()}"}
            async with aiohttp.ClientSession(headers=headers) as session:
                placed = await place(session, installed.url, key, email_to_firm(key))
                while (await shipment(session, installed.url, placed))["status"] != COMPLETED:  # noqa: ASYNC110  # the API is asked
                    await asyncio.sleep(0.05)

        asyncio.run(asyncio.wait_for(order(), 60))
        return {each["to"] for each in installed.mailbox() if each["subject"] == f"about {key}"}

    assert told("one") == {"post@fjell.example.no", "ola@fjell.example.no"}
    permit = ("sandbox", "permit", "20001111", "314022009", "tax-2026", "--withdraw")
    assert installed.varsel(*permit).returncode == 0
    until(lambda: told(str(uuid4())) == {"post@fjell.example.no"})


def email_to_firm(key: str) -> Mapping[str, Any]:
    settings = {"subject": f"about {key}", "body": "Please log in."}
    firm = {"orgNumber": "314022009", "resourceId": "urn:altinn:resource:tax-2026"}
    return {"recipientOrganization": {**firm, "channelSchema": "Email", "emailSettings": settings}}


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        installed = Installation(tmp_path / "data", int(somebody.getsockname()[1]))

        refused = installed.varsel("up", "--development")

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert str(installed.port) in line
    assert "VARSEL_PORT" in line


@pytest.mark.parametrize(
    "words",
    [
        "up",
        "up --development",
        "serve",
        "work",
        "catch-all",
        "migrate",
        "token",
        "order",
        "orders stuck",
        "owners suspended",
        "providers",
        "reports list",
        "mailbox",
        "registry status",
        "registry sync krr",
        f"audit history {UUID(int=1)}",
        "projections rebuild",
        "projections agenda",
        "settings",
    ],
)
def test_settings_that_are_wrong_stop_every_command_with_a_line_for_each(
    tmp_path: Path, words: str
) -> None:
    wrong = {"VARSEL_PROT": "8080", "VARSEL_SMTP_URL": "mailserver", "VARSEL_DATABASE_URL": "db:5"}
    installed = Installation(tmp_path / "data", 1, wrong)

    refused = installed.varsel(*words.split())

    assert refused.returncode == 78
    assert refused.stdout == ""
    told = refused.stderr.splitlines()
    assert len(told) == 3
    assert all(line.startswith(f"varsel: {name}") for line, name in zip(told, wrong, strict=True))


def test_tokens_are_not_issued_where_strangers_could_get_them(tmp_path: Path) -> None:
    installed = Installation(tmp_path / "data", 1)
    installed.environ |= {"VARSEL_HOST": "0.0.0.0"}  # noqa: S104  # it is to be refused

    refused = installed.varsel("up", "--development")

    assert refused.returncode == 78
    (line,) = refused.stderr.splitlines()
    assert "VARSEL_DEVELOPMENT_ISSUER_ANYWHERE" in line


@pytest.mark.soak
def test_after_a_kill_everything_starts_again_on_the_same_port(installed: Installation) -> None:
    assert "completed" in installed.varsel("order").stdout

    installed.signal(signal.SIGKILL)
    installed.start()

    assert "completed" in installed.varsel("order").stdout
    assert len(installed.mailbox()) == 2


@pytest.mark.soak
def test_what_is_being_handed_over_at_the_end_is_not_called_unknown(
    installed: Installation,
) -> None:
    async def ordered() -> str:
        headers = {"Authorization": f"Bearer {installed.token()}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            order_id = await place(session, installed.url, "end", sms_to("+4740009908"))
            while "handed to" not in installed.varsel("audit", "history", order_id).stdout:
                pass
            return order_id

    def told() -> str:
        return installed.varsel("audit", "history", order_id).stdout

    order_id = asyncio.run(ordered())
    assert "accepted by the provider" not in told()

    installed.signal(signal.SIGTERM)
    installed.start()

    assert "accepted by the provider" in told()
    assert "nobody can tell" not in told()


@pytest.mark.soak
async def test_workers_that_are_killed_lose_nothing_and_double_nothing(
    installed: Installation,
) -> None:
    headers = {"Authorization": f"Bearer {installed.token()}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def placed(number: int) -> str:
            recipient = (
                sms_to(f"+4740{number:06d}")
                if number % 3 == 0
                else email_to(f"n{number}@x.example.org")
            )
            return await place(session, installed.url, f"kill-{number}", recipient)

        async def kill() -> None:
            for _ in range(5):
                for worker in installed.processes("work"):
                    os.kill(worker, signal.SIGKILL)
                await asyncio.sleep(0.7)

        killing = asyncio.create_task(kill())
        order_ids = []
        for start in range(0, 300, 10):
            order_ids += await asyncio.gather(*(placed(start + each) for each in range(10)))
            await asyncio.sleep(0.05)
        await killing

        waiting = set(order_ids)
        async with asyncio.timeout(120):
            while waiting:
                for order_id in list(waiting):
                    said = await shipment(session, installed.url, order_id)
                    if said["status"] == "Order_Completed":
                        waiting.discard(order_id)
                await asyncio.sleep(0.5)

    received = Counter(each["to"] for each in installed.mailbox())
    assert max(received.values()) == 1
    emails = {each for each in received if "@" in each}
    assert len(emails) == 200


@pytest.mark.soak
async def test_bad_input_is_refused_and_changes_nothing(installed: Installation) -> None:
    headers = {
        "Authorization": f"Bearer {installed.token()}",
        "Content-Type": "application/json",
    }
    bodies = [
        b"",
        b"{",
        b"null",
        b'{"idempotencyId":"a","idempotencyId":"b"}',
        b'{"idempotencyId":"\\ud800"}',
        b'{"sendersReference":"\\u0000","recipients":[]}',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"recipients":[' + b",".join([b'{"emailAddress":"a@x.no"}'] * 30_000) + b"]}",
        b'{"x":"' + b"y" * 2 * 1024 * 1024 + b'"}',
        b'{"requestedSendTime":"0001-01-01T00:00:00Z"}',
        b'{"requestedSendTime":"9999-12-31T23:59:59-14:00"}',
    ]
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in ("/orders", "/orders/email", "/orders/sms", "/future/orders"):
            for body in bodies:
                async with session.post(
                    f"{installed.url}{API}{path}", data=io.BytesIO(body)
                ) as answer:
                    assert 400 <= answer.status < 500, (path, body[:40], answer.status)
                    assert answer.content_type == "application/problem+json"
        async with session.get(
            f"{installed.url}{API}/orders", params={"sendersReference": "many"}
        ) as answer:
            assert (await answer.json())["count"] == 0
    assert installed.mailbox() == []
