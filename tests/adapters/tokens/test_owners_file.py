"""What an operator has written down of the owners is read, or refused with one line."""

from codecs import BOM_UTF8
from pathlib import Path

import pytest

from adapters.tokens.owners_file import OwnersFileError, read_owners
from application.operations.owners import OwnerEntry
from domain.owner.events import DailyLimits


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owners.json"
    path.write_text('{"991825827": "ttd", "974761076": "skd", "889640782": "ttd"}')
    return path


def test_owners_are_read_with_all_their_numbers(file: Path) -> None:
    assert read_owners(file) == [
        OwnerEntry(name="ttd", organisations=("991825827", "889640782")),
        OwnerEntry(name="skd", organisations=("974761076",)),
    ]


def test_a_file_that_an_editor_began_with_a_mark_is_read(file: Path) -> None:
    file.write_bytes(BOM_UTF8 + file.read_bytes())

    assert len(read_owners(file)) == 2


def test_what_is_agreed_is_read_as_it_is_compared(file: Path) -> None:
    file.write_text(
        """{"1": "ttd", "991825827": {
            "name": "ttd",
            "senders": ["noreply@ttd.example", "Øst.example", "TTD", "+4722222222"],
            "replyTo": "Test <post@ttd.example>",
            "testRecipients": ["+47 99 99 99 99", "Test@ttd.example"],
            "limits": {"recipients": 1000, "smsSegments": 200}
        }}"""
    )

    assert read_owners(file) == [
        OwnerEntry(
            name="ttd",
            organisations=("1", "991825827"),
            senders=frozenset(
                {"noreply@ttd.example", "øst.example", "xn--st-kka.example", "ttd", "4722222222"}
            ),
            reply_to="Test <post@ttd.example>",
            test_recipients=frozenset({"4799999999", "test@ttd.example"}),
            limits=DailyLimits(recipients=1000, sms_segments=200),
        )
    ]


def test_an_empty_list_of_senders_is_another_thing_than_none(file: Path) -> None:
    file.write_text('{"1": {"name": "ttd", "senders": []}, "2": {"name": "skd"}}')

    assert [each.senders for each in read_owners(file)] == [frozenset(), None]


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
        '{"991825827": {"name": "ttd", "limits": {"recipients": -1}}}',
        '{"991825827": {"name": "ttd", "limits": {"segments": 1}}}',
        '{"1": {"name": "ttd", "senders": ["*"]}, "2": {"name": "ttd", "senders": []}}',
        '{"1": "ttd", "2": "TTD"}',
    ],
)
def test_a_file_that_cannot_be_read_stops_the_start_with_one_line(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "owners.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(OwnersFileError, match="owners file") as refused:
        read_owners(path)

    assert "\n" not in str(refused.value)
    assert "kari" not in str(refused.value)
    assert "12345678" not in str(refused.value)
