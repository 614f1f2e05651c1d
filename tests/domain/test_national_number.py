from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.national_number import ControlRule, parse, stands_in

FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)


def numbered(stem: str, remainder: int = 0) -> str | None:
    """The stem of nine digits with its two control digits; None if no digits fit."""
    for digits in (f"{stem}{control:02}" for control in range(100)):
        first = sum(int(d) * w for d, w in zip(digits, FIRST, strict=False)) % 11
        second = sum(int(d) * w for d, w in zip(digits, SECOND, strict=True)) % 11
        if first == remainder and second == 0:
            return digits
    return None


@pytest.mark.parametrize(
    "text, is_d_number, month_addition, rule",
    [
        ("01018000055", False, 0, ControlRule.TODAY),
        ("41018000049", True, 0, ControlRule.TODAY),
        ("01418000038", False, 40, ControlRule.TODAY),
        ("01818000010", False, 80, ControlRule.TODAY),
        ("41818000004", True, 80, ControlRule.TODAY),
        ("01018000063", False, 0, ControlRule.FROM_2032),
        ("01018000071", False, 0, ControlRule.FROM_2032),
        ("01018000160", False, 0, ControlRule.FROM_2032),
    ],
)
def test_a_number_tells_its_kind(
    text: str, *, is_d_number: bool, month_addition: int, rule: ControlRule
) -> None:
    number = parse(text)
    assert number is not None
    assert number.digits == text
    assert number.is_d_number is is_d_number
    assert number.month_addition == month_addition
    assert number.is_synthetic is (month_addition != 0)
    assert number.rule is rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01018000161",
        "00000000000",
        "0181800001",
        "018180000100",
        " 01818000010",
        "01818000010\n",
        "0181800001O",
        "٠١٨١٨٠٠٠٠١٠",
    ],
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert parse(text) is None


@given(
    born=st.dates(date(1900, 1, 1), date(2039, 12, 31)),
    serial=st.integers(0, 999),
    is_d_number=st.booleans(),
    addition=st.sampled_from((0, 20, 40, 60, 65, 80)),
    remainder=st.integers(0, 10),
)
def test_every_number_under_one_of_the_two_rules_is_read(
    born: date, serial: int, *, is_d_number: bool, addition: int, remainder: int
) -> None:
    day, month = born.day + 40 * is_d_number, born.month + addition
    text = numbered(f"{day:02}{month:02}{born.year % 100:02}{serial:03}", remainder)
    assume(text is not None)
    number = parse(text or "")
    if remainder > 3:
        assert number is None
        return
    assert number is not None
    assert number.is_d_number is is_d_number
    assert number.is_synthetic is (addition != 0)
    assert (number.rule is ControlRule.TODAY) is (remainder == 0)


@given(position=st.integers(0, 10), other=st.integers(1, 9))
def test_one_wrong_digit_is_seen_under_the_second_control_digit(position: int, other: int) -> None:
    right = "01818000010"
    wrong = list(right)
    wrong[position] = str((int(wrong[position]) + other) % 10)
    assert parse("".join(wrong)) is None


@pytest.mark.parametrize("stem", ["300280000", "320180000", "000180000", "011380000", "010080000"])
def test_a_day_that_is_in_no_calendar_makes_no_number(stem: str) -> None:
    tried = [numbered(f"{stem[:6]}{serial:03}") for serial in range(20)]
    assert any(tried)
    assert all(parse(text) is None for text in tried if text is not None)


def test_a_number_does_not_show_itself() -> None:
    assert "01818000010" not in repr(parse("01818000010"))


@pytest.mark.parametrize("number", ["01018000055", "41018000049", "41818000004", "01018000063"])
@pytest.mark.parametrize(
    "text", ["{}", "no. {}.", "x{}y", "id={}&x", "({})", "a\n{}\tb", "12345678901 {}", "+47 {}"]
)
def test_a_number_of_any_kind_is_found_in_a_text(number: str, text: str) -> None:
    assert stands_in(text.format(number))


@pytest.mark.parametrize(
    "between",
    [
        *("", " ", "\u00a0", "-", ".", "\u2011", "\u2013", "\u202f"),
        "&nbsp;",
        "&#160;",
        "&#xA0;",
        "&ndash;",
    ],
)
def test_a_number_with_a_break_after_its_date_is_found(between: str) -> None:
    assert stands_in(f"born 010180{between}00055")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Please log in at 2026-09-01T12:00:00Z.",
        "01018000056",
        "1010180000550",
        "101018000055",
        "010180000551",
        "010180  00055",
        "0101 8000055",
        "1234.56.78903",
        "$recipientNumber$",
        "\uff10\uff11\uff10\uff11\uff18\uff10\uff10\uff10\uff10\uff15\uff15",
    ],
)
def test_other_digits_are_no_number_in_a_text(text: str) -> None:
    assert not stands_in(text)


def test_of_a_text_that_is_all_numbers_some_are_judged() -> None:
    assert stands_in("99999999999 " * 999 + "01018000055")
    assert not stands_in("99999999999 " * 1000 + "01018000055")
