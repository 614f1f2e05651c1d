from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from domain.authority import Decision
from domain.channel import Channel, ChannelChoice
from domain.contact_point import (
    AddressKey,
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
    address_key,
)
from domain.order.events import Considered, Reason, Source, Suppression
from domain.personal import Contact, Identifier
from domain.recipient import Direct, OrganisationNumber
from domain.resolution import (
    DirectFinding,
    ExternalFinding,
    Finding,
    OrganisationFinding,
    PersonFinding,
    Policy,
    Resolution,
    resolve,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FRESH = NOW - timedelta(days=1)
OLD = NOW - timedelta(days=900)
UNIT = OrganisationNumber("314022009")
SUB_UNIT = OrganisationNumber("314022017")
EMAIL, SMS = Channel.EMAIL, Channel.SMS
E, S, EP, SP, ES = ChannelChoice

Reached = Sequence[tuple[Channel, str]]


def at(
    text: str, confirmed: datetime | None = FRESH, *, is_valid: bool = True
) -> RegisteredAddress:
    return RegisteredAddress(address=Contact(text), is_valid=is_valid, confirmed_at=confirmed)


KARI, MOBILE = at("kari@post.example.no"), at("+4740000001")
OFFICIAL, OFFICIAL_MOBILE = at("post@fjell.example.no"), at("+4740000010")


def person(
    choice: ChannelChoice,
    record: PersonRecord | None,
    *,
    ignore_reservation: bool = False,
    use_stale: bool = False,
) -> Resolution:
    policy = Policy(
        choice=choice, now=NOW, ignore_reservation=ignore_reservation, use_stale=use_stale
    )
    return resolve(PersonFinding(record=record), policy)


def unit(
    choice: ChannelChoice,
    *profiles: ProfileRecord,
    emails: Sequence[RegisteredAddress] = (),
    mobiles: Sequence[RegisteredAddress] = (),
    has_record: bool = True,
) -> Resolution:
    record = BusinessRecord(origin=UNIT, emails=emails, mobiles=mobiles) if has_record else None
    finding = OrganisationFinding(number=UNIT, record=record, profiles=profiles)
    return resolve(finding, Policy(choice=choice, now=NOW))


def user(
    name: str,
    email: RegisteredAddress | None = None,
    mobile: RegisteredAddress | None = None,
    *,
    authority: Decision = Decision.PERMITTED,
    origin: OrganisationNumber | None = None,
) -> ProfileRecord:
    return ProfileRecord(user=name, authority=authority, origin=origin, email=email, mobile=mobile)


def reached(resolution: Resolution) -> list[tuple[Channel, str]]:
    return [(each.channel, each.address.text) for each in resolution.found]


def reasons(resolution: Resolution) -> list[tuple[Reason, Channel | None]]:
    return [(each.reason, each.channel) for each in resolution.considered]


TO_KARI, TO_MOBILE = (EMAIL, "kari@post.example.no"), (SMS, "+4740000001")
NONE_ON_EMAIL, NONE_ON_SMS = (Reason.NO_ADDRESS, EMAIL), (Reason.NO_ADDRESS, SMS)

TABLE = [
    # choice, e-mail and mobile registered, where reached, where missing, and why not elsewhere
    (E, KARI, MOBILE, [TO_KARI], (), []),
    (E, KARI, None, [TO_KARI], (), []),
    (E, None, MOBILE, [], (EMAIL,), [NONE_ON_EMAIL]),
    (E, None, None, [], (EMAIL,), [NONE_ON_EMAIL]),
    (S, KARI, MOBILE, [TO_MOBILE], (), []),
    (S, KARI, None, [], (SMS,), [NONE_ON_SMS]),
    (S, None, MOBILE, [TO_MOBILE], (), []),
    (S, None, None, [], (SMS,), [NONE_ON_SMS]),
    (EP, KARI, MOBILE, [TO_KARI], (), [(Reason.OTHER_CHANNEL_USED, SMS)]),
    (EP, KARI, None, [TO_KARI], (), [NONE_ON_SMS]),
    (EP, None, MOBILE, [TO_MOBILE], (), [NONE_ON_EMAIL]),
    (EP, None, None, [], (EMAIL,), [NONE_ON_EMAIL, NONE_ON_SMS]),
    (SP, KARI, MOBILE, [TO_MOBILE], (), [(Reason.OTHER_CHANNEL_USED, EMAIL)]),
    (SP, KARI, None, [TO_KARI], (), [NONE_ON_SMS]),
    (SP, None, MOBILE, [TO_MOBILE], (), [NONE_ON_EMAIL]),
    (SP, None, None, [], (SMS,), [NONE_ON_SMS, NONE_ON_EMAIL]),
    (ES, KARI, MOBILE, [TO_KARI, TO_MOBILE], (), []),
    (ES, KARI, None, [TO_KARI], (SMS,), [NONE_ON_SMS]),
    (ES, None, MOBILE, [TO_MOBILE], (EMAIL,), [NONE_ON_EMAIL]),
    (ES, None, None, [], (EMAIL, SMS), [NONE_ON_EMAIL, NONE_ON_SMS]),
]


@pytest.mark.parametrize("choice, email, mobile, found, missing, why", TABLE)
def test_a_person_is_reached_where_the_choice_of_channel_and_the_register_meet(
    choice: ChannelChoice,
    email: RegisteredAddress | None,
    mobile: RegisteredAddress | None,
    *,
    found: Reached,
    missing: Sequence[Channel],
    why: Sequence[tuple[Reason, Channel]],
) -> None:
    resolution = person(choice, PersonRecord(email=email, mobile=mobile))
    assert reached(resolution) == found
    assert resolution.missing == missing
    assert reasons(resolution) == why
    assert not resolution.is_reserved
    assert {each.source for each in resolution.found} <= {Source.KRR}


@pytest.mark.parametrize("choice, email, mobile, found, missing, why", TABLE)
def test_an_external_identity_is_reached_in_the_same_way(
    choice: ChannelChoice,
    email: RegisteredAddress | None,
    mobile: RegisteredAddress | None,
    *,
    found: Reached,
    missing: Sequence[Channel],
    why: Sequence[tuple[Reason, Channel]],
) -> None:
    finding = ExternalFinding(record=ExternalRecord(email=email, mobile=mobile))
    resolution = resolve(finding, Policy(choice=choice, now=NOW))
    assert (reached(resolution), resolution.missing) == (found, missing)
    assert reasons(resolution) == why
    assert {each.source for each in resolution.found} <= {Source.LOGIN_SERVICE}


@pytest.mark.parametrize("choice, email, mobile, found, missing, why", TABLE)
def test_a_sender_gives_addresses_that_are_used_in_the_same_way(
    choice: ChannelChoice,
    email: RegisteredAddress | None,
    mobile: RegisteredAddress | None,
    *,
    found: Reached,
    missing: Sequence[Channel],
    why: Sequence[tuple[Reason, Channel]],
) -> None:
    identity = Direct(
        email=None if email is None else email.address,
        mobile=None if mobile is None else mobile.address,
    )
    resolution = resolve(DirectFinding(identity=identity), Policy(choice=choice, now=NOW))
    assert (reached(resolution), resolution.missing) == (found, missing)
    assert reasons(resolution) == why
    assert {each.source for each in resolution.found} <= {Source.SENDER}


@pytest.mark.parametrize("choice, email, mobile, found, missing, why", TABLE)
def test_a_user_is_reached_in_the_same_way(
    choice: ChannelChoice,
    email: RegisteredAddress | None,
    mobile: RegisteredAddress | None,
    *,
    found: Reached,
    missing: Sequence[Channel],
    why: Sequence[tuple[Reason, Channel]],
) -> None:
    resolution = unit(choice, user("1", email, mobile), has_record=False)
    assert (reached(resolution), resolution.missing) == (found, missing)
    assert reasons(resolution) == [(Reason.NO_RECORD, None), *why]
    assert {each.user for each in resolution.found} <= {Identifier("1")}


@pytest.mark.parametrize("choice", ChannelChoice)
def test_somebody_whom_no_register_knows_is_missing_on_the_wanted_channels(
    choice: ChannelChoice,
) -> None:
    policy = Policy(choice=choice, now=NOW)
    for finding, source in (
        (PersonFinding(record=None), Source.KRR),
        (ExternalFinding(record=None), Source.LOGIN_SERVICE),
        (OrganisationFinding(number=UNIT, record=None), Source.BUSINESS_REGISTER),
    ):
        assert resolve(finding, policy) == Resolution(
            missing=choice.wanted,
            considered=(Considered(source=source, reason=Reason.NO_RECORD),),
        )


@pytest.mark.parametrize("choice", ChannelChoice)
@pytest.mark.parametrize("confirmed", [FRESH, OLD, None])
def test_a_reserved_person_is_not_notified_however_old_the_addresses(
    choice: ChannelChoice, confirmed: datetime | None
) -> None:
    record = PersonRecord(
        is_reserved=True,
        can_be_notified=False,
        email=at("kari@post.example.no", confirmed),
        mobile=at("+4740000001", confirmed),
    )
    for use_stale in (False, True):
        assert person(choice, record, use_stale=use_stale) == Resolution(
            missing=choice.wanted,
            is_reserved=True,
            considered=(Considered(source=Source.KRR, reason=Reason.RESERVED),),
        )


@pytest.mark.parametrize("can_be_notified", [True, False])
def test_a_sender_with_the_right_to_may_override_a_reservation(*, can_be_notified: bool) -> None:
    record = PersonRecord(is_reserved=True, can_be_notified=can_be_notified, email=KARI)
    resolution = person(E, record, ignore_reservation=True)
    assert reached(resolution) == [TO_KARI]
    assert not resolution.is_reserved


def test_overriding_a_reservation_does_not_make_an_outdated_address_good() -> None:
    record = PersonRecord(
        is_reserved=True, can_be_notified=False, email=at("kari@post.example.no", OLD)
    )
    resolution = person(E, record, ignore_reservation=True)
    assert resolution.missing == (EMAIL,)
    assert reasons(resolution) == [(Reason.OUTDATED, EMAIL)]
    assert not resolution.is_reserved


@pytest.mark.parametrize("is_reserved", [True, False])
@pytest.mark.parametrize("ignore_reservation", [True, False])
def test_a_deleted_person_is_not_notified(*, is_reserved: bool, ignore_reservation: bool) -> None:
    record = PersonRecord(is_deleted=True, is_reserved=is_reserved, email=KARI)
    resolution = person(EP, record, ignore_reservation=ignore_reservation, use_stale=True)
    assert resolution == Resolution(
        missing=(EMAIL,), considered=(Considered(source=Source.KRR, reason=Reason.DELETED),)
    )


@pytest.mark.parametrize("use_stale", [True, False])
@pytest.mark.parametrize("ignore_reservation", [True, False])
@pytest.mark.parametrize("record", [PersonRecord(), PersonRecord(is_reserved=True, email=KARI)])
def test_a_person_of_whom_a_change_could_not_be_read_is_not_notified_whatever_was_known_before(
    record: PersonRecord, *, use_stale: bool, ignore_reservation: bool
) -> None:
    resolution = person(
        EP,
        structs.replace(record, is_uncertain=True),
        ignore_reservation=ignore_reservation,
        use_stale=use_stale,
    )
    assert resolution == Resolution(
        missing=(EMAIL,), considered=(Considered(source=Source.KRR, reason=Reason.UNCERTAIN),)
    )


def test_of_an_organisation_that_is_uncertain_what_holds_is_used_and_the_rest_is_told() -> None:
    record = BusinessRecord(origin=UNIT, emails=[OFFICIAL], is_uncertain=True)
    finding = OrganisationFinding(number=UNIT, record=record)
    resolution = resolve(finding, Policy(choice=ES, now=NOW))
    assert reached(resolution) == [(EMAIL, "post@fjell.example.no")]
    assert resolution.missing == (SMS,)
    # That it has no mobile number cannot be said.
    assert reasons(resolution) == [(Reason.UNCERTAIN, None)]


def test_a_user_of_whom_a_change_could_not_be_read_is_not_notified_and_the_others_are() -> None:
    unsure = ProfileRecord(
        user="2", authority=Decision.PERMITTED, is_uncertain=True, email=OFFICIAL
    )
    resolution = unit(E, user("1", KARI), unsure, has_record=False)
    assert reached(resolution) == [TO_KARI]
    assert resolution.considered[-1] == Considered(
        source=Source.USER_PROFILE, reason=Reason.UNCERTAIN, user=Identifier("2")
    )


def test_of_an_external_identity_that_is_uncertain_what_holds_is_used() -> None:
    finding = ExternalFinding(record=ExternalRecord(email=KARI, is_uncertain=True))
    assert reached(resolve(finding, Policy(choice=E, now=NOW))) == [TO_KARI]
    resolution = resolve(finding, Policy(choice=S, now=NOW))
    assert (resolution.missing, reasons(resolution)) == ((SMS,), [(Reason.UNCERTAIN, None)])


@pytest.mark.parametrize("use_stale", [True, False])
@pytest.mark.parametrize("ignore_reservation", [True, False])
def test_the_registers_word_that_somebody_cannot_be_notified_stands(
    *, use_stale: bool, ignore_reservation: bool
) -> None:
    record = PersonRecord(can_be_notified=False, email=KARI, mobile=at("+4740000001", OLD))
    resolution = person(ES, record, use_stale=use_stale, ignore_reservation=ignore_reservation)
    assert resolution.missing == (EMAIL, SMS)
    assert reasons(resolution) == [(Reason.NOT_NOTIFIABLE, None)]


def test_the_registers_word_gives_way_where_old_age_explains_it_and_the_sender_overrides_it() -> (
    None
):
    record = PersonRecord(can_be_notified=False, email=at("kari@post.example.no", OLD))
    assert reasons(person(E, record)) == [(Reason.OUTDATED, EMAIL)]
    assert reached(person(E, record, use_stale=True)) == [TO_KARI]


def test_somebody_without_any_address_has_no_address_whatever_the_registers_word() -> None:
    assert reasons(person(EP, PersonRecord(can_be_notified=False))) == [
        NONE_ON_EMAIL,
        NONE_ON_SMS,
    ]


def test_an_outdated_address_falls_back_to_one_that_is_not() -> None:
    record = PersonRecord(email=at("kari@post.example.no", OLD), mobile=MOBILE)
    resolution = person(EP, record)
    assert reached(resolution) == [TO_MOBILE]
    assert resolution.missing == ()
    assert reasons(resolution) == [(Reason.OUTDATED, EMAIL)]


@pytest.mark.parametrize("choice, asked", [(E, [EMAIL]), (S, [SMS]), (EP, [EMAIL, SMS])])
def test_an_address_that_nobody_ever_confirmed_is_outdated(
    choice: ChannelChoice, asked: Sequence[Channel]
) -> None:
    record = PersonRecord(email=at("kari@post.example.no", None), mobile=at("+4740000001", None))
    assert reasons(person(choice, record)) == [(Reason.OUTDATED, each) for each in asked]
    assert person(choice, record, use_stale=True).missing == ()


@pytest.mark.parametrize(
    "now, oldest",
    [
        ("2026-11-24T12:00:00Z", "2025-05-24T12:00:00Z"),
        ("2026-07-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2026-06-30T00:00:00Z", "2024-12-30T00:00:00Z"),
        ("2026-08-31T12:00:00Z", "2025-02-28T12:00:00Z"),
        ("2025-08-31T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("2026-03-31T12:00:00Z", "2024-09-30T12:00:00Z"),
        ("2026-12-31T12:00:00Z", "2025-06-30T12:00:00Z"),
        ("2028-02-29T12:00:00Z", "2026-08-29T12:00:00Z"),
    ],
)
def test_an_address_is_good_for_eighteen_months_to_the_day(now: str, oldest: str) -> None:
    moment, limit = datetime.fromisoformat(now), datetime.fromisoformat(oldest)
    policy = Policy(choice=E, now=moment)
    assert policy.stale_before == limit
    just = PersonRecord(email=at("kari@post.example.no", limit))
    before = PersonRecord(email=at("kari@post.example.no", limit - timedelta(microseconds=1)))
    assert reached(resolve(PersonFinding(record=just), policy)) == [TO_KARI]
    assert reasons(resolve(PersonFinding(record=before), policy)) == [(Reason.OUTDATED, EMAIL)]


@pytest.mark.parametrize("choice, fallback", [(EP, [TO_MOBILE]), (E, []), (ES, [TO_MOBILE])])
def test_an_invalid_address_is_as_good_as_none(choice: ChannelChoice, fallback: Reached) -> None:
    record = PersonRecord(email=at("a@b.no;c@d.no", is_valid=False), mobile=MOBILE)
    resolution = person(choice, record)
    assert reached(resolution) == fallback
    assert (Reason.INVALID_ADDRESS, EMAIL) in reasons(resolution)


def test_an_invalid_mobile_of_a_user_is_not_used_because_of_the_users_email() -> None:
    resolution = unit(ES, user("1", KARI, at("123", is_valid=False)), has_record=False)
    assert reached(resolution) == [TO_KARI]
    assert resolution.missing == (SMS,)


@pytest.mark.parametrize(
    "choice, emails, mobiles, found, missing",
    [
        (E, [OFFICIAL, KARI], [OFFICIAL_MOBILE], [OFFICIAL, KARI], ()),
        (S, [OFFICIAL], [OFFICIAL_MOBILE, MOBILE], [OFFICIAL_MOBILE, MOBILE], ()),
        (EP, [OFFICIAL, KARI], [OFFICIAL_MOBILE], [OFFICIAL, KARI], ()),
        (EP, [], [OFFICIAL_MOBILE, MOBILE], [OFFICIAL_MOBILE, MOBILE], ()),
        (SP, [OFFICIAL, KARI], [OFFICIAL_MOBILE], [OFFICIAL_MOBILE], ()),
        (SP, [OFFICIAL, KARI], [], [OFFICIAL, KARI], ()),
        (ES, [OFFICIAL], [OFFICIAL_MOBILE], [OFFICIAL, OFFICIAL_MOBILE], ()),
        (ES, [OFFICIAL], [], [OFFICIAL], (SMS,)),
        (ES, [], [], [], (EMAIL, SMS)),
    ],
)
def test_a_unit_is_reached_at_all_its_addresses_as_a_group(
    choice: ChannelChoice,
    emails: Sequence[RegisteredAddress],
    mobiles: Sequence[RegisteredAddress],
    found: Sequence[RegisteredAddress],
    missing: Sequence[Channel],
) -> None:
    resolution = unit(choice, emails=emails, mobiles=mobiles)
    assert [each.address for each in resolution.found] == [each.address for each in found]
    assert resolution.missing == missing


def test_each_user_has_a_fallback_of_their_own() -> None:
    resolution = unit(
        EP,
        user("1", at("one@fjell.example.no"), at("+4740000021")),
        user("2", None, at("+4740000022")),
        emails=[OFFICIAL],
        mobiles=[OFFICIAL_MOBILE],
    )
    assert reached(resolution) == [
        (EMAIL, "post@fjell.example.no"),
        (EMAIL, "one@fjell.example.no"),
        (SMS, "+4740000022"),
    ]
    assert [each.source for each in resolution.found] == [
        Source.BUSINESS_REGISTER,
        Source.USER_PROFILE,
        Source.USER_PROFILE,
    ]


@pytest.mark.parametrize("choice", [E, EP])
@pytest.mark.parametrize("written", ["post@fjell.example.no", "POST@Fjell.example.no "])
def test_a_user_who_has_the_official_email_is_not_texted_instead(
    choice: ChannelChoice, written: str
) -> None:
    resolution = unit(choice, user("1", at(written), at("+4740000021")), emails=[OFFICIAL])
    assert reached(resolution) == [(EMAIL, "post@fjell.example.no")]
    assert (
        Considered(
            source=Source.USER_PROFILE, reason=Reason.DUPLICATE, channel=EMAIL, user=Identifier("1")
        )
        in resolution.considered
    )


@pytest.mark.parametrize(
    "written", ["+4740000010", "004740000010", "+47 400 00 010", "+47-4000-0010 "]
)
def test_a_number_is_the_same_however_it_is_written(written: str) -> None:
    resolution = unit(S, user("1", None, at(written)), mobiles=[OFFICIAL_MOBILE, at(written)])
    assert reached(resolution) == [(SMS, "+4740000010")]
    assert reasons(resolution) == [(Reason.DUPLICATE, SMS)] * 2


def test_a_user_with_two_registrations_is_one_person() -> None:
    resolution = unit(
        EP, user("1", KARI), user("1", None, MOBILE), user("1", KARI), has_record=False
    )
    assert reached(resolution) == [TO_KARI]
    assert (Reason.DUPLICATE, EMAIL) in reasons(resolution)
    assert (Reason.OTHER_CHANNEL_USED, SMS) in reasons(resolution)


@pytest.mark.parametrize(
    "authority, reason",
    [
        (Decision.REFUSED, Reason.NOT_AUTHORISED),
        (Decision.NOT_ASKED, Reason.AUTHORITY_NOT_ASKED),
        (Decision.UNJUDGEABLE, Reason.AUTHORITY_NOT_ASKED),
        (Decision.UNCERTAIN, Reason.UNCERTAIN),
    ],
)
def test_a_user_who_is_not_known_to_be_authorised_is_not_notified(
    authority: Decision, reason: Reason
) -> None:
    resolution = unit(E, user("1", KARI, authority=authority), emails=[OFFICIAL])
    assert reached(resolution) == [(EMAIL, "post@fjell.example.no")]
    assert resolution.considered == (
        Considered(source=Source.USER_PROFILE, reason=reason, user=Identifier("1")),
    )
    assert resolution.is_authority_open is (reason is Reason.AUTHORITY_NOT_ASKED)
    assert resolution.is_authority_awaited is (authority is Decision.NOT_ASKED)


def test_a_user_who_can_be_reached_nowhere_needs_nobodys_leave() -> None:
    resolution = unit(E, user("1", authority=Decision.NOT_ASKED), emails=[OFFICIAL])
    assert reasons(resolution) == [NONE_ON_EMAIL]
    assert not resolution.is_authority_open


def test_it_is_told_for_which_unit_a_user_registered_where_it_is_another() -> None:
    resolution = unit(E, user("1", KARI, origin=SUB_UNIT), has_record=False)
    assert [each.origin for each in resolution.found] == [SUB_UNIT]


def test_users_are_not_asked_about_where_the_order_is_about_nothing() -> None:
    finding = OrganisationFinding(
        number=UNIT,
        record=BusinessRecord(origin=UNIT, emails=[OFFICIAL]),
        profiles_consulted=False,
    )
    resolution = resolve(finding, Policy(choice=E, now=NOW))
    assert resolution.considered == (
        Considered(source=Source.USER_PROFILE, reason=Reason.NOT_CONSULTED),
    )


@pytest.mark.parametrize("number, origin", [(UNIT, None), (SUB_UNIT, UNIT)])
def test_it_is_told_whose_address_it_is_where_a_main_unit_stands_in(
    number: OrganisationNumber, origin: OrganisationNumber | None
) -> None:
    finding = OrganisationFinding(
        number=number, record=BusinessRecord(origin=UNIT, emails=[OFFICIAL])
    )
    (found,) = resolve(finding, Policy(choice=E, now=NOW)).found
    assert found.origin == origin


@pytest.mark.parametrize("choice", ChannelChoice)
def test_addresses_of_businesses_and_senders_do_not_age(choice: ChannelChoice) -> None:
    email, mobile = at("a@b.no", None), at("+4740000001", OLD)
    findings: list[Finding] = [
        OrganisationFinding(
            number=UNIT, record=BusinessRecord(origin=UNIT, emails=[email], mobiles=[mobile])
        ),
        ExternalFinding(record=ExternalRecord(email=email, mobile=mobile)),
        DirectFinding(identity=Direct(email=email.address, mobile=mobile.address)),
    ]
    for finding in findings:
        assert resolve(finding, Policy(choice=choice, now=NOW)).missing == ()


# What bounced here

BOUNCED = Suppression(bounced_at=NOW - timedelta(days=2), until=NOW + timedelta(days=28))
CONFIRMED_BEFORE = NOW - timedelta(days=3)


def key(channel: Channel, text: str) -> AddressKey:
    return address_key(Contact(text), channel)


def test_an_address_that_bounced_is_not_used_and_the_other_channel_stands_in() -> None:
    record = PersonRecord(email=at("kari@post.example.no", CONFIRMED_BEFORE), mobile=MOBILE)
    finding = PersonFinding(record=record, suppressed={key(*TO_KARI): BOUNCED})

    resolution = resolve(finding, Policy(choice=EP, now=NOW))

    assert reached(resolution) == [TO_MOBILE]
    assert resolution.missing == ()
    assert resolution.considered == (
        Considered(
            source=Source.KRR, reason=Reason.BOUNCED_HERE, channel=EMAIL, suppression=BOUNCED
        ),
    )


def test_of_several_addresses_those_are_used_that_did_not_bounce() -> None:
    finding = OrganisationFinding(
        number=UNIT,
        record=BusinessRecord(
            origin=UNIT, emails=[at("old@fjell.example.no", None), at("post@fjell.example.no")]
        ),
        profiles=[user("1", at("Old@fjell.example.no", None))],
        suppressed={key(EMAIL, "old@fjell.example.no"): BOUNCED},
    )

    resolution = resolve(finding, Policy(choice=E, now=NOW))

    assert reached(resolution) == [(EMAIL, "post@fjell.example.no")]
    assert [(each.source, each.reason) for each in resolution.considered] == [
        (Source.BUSINESS_REGISTER, Reason.BOUNCED_HERE),
        (Source.USER_PROFILE, Reason.BOUNCED_HERE),
    ]


def test_where_the_only_address_bounced_nobody_is_reached_and_that_is_why() -> None:
    record = ExternalRecord(email=at("sigrid@example.org", None))
    finding = ExternalFinding(record=record, suppressed={key(EMAIL, "sigrid@example.org"): BOUNCED})

    resolution = resolve(finding, Policy(choice=E, now=NOW))

    assert (reached(resolution), resolution.missing) == ([], (EMAIL,))
    assert reasons(resolution) == [(Reason.BOUNCED_HERE, EMAIL)]


def test_an_address_that_was_confirmed_since_is_used_again() -> None:
    record = PersonRecord(email=at("kari@post.example.no", NOW - timedelta(days=1)))
    finding = PersonFinding(record=record, suppressed={key(*TO_KARI): BOUNCED})

    assert reached(resolve(finding, Policy(choice=E, now=NOW))) == [TO_KARI]


def test_a_new_address_of_somebody_whose_old_one_bounced_is_used() -> None:
    record = PersonRecord(email=at("kari@new.example.no", CONFIRMED_BEFORE))
    finding = PersonFinding(record=record, suppressed={key(*TO_KARI): BOUNCED})

    assert reached(resolve(finding, Policy(choice=E, now=NOW))) == [(EMAIL, "kari@new.example.no")]


def test_an_address_that_nobody_has_shown_to_be_theirs_is_not_used() -> None:
    unverified = RegisteredAddress(address=Contact("kari@fjell.example.no"), is_verified=False)
    resolution = unit(EP, user("kari", unverified, MOBILE), has_record=False)

    assert reached(resolution) == [TO_MOBILE]
    assert (Reason.UNVERIFIED, EMAIL) in reasons(resolution)


def test_who_wants_to_be_told_about_other_resources_is_not_told() -> None:
    other = ProfileRecord(user="kari", is_about_another=True)
    resolution = unit(E, other, emails=[OFFICIAL])

    assert reached(resolution) == [(EMAIL, OFFICIAL.address.text)]
    (considered,) = resolution.considered
    assert (considered.reason, considered.user) == (Reason.OTHER_RESOURCE, Identifier("kari"))


def test_each_is_written_to_in_the_language_that_the_register_knows() -> None:
    record = PersonRecord(email=KARI, mobile=MOBILE, language="nn")

    resolution = resolve(PersonFinding(record=record), Policy(choice=ES, now=NOW))

    assert [each.language for each in resolution.found] == ["nn", "nn"]


def test_a_user_is_written_to_in_the_language_of_their_profile_and_the_organisation_in_none() -> (
    None
):
    ola = replace(user("ola", at("ola@fjell.example.no")), language="en")

    resolution = unit(E, ola, emails=[OFFICIAL])

    assert [each.language for each in resolution.found] == [None, "en"]
