"""Why somebody is reached somewhere, and why not elsewhere, in sentences that name the rule."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.queries.resolution_words import (
    Basis,
    asked,
    found,
    how_long,
    in_language,
    left_out,
    order,
    outcome,
    recipient,
    rule,
)
from application.queries.resolution_words import Outcome as Became
from domain.channel import Channel, ChannelChoice
from domain.message import Language
from domain.order.events import (
    Considered,
    Consulted,
    Reason,
    Source,
    Suppression,
    Wording,
    WordingReason,
)
from domain.personal import Contact
from domain.recipient import Direct, OrganisationNumber, Recipient, RecipientNo
from tests.samples import BAKERY, KARI, NOON, placed


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_goes_by_a_rule_that_says_where_it_stands(reason: Reason) -> None:
    assert rule(reason).source
    assert rule(reason).words


def test_what_the_law_decides_names_its_section() -> None:
    assert (rule(Reason.RESERVED).basis, rule(Reason.RESERVED).source) == (
        Basis.LAW,
        "eForvaltningsforskriften § 9",
    )
    assert rule(Reason.OUTDATED).source == "eForvaltningsforskriften § 32"


@pytest.mark.parametrize(
    "considered, user, words",
    [
        (
            Considered(source=Source.KRR, reason=Reason.OUTDATED, channel=Channel.EMAIL),
            None,
            (
                "Not used: the e-mail address in the contact and reservation register (KRR), since it "
                "was neither changed nor confirmed in the last 18 months (eForvaltningsforskriften § 32)."
            ),
        ),
        (
            Considered(source=Source.KRR, reason=Reason.NO_ADDRESS, channel=Channel.SMS),
            None,
            "No mobile number in the contact and reservation register (KRR).",
        ),
        (
            Considered(source=Source.KRR, reason=Reason.NO_RECORD),
            None,
            (
                "Nothing in the contact and reservation register (KRR): the recipient is not registered "
                "there."
            ),
        ),
        (
            Considered(source=Source.USER_PROFILE, reason=Reason.NOT_CONSULTED),
            None,
            (
                "The register of user profiles was not asked: without a resource nobody can judge which users "
                "may be told."
            ),
        ),
        (
            Considered(source=Source.USER_PROFILE, reason=Reason.NOT_AUTHORISED),
            "user 2",
            (
                "Not used: what user 2 registered, since the user may not act for the organisation in "
                "what the order is about (authorisation for the order's resource)."
            ),
        ),
        (
            Considered(
                source=Source.KRR,
                reason=Reason.DUPLICATE,
                channel=Channel.EMAIL,
                duplicate_of=RecipientNo(3),
            ),
            None,
            (
                "Not used: the e-mail address in the contact and reservation register (KRR), since the "
                "same message goes there already, for recipient 3 (nobody gets the same message twice)."
            ),
        ),
        (
            Considered(
                source=Source.KRR,
                reason=Reason.BOUNCED_HERE,
                channel=Channel.EMAIL,
                suppression=Suppression(bounced_at=NOON, until=NOON + timedelta(days=30)),
            ),
            None,
            (
                "Not used: the e-mail address in the contact and reservation register (KRR), since what "
                "was sent there came back for good on 2026-09-01; it is left alone until 2026-10-01 "
                "(an address that bounced is left alone for a time)."
            ),
        ),
    ],
)
def test_what_was_left_out_is_told_with_why_and_by_which_rule(
    considered: Considered, user: str | None, words: str
) -> None:
    assert left_out(considered, user) == words


def test_what_is_registered_for_a_unit_above_is_told_with_whose_and_for_which() -> None:
    unit = OrganisationNumber("314022009")

    told = found(Channel.EMAIL, "k***@e***.no", Source.USER_PROFILE, unit, "user 1")

    assert told == (
        "By e-mail at k***@e***.no, from the register of user profiles, registered by user 1, for "
        "the unit 314022009 above it."
    )


@pytest.mark.parametrize("became", Became)
def test_whatever_became_of_a_look_up_is_a_sentence(became: Became) -> None:
    words = outcome(became, [Channel.EMAIL], [Channel.SMS])

    assert words[0].isupper()
    assert words.endswith(".")


def test_a_recipient_is_told_of_without_saying_who_it_is() -> None:
    kari, bakery, reader = (
        recipient(Recipient(RecipientNo(0), each))
        for each in (KARI, BAKERY, Direct(email=Contact("kari@example.no")))
    )

    assert kari == "Recipient 0, a person"
    assert bakery == "Recipient 0, the organisation 314022009"
    assert reader == "Recipient 0, whoever reads k***@e***.no"


def test_what_an_order_asked_for_is_told() -> None:
    overriding = replace(
        placed, channel=ChannelChoice.SMS_PREFERRED, ignore_reservation=True, resource="urn:x"
    )

    assert order(overriding) == (
        "The order of ttd about urn:x is to reach its recipients by text message, and by e-mail "
        "whoever has no mobile number; those who have declined digital communication are notified "
        "all the same, on the sender's responsibility."
    )


@pytest.mark.parametrize(
    "span, told",
    [
        (timedelta(seconds=-5), "0 seconds"),
        (timedelta(seconds=119), "119 seconds"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=3, hours=7), "3 days"),
    ],
)
def test_a_span_is_told_in_the_largest_unit_that_it_fills_twice(span: timedelta, told: str) -> None:
    assert how_long(span) == told


def test_a_register_that_keeps_no_copy_here_was_merely_asked() -> None:
    assert asked(Source.LOGIN_SERVICE, Consulted(source=Source.LOGIN_SERVICE), NOON) == (
        "The login service was asked."
    )
    assert "is not recorded" in asked(Source.LOGIN_SERVICE, None, NOON)


@pytest.mark.parametrize(
    "wording, words",
    [
        (
            Wording(language=Language.NN, because=WordingReason.RECIPIENTS_LANGUAGE),
            "The text in Nynorsk, which they have chosen.",
        ),
        (
            Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
            "The sender's first text, since none is named in the language that they have chosen.",
        ),
        (
            Wording(because=WordingReason.LANGUAGE_UNKNOWN),
            "The sender's first text, since it is not known which language they have chosen.",
        ),
    ],
)
def test_which_text_somebody_gets_is_told_and_why(wording: Wording, words: str) -> None:
    assert in_language(wording) == words
