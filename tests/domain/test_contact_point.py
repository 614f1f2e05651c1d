import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channel import Channel
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
    comparison_key,
    is_email_address,
)
from domain.personal import Contact
from domain.recipient import OrganisationNumber

EMAIL = RegisteredAddress(address=Contact("kari@example.org"))
MOBILE = RegisteredAddress(address=Contact("+4799999999"))


@pytest.mark.parametrize(
    "text, is_address",
    [
        ("kari@example.org", True),
        (" kari@example.org\t", True),
        ("æge_sjøåsen@domain.com", True),
        ("u@1.2.3.4", True),
        ("kari@example", False),
        ("kari@@example.org", False),
        ("kari@example.org, ola@example.org", False),
        ("one@example.com;two@example.com", False),
        ("", False),
        ("@", False),
    ],
)
def test_an_email_address_is_told_from_other_texts(text: str, *, is_address: bool) -> None:
    assert is_email_address(text) is is_address


@given(text=st.text(alphabet="a.@-", max_size=400))
def test_any_text_is_judged(text: str) -> None:
    assert is_email_address(text) in (True, False)


@pytest.mark.parametrize("text", ["a" * 50_000 + "@", "a." * 25_000 + "@", "a@" + "a-" * 25_000])
def test_a_long_text_is_judged_without_going_back_and_forth(text: str) -> None:
    assert not is_email_address(text)


@pytest.mark.parametrize(
    "record",
    [
        PersonRecord(email=EMAIL, mobile=MOBILE),
        ProfileRecord(user="1", email=EMAIL, mobile=MOBILE),
        ExternalRecord(email=EMAIL, mobile=MOBILE),
    ],
)
def test_a_record_has_an_address_on_each_channel(
    record: PersonRecord | ProfileRecord | ExternalRecord,
) -> None:
    assert record.address_on(Channel.EMAIL) is EMAIL
    assert record.address_on(Channel.SMS) is MOBILE


def test_a_unit_has_addresses_on_each_channel() -> None:
    record = BusinessRecord(origin=OrganisationNumber("314022009"), emails=[EMAIL])
    assert record.addresses_on(Channel.EMAIL) == [EMAIL]
    assert not record.addresses_on(Channel.SMS)


def test_a_record_does_not_show_its_addresses() -> None:
    record = PersonRecord(email=EMAIL, mobile=MOBILE)
    assert "kari" not in repr(record)
    assert "9999" not in repr(record)


@pytest.mark.parametrize(
    "channel, one, other, are_same",
    [
        (Channel.EMAIL, "dup@example.com", " DUP@Example.com", True),
        (Channel.EMAIL, "p@bl\u00e5b\u00e6r.no", "p@bla\u030ab\u00e6r.no", True),
        (Channel.EMAIL, "p@straße.example", "p@strasse.example", False),
        (Channel.SMS, "+4791234560", "+47 91 23 45 60", True),
        (Channel.SMS, "+4791234560", "004791234560", True),
        (Channel.SMS, "+4791234560", "+4791234561", False),
    ],
)
def test_one_place_is_told_from_another_however_it_is_written(
    channel: Channel, one: str, other: str, *, are_same: bool
) -> None:
    keys = {comparison_key(Contact(each), channel) for each in (one, other)}
    assert (len(keys) == 1) is are_same
