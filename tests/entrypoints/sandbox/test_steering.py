"""What the signs mean, and that they are written down where people look."""

import phonenumbers
import pytest

from entrypoints import sandbox as catch_all
from entrypoints.sandbox.scenarios import (
    STEERING,
    MailConduct,
    SmsConduct,
    mail_conduct,
    sms_conduct,
)


def test_every_sign_is_documented_with_its_effect() -> None:
    documented = {tuple(line.split(maxsplit=1)) for line in (catch_all.__doc__ or "").splitlines()}

    assert {(steering.sign, steering.effect) for steering in STEERING} <= documented


def test_every_conduct_has_a_sign() -> None:
    conducts = [*MailConduct, *SmsConduct]

    assert len(STEERING) == len([conduct for conduct in conducts if conduct.value])


@pytest.mark.parametrize(
    "address", ["bounce@example.no", "Bounce@EXAMPLE.no", "bounce+x@a.no", '"bounce+x"@a.no']
)
def test_a_tag_and_the_case_of_an_address_do_not_matter(address: str) -> None:
    assert mail_conduct(address) is MailConduct.BOUNCE


@pytest.mark.parametrize("address", ["bouncer@example.no", "kari+bounce@example.no", "bounce"])
def test_an_address_that_only_resembles_a_sign_is_delivered_to(address: str) -> None:
    assert mail_conduct(address) is MailConduct.DELIVER


@pytest.mark.parametrize("conduct", [conduct for conduct in SmsConduct if conduct.value])
@pytest.mark.parametrize("beginning", ["+479999", "+474000", "+479000"])
def test_every_sign_can_end_a_valid_norwegian_mobile_number(
    beginning: str, conduct: SmsConduct
) -> None:
    number = phonenumbers.parse(beginning + conduct)

    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    assert sms_conduct(beginning + conduct) is conduct


@pytest.mark.parametrize("number", ["+4740000001", "+4799999999", "+4791234567"])
def test_ordinary_numbers_are_delivered_to(number: str) -> None:
    assert sms_conduct(number) is SmsConduct.DELIVER
