"""What holds for every resolution, whatever the registries answer and the sender asks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.authority import Decision
from domain.channel import Channel, ChannelChoice
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
    address_key,
)
from domain.order.events import Reason, Source, Suppression
from domain.personal import Contact, Identifier
from domain.recipient import Direct, OrganisationNumber
from domain.resolution import (
    DirectFinding,
    ExternalFinding,
    Finding,
    OrganisationFinding,
    PersonFinding,
    Policy,
    resolve,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
UNITS = st.sampled_from([OrganisationNumber("314022009"), OrganisationNumber("314022017")])
MOMENTS = st.none() | st.integers(0, 1000).map(lambda days: NOW - timedelta(days=days))


def addresses(*texts: str) -> st.SearchStrategy[RegisteredAddress]:
    return st.builds(
        RegisteredAddress,
        address=st.sampled_from(texts).map(Contact),
        is_valid=st.booleans(),
        confirmed_at=MOMENTS,
    )


EMAILS = addresses("a@x.no", "A@x.no ", "b@x.no", "c@x.no")
MOBILES = addresses("+4740000001", "004740000001", "+47 4000 0001", "+4740000002")
PERSONS = st.builds(
    PersonRecord,
    is_reserved=st.booleans(),
    is_deleted=st.booleans(),
    can_be_notified=st.booleans(),
    email=st.none() | EMAILS,
    mobile=st.none() | MOBILES,
)
FINDINGS: st.SearchStrategy[Finding] = st.one_of(
    st.builds(PersonFinding, record=st.none() | PERSONS),
    st.builds(
        OrganisationFinding,
        number=UNITS,
        record=st.none()
        | st.builds(
            BusinessRecord,
            origin=UNITS,
            emails=st.lists(EMAILS, max_size=4),
            mobiles=st.lists(MOBILES, max_size=4),
        ),
        profiles=st.lists(
            st.builds(
                ProfileRecord,
                user=st.sampled_from(["1", "2", "3"]),
                authority=st.sampled_from(Decision),
                origin=st.none() | UNITS,
                email=st.none() | EMAILS,
                mobile=st.none() | MOBILES,
            ),
            max_size=4,
        ),
        profiles_consulted=st.booleans(),
    ),
    st.builds(
        ExternalFinding,
        record=st.none()
        | st.builds(ExternalRecord, email=st.none() | EMAILS, mobile=st.none() | MOBILES),
    ),
    st.builds(
        DirectFinding,
        identity=st.builds(
            Direct,
            email=st.none() | EMAILS.map(lambda each: each.address),
            mobile=st.none() | MOBILES.map(lambda each: each.address),
        ),
    ),
)
WHY_NOT = {
    Decision.REFUSED: Reason.NOT_AUTHORISED,
    Decision.UNCERTAIN: Reason.UNCERTAIN,
}
POLICIES = st.builds(
    Policy,
    choice=st.sampled_from(ChannelChoice),
    now=st.just(NOW),
    ignore_reservation=st.booleans(),
    use_stale=st.booleans(),
)


@given(finding=FINDINGS, policy=POLICIES)
def test_nobody_is_notified_twice_at_one_address(finding: Finding, policy: Policy) -> None:
    found = resolve(finding, policy).found
    places = [
        (each.channel, each.address.text.replace(" ", "").replace("0047", "+47").casefold())
        for each in found
    ]
    assert len(places) == len(set(places))


@given(finding=FINDINGS, policy=POLICIES)
def test_every_wanted_channel_is_reached_or_missing_or_stood_in_for(
    finding: Finding, policy: Policy
) -> None:
    resolution = resolve(finding, policy)
    reached = {each.channel for each in resolution.found}
    assert reached <= set(policy.choice.possible)
    assert not reached & set(resolution.missing)
    for channel in policy.choice.wanted:
        stood_in_for = policy.choice.fallback is not None and policy.choice.fallback in reached
        assert (channel in reached) or (channel in resolution.missing) or stood_in_for


@given(finding=FINDINGS, policy=POLICIES)
def test_to_ask_twice_is_to_ask_once(finding: Finding, policy: Policy) -> None:
    assert resolve(finding, policy) == resolve(finding, policy)


@given(record=PERSONS, policy=POLICIES)
def test_a_reserved_person_is_found_only_by_override(record: PersonRecord, policy: Policy) -> None:
    resolution = resolve(PersonFinding(record=record), policy)
    if record.is_reserved and not policy.ignore_reservation:
        assert not resolution.found
        assert resolution.is_reserved is not record.is_deleted
    else:
        assert not resolution.is_reserved


@given(record=PERSONS, policy=POLICIES)
def test_what_is_used_for_a_person_is_valid_and_fresh_and_theirs(
    record: PersonRecord, policy: Policy
) -> None:
    for found in resolve(PersonFinding(record=record), policy).found:
        registered = record.address_on(found.channel)
        assert registered is not None
        assert registered.address == found.address
        assert registered.is_valid
        assert not record.is_deleted
        assert policy.use_stale or (
            registered.confirmed_at is not None and registered.confirmed_at >= policy.stale_before
        )


@given(finding=FINDINGS, policy=POLICIES)
def test_no_channel_is_missing_without_a_reason(finding: Finding, policy: Policy) -> None:
    resolution = resolve(finding, policy)
    explained = {each.channel for each in resolution.considered}
    for channel in resolution.missing:
        assert channel in explained or None in explained


@given(finding=FINDINGS, policy=POLICIES)
def test_one_person_is_reached_by_one_channel_where_one_is_preferred(
    finding: Finding, policy: Policy
) -> None:
    if policy.choice.fallback is None:
        return
    channels: dict[tuple[Source, Identifier | None], set[Channel]] = {}
    for found in resolve(finding, policy).found:
        channels.setdefault((found.source, found.user), set()).add(found.channel)
    assert all(len(each) == 1 for each in channels.values())


@given(finding=FINDINGS, policy=POLICIES)
def test_only_those_who_are_authorised_are_notified(finding: Finding, policy: Policy) -> None:
    if not isinstance(finding, OrganisationFinding):
        return
    resolution = resolve(finding, policy)
    allowed = {each.user for each in finding.profiles if each.authority is Decision.PERMITTED}
    assert {each.user.text for each in resolution.found if each.user is not None} <= allowed
    for decision, reason in WHY_NOT.items():
        left_out = [each for each in resolution.considered if each.reason is reason]
        assert len(left_out) == sum(
            each.authority is decision and each.has_address for each in finding.profiles
        )
    open_ones = [
        each.authority
        for each in finding.profiles
        if each.authority in {Decision.NOT_ASKED, Decision.UNJUDGEABLE} and each.has_address
    ]
    left_out = [each for each in resolution.considered if each.reason is Reason.AUTHORITY_NOT_ASKED]
    assert len(left_out) == len(open_ones)
    assert resolution.is_authority_open is bool(open_ones)
    assert resolution.is_authority_awaited is (Decision.NOT_ASKED in open_ones)


@given(finding=FINDINGS, policy=POLICIES)
def test_a_resolution_shows_no_address(finding: Finding, policy: Policy) -> None:
    shown = repr(resolve(finding, policy)) + repr(finding)
    assert "@x.no" not in shown.lower()
    assert "4000" not in shown


@given(record=PERSONS, policy=POLICIES, which=st.sets(st.sampled_from("abc"), min_size=1))
def test_what_bounced_after_all_that_the_register_knows_is_never_used(
    record: PersonRecord, policy: Policy, which: set[str]
) -> None:
    bounced = Suppression(bounced_at=NOW, until=NOW + timedelta(days=30))
    suppressed = {address_key(Contact(f"{each}@x.no"), Channel.EMAIL): bounced for each in which}

    resolution = resolve(PersonFinding(record=record, suppressed=suppressed), policy)

    used = {address_key(each.address, each.channel) for each in resolution.found}
    assert not used & suppressed.keys()
