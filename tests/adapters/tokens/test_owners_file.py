"""Who is an owner now, as an operator's file says."""

import os
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from adapters.tokens.owners_file import OwnersFile, OwnersFileError
from application.ports.owner_agreements import OwnerAgreements
from contracts.owner_agreements_contract import AGREED_WITH_ALL, OwnerAgreementsContract
from domain.agreement import Agreement
from domain.channel import Channel
from domain.personal import Contact


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owners.json"
    path.write_text('{"991825827": "ttd", "974761076": "skd"}')
    return path


def write(file: Path, content: str) -> None:
    file.write_text(content)
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))


def later() -> Callable[[], float]:
    moments = iter(range(0, 1000, 2))
    return lambda: float(next(moments))


def test_owners_are_known_by_number_and_by_name(file: Path) -> None:
    owners = OwnersFile(file)

    assert owners.short_name("991825827") == "ttd"
    assert owners.short_name("123456785") is None
    assert owners.is_active("skd")
    assert not owners.is_active("nobody")


def test_a_file_that_an_editor_began_with_a_mark_is_read(file: Path) -> None:
    file.write_bytes(BOM_UTF8 + file.read_bytes())

    assert OwnersFile(file).is_active("ttd")


def test_an_owner_who_was_taken_out_is_out_without_a_restart(file: Path) -> None:
    owners = OwnersFile(file, seconds=later())
    file.write_text('{"974761076": "skd"}')
    os.utime(file, ns=(1, 1))

    assert owners.short_name("991825827") is None
    assert not owners.is_active("ttd")
    assert owners.is_active("skd")


def test_a_file_that_is_broken_while_it_is_edited_takes_nobody_out(file: Path) -> None:
    owners = OwnersFile(file, seconds=later())
    file.write_text("{half")
    os.utime(file, ns=(1, 1))

    assert owners.is_active("ttd")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        "[]",
        '{"991825827": 1}',
        '{"991825827": {}}',
        '{"991825827": {"name": "ttd", "sender": ["*"]}}',
        '{"991825827": {"name": "ttd", "senders": "*"}}',
        '{"991825827": {"name": "ttd", "senders": ["not a sender of any kind"]}}',
        '{"991825827": {"name": "ttd", "senders": ["a@b@c"]}}',
        '{"991825827": {"name": "ttd", "replyTo": "nobody"}}',
        '{"991825827": {"name": "ttd", "testRecipients": ["12345678"]}}',
        '{"991825827": {"name": "ttd", "testRecipients": ["kari@"]}}',
        '{"1": {"name": "ttd", "senders": ["*"]}, "2": {"name": "TTD", "senders": []}}',
    ],
)
def test_a_file_that_cannot_be_read_stops_the_start_with_one_line(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "owners.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(OwnersFileError, match="VARSEL_OWNERS_FILE") as refused:
        OwnersFile(path)

    assert "\n" not in str(refused.value)
    assert "kari" not in str(refused.value)
    assert "12345678" not in str(refused.value)


AGREED = """{
    "991825827": {
        "name": "ttd",
        "senders": ["noreply@ttd.example", "Øst.example", "TTD", "+4722222222"],
        "replyTo": "Test <post@ttd.example>",
        "testRecipients": ["+47 99 99 99 99", "40000001", "Test@ttd.example"]
    },
    "974761076": "skd",
    "123456785": {"name": "nav", "senders": []},
    "889640782": {"name": "dfo", "replyTo": "post@dfo.example"}
}"""
USUAL = Agreement(senders=frozenset({"noreply@altinn.cloud", "altinn"}))


@pytest.fixture
def agreed(file: Path) -> OwnersFile:
    file.write_text(AGREED)
    return OwnersFile(file, usual=USUAL, senders_of_all=USUAL.senders)


async def test_the_file_says_as_whom_an_owner_may_write(agreed: OwnersFile) -> None:
    assert agreed.short_name("991825827") == "ttd"
    agreement = await agreed.of("TTD")
    for sender in (
        "noreply@ttd.example",
        "Test <NoReply@ttd.example>",
        "any@xn--st-kka.example",
        "any@øst.example",
        "noreply@altinn.cloud",
    ):
        assert agreement.lets_emails_come_from(sender), sender
    for sender in (
        "post@ttd.example",
        "noreply@ttd.example <any@elsewhere.example>",
        "any@sub.øst.example",
        "ttd",
        "",
    ):
        assert not agreement.lets_emails_come_from(sender), sender
    for sender in ("TTD", "ttd", "4722222222", "+4722222222", "Altinn"):
        assert agreement.lets_text_messages_come_from(sender), sender
    for sender in ("Politiet", "22222222", ""):
        assert not agreement.lets_text_messages_come_from(sender), sender


async def test_the_file_says_where_answers_go_and_whom_an_owner_only_tries(
    agreed: OwnersFile,
) -> None:
    agreement = await agreed.of("ttd")
    assert agreement.reply_to == "Test <post@ttd.example>"
    for number in ("+4799999999", "+4740000001"):
        assert agreement.only_tries(Contact(number), Channel.SMS)
    assert agreement.only_tries(Contact("test@TTD.example"), Channel.EMAIL)
    assert not agreement.only_tries(Contact("+4799999998"), Channel.SMS)


async def test_an_owner_without_a_list_has_what_is_usual(agreed: OwnersFile) -> None:
    assert await agreed.of("skd") == USUAL
    assert await agreed.of("nobody") == USUAL
    assert await agreed.of("dfo") == replace(USUAL, reply_to="post@dfo.example")


async def test_an_empty_list_is_a_list(file: Path) -> None:
    write(file, AGREED)
    development = OwnersFile(
        file, usual=Agreement(senders=frozenset({"*"})), senders_of_all=USUAL.senders
    )
    assert (await development.of("nav")).senders == USUAL.senders
    assert (await development.of("skd")).lets_emails_come_from("any@example.org")


async def test_a_change_of_what_is_agreed_is_known_without_a_restart(file: Path) -> None:
    write(file, AGREED)
    owners = OwnersFile(file, usual=USUAL, seconds=later())
    write(file, '{"991825827": {"name": "ttd", "senders": ["*"]}}')
    assert (await owners.of("ttd")).lets_text_messages_come_from("politiet")
    write(file, "{half")
    assert (await owners.of("ttd")).lets_text_messages_come_from("politiet")


class TestOwnersFile(OwnerAgreementsContract):
    @override
    @pytest.fixture
    def agreements(self, tmp_path: Path) -> OwnerAgreements:
        path = tmp_path / "agreed.json"
        path.write_text(
            '{"991825827": {"name": "ttd", "senders": ["ttd.example", "TTD"],'
            ' "replyTo": "post@ttd.example", "testRecipients": ["+4799999999"]},'
            ' "974761076": "skd"}'
        )
        return OwnersFile(path, usual=AGREED_WITH_ALL)
