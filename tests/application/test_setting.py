"""A setting says what it takes, and what to write instead."""

from collections.abc import Callable

import pytest

from application.setting import (
    LEAST_SECRET,
    as_duration,
    as_flag,
    as_in_address,
    as_names,
    as_own_secret,
    as_own_secret_in_address,
    as_text,
    as_url,
    as_visible,
    as_whole,
    travels_in_clear,
)

WORD = "a-word-of-some-length"


@pytest.mark.parametrize(
    "read, written, meant",
    [
        (as_text, " one word ", "one word"),
        (as_flag, "Yes", True),
        (as_flag, "0", False),
        (as_whole(1, 9), "9", 9),
        (as_duration(1, 90_000), "90", 90),
        (as_duration(1, 90_000), "90s", 90),
        (as_duration(1, 90_000), " 30 M ", 1800),
        (as_duration(1, 90_000), "24h", 86_400),
        (as_duration(1, 90_000), "1d", 86_400),
        (as_url("https"), "https://sms.example.no/send/", "https://sms.example.no/send"),
        (as_own_secret, f" {WORD} ", WORD),
        (as_names, "one, two,,", ("one", "two")),
        (as_visible, "p%ss", "p%ss"),
        (as_in_address, "a.b~c", "a.b~c"),
        (as_own_secret_in_address, WORD, WORD),
    ],
)
def test_what_is_written_is_understood(
    read: Callable[[str], object], written: str, meant: object
) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    "read, written, instead",
    [
        (as_text, " ", "give it a value"),
        (as_flag, "perhaps", "write 1 or 0"),
        (as_whole(1, 9), "10", "from 1 to 9"),
        (as_duration(1, 90), "2m", "from 1 to 90 seconds"),
        (as_duration(1, 90), "0", "from 1 to 90 seconds"),
        (as_duration(1, 90), "-1s", "from 1 to 90 seconds"),
        (as_duration(1, 90), "a day", "such as 90s, 30m, 72h or 3d"),
        (as_whole(1, 9), "nine", "from 1 to 9"),
        (as_url("https"), "http://sms.example.no", "https://host"),
        (as_url("https"), "https://sms.example.no:port", "https://host"),
        (as_own_secret, "short", f"at least {LEAST_SECRET}"),
        (as_visible, "two words", "without spaces"),
        (as_in_address, "50%", "letters, digits"),
        (as_own_secret_in_address, f"{WORD}@", "letters, digits"),
    ],
)
def test_what_cannot_be_understood_is_answered_with_what_to_write(
    read: Callable[[str], object], written: str, instead: str
) -> None:
    with pytest.raises(ValueError, match=instead):
        read(written)


def test_credentials_travel_in_clear_by_http_to_another_machine() -> None:
    assert travels_in_clear("http://sms.example.no", "word")
    assert not travels_in_clear("https://sms.example.no", "word")
    assert not travels_in_clear("http://127.0.0.1:8080", "word")
    assert not travels_in_clear("http://sms.example.no", None)
    assert not travels_in_clear(None, "word")
