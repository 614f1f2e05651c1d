import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.phone_number import country, dialled, e164, is_valid, normalise

ACCEPTED = [
    "+4799999999",
    "004799999999",
    "+4740000000",
    "+4790000000",
    "+233242426224",
    "+47 9999 9999 ",
    "+47 99 99 99 99",
    "+46701234567",
    "+1 (202) 555-0143",
]
REJECTED = [
    "",
    "99999999",
    "40000001",
    " +4799999999",
    "+4750000004",
    "+47900000001",
    "+14790000000",
    "+4712345678",
    "+479999999",
    "111100000",
    "abc",
    "+47",
    "0",
    "++4799999999",
    "00004799999999",
    "+4799999999x",
    "+47 9999 999O",
    "+4799999999;ext=1",
    "tel:+4799999999",
    "+47\u0669\u0669999999",
    "+4799999999\n",
    "+47" + "9" * 200,
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_number_of_a_plan_in_use_is_valid(text: str) -> None:
    assert is_valid(text)


@pytest.mark.parametrize("text", REJECTED)
def test_other_texts_are_not(text: str) -> None:
    assert not is_valid(text)


@pytest.mark.parametrize(
    "written, whole",
    [
        ("40000001", "+4740000001"),
        ("99999999", "+4799999999"),
        ("400 00 001", "+4740000001"),
        ("004799999999", "+4799999999"),
        ("+47 99 99 99 99", "+4799999999"),
        (" +4799999999 ", "+4799999999"),
        ("+4799999999", "+4799999999"),
        ("+46 (0)70 123 45 67", "+46701234567"),
        ("0046 (0)70-123 45 67", "+46701234567"),
        ("+47 99/99 99 99", "+4799999999"),
        ("99/99 99 99", "+4799999999"),
        (".+358021000", "+35821000"),
        ("50000004", "50000004"),
        ("4000000", "4000000"),
        ("400000001", "400000001"),
        ("4799999999", "4799999999"),
        ("", ""),
        ("abc", "abc"),
    ],
)
def test_a_registered_number_gets_its_country_code(written: str, whole: str) -> None:
    assert normalise(written) == whole


@given(st.text(alphabet="0123456789+ -().", max_size=16))
def test_to_normalise_a_valid_number_twice_is_to_do_it_once(text: str) -> None:
    once = normalise(text)
    if is_valid(once):
        assert normalise(once) == once


@given(st.from_regex(r"\+47[2-9][0-9]{7}", fullmatch=True))
def test_the_short_way_for_norwegian_numbers_answers_as_the_library_does(text: str) -> None:
    assert is_valid(text) is phonenumbers.is_valid_number(phonenumbers.parse(text, None))


@pytest.mark.parametrize(
    "number, where",
    [
        ("+4799999999", "NO"),
        ("+47 99 99 99 99", "NO"),
        ("004799999999", "NO"),
        ("99999999", "NO"),
        ("+4779000000", "SJ"),
        ("+46701234567", "SE"),
        ("+1 (202) 555-0143", "US"),
        ("+14165550143", "CA"),
        ("+447400123456", "GB"),
        ("+447797712345", "JE"),
        ("+80012345678", None),
        ("+870773111632", None),
        ("nonsense", None),
    ],
)
def test_a_number_belongs_to_a_country(number: str, where: str | None) -> None:
    assert country(number) == where


@pytest.mark.parametrize(
    "written, number",
    [
        ("+4799999999", "+4799999999"),
        ("+47 99/99 99 99", "+4799999999"),
        ("0047 99 99 99 99", "+4799999999"),
        ("+46 (0)70 123 45 67", "+46701234567"),
        ("+460701234567", "+46701234567"),
        ("+390612345678", "+390612345678"),
    ],
)
def test_a_number_is_kept_and_dialled_as_e164_writes_it(written: str, number: str) -> None:
    assert e164(written) == number
    assert dialled(written) == number


@given(st.from_regex(r"(\+|00)[1-9][0-9 ()./-]{4,18}", fullmatch=True))
def test_what_is_kept_stays_as_it_is(text: str) -> None:
    number = e164(text)
    if number is not None:
        assert e164(number) == normalise(number) == normalise(text) == dialled(number) == number


def test_a_number_whose_plan_went_out_of_use_is_dialled_all_the_same() -> None:
    assert e164("+4712345678") is None
    assert dialled("+4712345678") == "+4712345678"


@pytest.mark.parametrize("text", ["99999999", "+", "abc", "", "+4799999999 +4799999998", "+0047"])
def test_what_is_no_number_with_its_country_code_is_not_dialled(text: str) -> None:
    assert dialled(text) is None
