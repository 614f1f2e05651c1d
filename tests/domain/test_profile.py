"""What a person may do with their profile, when, and what the history of it then tells."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channel import Channel
from domain.message import Language
from domain.personal import Contact, Identifier
from domain.profile.events import (
    SPOKEN,
    AddressesConfirmed,
    AddressesRegistered,
    AddressesWithdrawn,
    AddressVerified,
    CodeIssued,
    CodeNotSent,
    CodeRefused,
    CodeSent,
    ConfirmationIgnored,
    ProfileAddress,
    ProfileEvent,
    ProfileOpened,
    Settings,
    SettingsChosen,
    UserTold,
)
from domain.profile.profile import (
    CODE_LIVES,
    CONFIRM_AFTER,
    DAY,
    IGNORED_FOR,
    LOCKED,
    MOST_CHANGES,
    MOST_CODES,
    MOST_WRONG,
    PAUSE,
    SENDING,
    AlreadyVerifiedError,
    NoAddressError,
    NothingRegisteredError,
    Profile,
    ProfileId,
    TooManyChangesError,
    TooSoonError,
    UnverifiedAddressError,
    WrongCodeError,
    evolve_all,
    rebuild,
)
from domain.recipient import OrganisationNumber

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNIT, OTHER = OrganisationNumber("314022009"), OrganisationNumber("314022017")
KARI, USER = Identifier("15859010099"), Identifier("20001111")
EMAIL, MOBILE = Contact("kari@fjell.example.no"), Contact("+4740000001")
ORDER = UUID("5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b")
OPENED = ProfileOpened(person=KARI, user=USER)
PROFILE_ID = ProfileId(UUID("6f1f5f0e-0000-8000-8000-000000000001"))


def after(*events: ProfileEvent, at: datetime = NOON) -> Profile:
    return rebuild(PROFILE_ID, [(each, at) for each in (OPENED, *events)])


def verified(channel: Channel, address: Contact, *units: OrganisationNumber) -> AddressVerified:
    return AddressVerified(code_no=1, channel=channel, address=address, organisations=units)


def issued(number: int = 1, address: Contact = EMAIL, at: datetime = NOON) -> CodeIssued:
    return CodeIssued(
        code_no=number,
        channel=Channel.EMAIL,
        address=address,
        code_hash="right",
        valid_until=at + CODE_LIVES,
    )


def registered(
    email: Contact | None = EMAIL, *, is_verified: bool = True, resources: Sequence[str] = ()
) -> AddressesRegistered:
    return AddressesRegistered(
        organisation=UNIT,
        email=None if email is None else ProfileAddress(address=email, is_verified=is_verified),
        resources=tuple(resources),
        user=USER,
    )


MINE = verified(Channel.EMAIL, EMAIL)
SENT = CodeSent(code_no=1, order_id=ORDER)


# Whose it is


def test_of_whom_nothing_is_recorded_nothing_is_known() -> None:
    assert rebuild(PROFILE_ID, []) == Profile(profile_id=PROFILE_ID)


def test_the_number_goes_with_what_is_registered_while_no_users_id_is_known_and_no_longer() -> None:
    without_user = (ProfileOpened(person=KARI), MINE)
    profile = rebuild(PROFILE_ID, [(each, NOON) for each in without_user])
    (event,) = profile.register(UNIT, email=EMAIL, mobile=None)
    assert isinstance(event, AddressesRegistered)
    assert (event.user, event.person) == (Identifier(str(PROFILE_ID)), KARI)

    known = rebuild(
        PROFILE_ID, [(each, NOON) for each in (*without_user, event, UserTold(user=USER))]
    )
    assert known.registration(UNIT).person == KARI
    (event,) = known.register(UNIT, email=EMAIL, mobile=None)
    assert isinstance(event, AddressesConfirmed)
    assert (event.user, event.person) == (USER, None)


def test_a_number_that_was_erased_names_nobody() -> None:
    gone = rebuild(PROFILE_ID, [(ProfileOpened(person=Identifier(None)), NOON)])
    assert gone.named_by_number is None


def test_a_profile_is_opened_once() -> None:
    assert Profile(profile_id=PROFILE_ID).open(KARI, USER) == (OPENED,)
    assert after().open(KARI, USER) == after().open(KARI, None) == ()


def test_another_id_at_the_login_service_is_taken_down() -> None:
    (told,) = after().open(KARI, Identifier("20002222"))
    assert told == UserTold(user=Identifier("20002222"))
    assert after(told).user == Identifier("20002222")


# Registering


def test_an_address_that_is_verified_may_be_registered() -> None:
    (event,) = after(MINE).register(UNIT, email=EMAIL, mobile=None, resources=["b", "a", "b"])

    assert event == registered(resources=["a", "b"])
    assert after(MINE, event).registration(UNIT).changed_at == NOON


def test_letters_and_space_around_an_address_do_not_matter() -> None:
    shouted = Contact(f" {EMAIL.text.upper()}")
    assert after(MINE).register(UNIT, email=shouted, mobile=None)


@pytest.mark.parametrize("mobile", [None, MOBILE], ids=["one", "both"])
def test_an_address_that_is_not_verified_may_not_be_registered(mobile: Contact | None) -> None:
    with pytest.raises(UnverifiedAddressError) as refused:
        after().register(UNIT, email=EMAIL, mobile=mobile)
    assert (refused.value.channel, refused.value.code) == (Channel.EMAIL, "address_unverified")


def test_of_two_addresses_the_one_that_is_not_verified_is_told() -> None:
    with pytest.raises(UnverifiedAddressError) as refused:
        after(MINE).register(UNIT, email=EMAIL, mobile=MOBILE)
    assert refused.value.channel is Channel.SMS


def test_who_has_no_address_cannot_be_told_anything() -> None:
    with pytest.raises(NoAddressError):
        after().register(UNIT, email=None, mobile=None)


def test_what_is_registered_already_is_confirmed() -> None:
    profile = after(MINE, registered())
    (event,) = profile.register(UNIT, email=EMAIL, mobile=None)

    assert event == AddressesConfirmed(
        organisation=UNIT, email=ProfileAddress(address=EMAIL, is_verified=True), user=USER
    )
    later = evolve_all(profile, [(event, NOON + timedelta(days=100))])
    assert later.registration(UNIT).changed_at == NOON + timedelta(days=100)
    assert later.registration(UNIT).resources == ()


def test_a_confirmation_leaves_the_resources_as_they_are() -> None:
    confirmed = AddressesConfirmed(
        organisation=UNIT, email=ProfileAddress(address=EMAIL, is_verified=True), user=USER
    )
    assert after(MINE, registered(resources=["tax"]), confirmed).registration(UNIT).resources == (
        "tax",
    )


def test_who_has_no_id_at_the_login_service_is_known_by_that_of_the_profile() -> None:
    nobody = Profile(profile_id=PROFILE_ID)
    history = [(each, NOON) for each in (ProfileOpened(person=KARI), MINE)]
    (event,) = evolve_all(nobody, history).register(UNIT, email=EMAIL, mobile=None)
    assert isinstance(event, AddressesRegistered)
    assert event.user == Identifier(str(PROFILE_ID))


def test_whose_id_was_erased_can_be_told_all_the_same() -> None:
    history = [(each, NOON) for each in (ProfileOpened(user=Identifier(None)), MINE)]
    (event,) = rebuild(PROFILE_ID, history).register(UNIT, email=EMAIL, mobile=None)
    assert isinstance(event, AddressesRegistered)
    assert event.user == Identifier(str(PROFILE_ID))


def test_what_is_withdrawn_is_registered_no_more() -> None:
    (event,) = after(MINE, registered()).withdraw(UNIT)

    assert event == AddressesWithdrawn(organisation=UNIT)
    with pytest.raises(NothingRegisteredError):
        after(MINE, registered(), event).registration(UNIT)
    assert after().withdraw(UNIT) == ()


def test_an_address_stays_verified_when_nothing_is_registered_at_it_any_more() -> None:
    profile = after(MINE, registered(), AddressesWithdrawn(organisation=UNIT))
    assert profile.is_verified(Channel.EMAIL, EMAIL)


def test_an_address_whose_words_are_erased_is_nobodys() -> None:
    gone = Contact(None)
    profile = after(registered(gone), verified(Channel.EMAIL, gone))
    assert not profile.verified
    assert not profile.is_verified(Channel.EMAIL, gone)


# What others hand in


def test_what_another_service_registered_holds_with_its_word_on_the_addresses() -> None:
    mobile = ProfileAddress(address=MOBILE, is_verified=False)
    email = ProfileAddress(address=EMAIL, is_verified=True)
    (event,) = after().take_over(
        UNIT, email=email, mobile=mobile, resources=["tax"], reason="moved here"
    )
    profile = after(event)

    assert isinstance(event, AddressesRegistered)
    assert event.reason == "moved here"
    assert profile.is_verified(Channel.EMAIL, EMAIL)
    assert not profile.is_verified(Channel.SMS, MOBILE)
    again = profile.take_over(
        UNIT, email=email, mobile=mobile, resources=["tax"], reason="once more"
    )
    assert again == ()


def test_what_was_verified_here_is_verified_whatever_another_service_says() -> None:
    email = ProfileAddress(address=EMAIL, is_verified=False)
    (event,) = after(MINE).take_over(UNIT, email=email, mobile=None, resources=(), reason="moved")
    assert isinstance(event, AddressesRegistered)
    assert event.email == ProfileAddress(address=EMAIL, is_verified=True)


def test_what_is_registered_again_at_an_address_that_has_been_verified_since_is_used() -> None:
    (event,) = after(registered(is_verified=False), MINE).register(UNIT, email=EMAIL, mobile=None)
    assert event == registered()


# Confirming


def test_after_ninety_days_a_person_is_asked_whether_it_still_holds() -> None:
    profile = after(registered())
    assert not profile.needs_confirmation(UNIT, NOON + CONFIRM_AFTER - SECOND)
    assert profile.needs_confirmation(UNIT, NOON + CONFIRM_AFTER)


def test_who_ignores_the_question_is_not_asked_for_a_year() -> None:
    profile = after(registered(), *after().ignore_confirmation())
    assert profile.confirmation_ignored_at == NOON
    assert not profile.needs_confirmation(UNIT, NOON + IGNORED_FOR - SECOND)
    assert profile.needs_confirmation(UNIT, NOON + IGNORED_FOR)


def test_whether_what_is_not_registered_holds_nobody_is_asked() -> None:
    with pytest.raises(NothingRegisteredError):
        after().needs_confirmation(UNIT, NOON)


# Being spoken to


def test_a_language_is_chosen_once() -> None:
    english = Settings(language=Language.EN)
    (event,) = after().choose(english)
    assert event == SettingsChosen(settings=english)
    assert after(event).choose(english) == ()


# Showing that an address is one's own


def test_a_code_is_known_by_its_hash_alone_and_lives_for_a_quarter_of_an_hour() -> None:
    (event,) = after().issue_code(Channel.EMAIL, EMAIL, "right", NOON)
    assert event == issued()
    assert event.valid_until == NOON + timedelta(minutes=15)


def test_the_right_code_makes_an_address_the_persons_own() -> None:
    profile = after(registered(is_verified=False), issued(), SENT)
    (event,) = profile.verify(Channel.EMAIL, EMAIL, "right", NOON)

    assert event == verified(Channel.EMAIL, EMAIL, UNIT)
    left = evolve_all(profile, [(event, NOON)])
    assert left.is_verified(Channel.EMAIL, EMAIL)
    email = left.registration(UNIT).email
    assert email is not None
    assert email.is_verified


def test_a_mobile_number_is_verified_where_it_is_registered() -> None:
    mobile = ProfileAddress(address=MOBILE, is_verified=False)
    known = AddressesRegistered(organisation=UNIT, mobile=mobile, user=USER)
    left = after(known, verified(Channel.SMS, MOBILE, UNIT)).registration(UNIT)
    assert left.mobile == ProfileAddress(address=MOBILE, is_verified=True)


def test_a_wrong_code_is_taken_down() -> None:
    assert after(issued(), SENT).verify(Channel.EMAIL, EMAIL, "wrong", NOON) == (
        CodeRefused(code_no=1),
    )


@pytest.mark.parametrize(
    "history",
    [(), (issued(), CodeNotSent(code_no=1)), (issued(), SENT, MINE)],
    ids=["none", "not sent", "used"],
)
def test_where_there_is_no_code_none_is_right(history: Sequence[ProfileEvent]) -> None:
    with pytest.raises(WrongCodeError):
        after(*history).verify(Channel.EMAIL, EMAIL, "right", NOON)


def test_a_code_that_is_too_old_is_wrong() -> None:
    profile = after(issued(), SENT)
    assert profile.verify(Channel.EMAIL, EMAIL, "right", NOON + CODE_LIVES - SECOND)
    with pytest.raises(WrongCodeError):
        profile.verify(Channel.EMAIL, EMAIL, "right", NOON + CODE_LIVES)


def test_a_code_may_be_asked_for_again_a_minute_after_it_was_sent() -> None:
    profile = after(issued(), SENT)
    with pytest.raises(TooSoonError) as refused:
        profile.issue_code(Channel.EMAIL, EMAIL, "right", NOON + PAUSE - 20 * SECOND)
    assert refused.value.wait == timedelta(seconds=20)
    assert profile.issue_code(Channel.EMAIL, EMAIL, "right", NOON + PAUSE)


def test_who_waits_for_no_code_may_ask_again_at_once() -> None:
    profile = after(issued(), CodeNotSent(code_no=1))
    assert profile.issue_code(Channel.EMAIL, EMAIL, "right", NOON)
    assert not profile.issued_at


def test_while_a_code_is_being_sent_no_other_is_made() -> None:
    profile = after(issued())
    with pytest.raises(TooSoonError):
        profile.issue_code(Channel.EMAIL, EMAIL, "right", NOON)
    assert profile.issue_code(Channel.EMAIL, EMAIL, "right", NOON + SENDING)


def test_a_code_to_one_address_keeps_nobody_from_one_to_another() -> None:
    assert after(issued(), SENT).issue_code(Channel.SMS, MOBILE, "right", NOON)


def test_for_an_address_that_is_verified_no_code_is_made() -> None:
    with pytest.raises(AlreadyVerifiedError):
        after(MINE).issue_code(Channel.EMAIL, EMAIL, "right", NOON)


def test_after_five_wrong_codes_none_is_made_or_taken_for_an_hour() -> None:
    profile = after(issued(), SENT, *[CodeRefused(code_no=1)] * MOST_WRONG)
    for ask in (profile.issue_code, profile.verify):
        with pytest.raises(TooSoonError) as refused:
            ask(Channel.EMAIL, EMAIL, "right", NOON + LOCKED - SECOND)
        assert refused.value.wait == SECOND
    assert profile.issue_code(Channel.EMAIL, EMAIL, "right", NOON + LOCKED)


def test_a_new_code_gives_no_new_tries() -> None:
    wrong = [CodeRefused(code_no=1)] * 3, [CodeRefused(code_no=2)] * 2
    profile = after(issued(), SENT, *wrong[0], issued(2), *wrong[1])
    with pytest.raises(TooSoonError):
        profile.verify(Channel.EMAIL, EMAIL, "right", NOON)


def test_a_person_is_sent_so_many_codes_a_day_and_no_more() -> None:
    codes = [issued(number, Contact(f"{number}@b.no")) for number in range(1, MOST_CODES + 1)]
    with pytest.raises(TooSoonError) as refused:
        after(*codes).issue_code(Channel.EMAIL, EMAIL, "right", NOON + PAUSE)
    assert refused.value.wait == DAY - PAUSE
    assert after(*codes).issue_code(Channel.EMAIL, EMAIL, "right", NOON + DAY)
    assert after(*codes[1:]).issue_code(Channel.EMAIL, EMAIL, "right", NOON + PAUSE)


def test_that_a_code_was_sent_is_taken_down_once() -> None:
    assert after(issued()).record_sent(1, ORDER) == (SENT,)
    assert after(issued(), SENT).record_sent(1, ORDER) == ()
    assert after(issued(), SENT).record_not_sent(1) == ()
    assert after(issued()).record_not_sent(1) == (CodeNotSent(code_no=1),)
    assert after().record_sent(1, ORDER) == after().record_not_sent(1) == ()


# Whatever happens

ADDRESSES = st.sampled_from([EMAIL, Contact("ola@b.no"), Contact(None)])
CHANNELS = st.sampled_from(list(Channel))
NUMBERS = st.integers(1, 3)
UNITS = st.sampled_from([UNIT, OTHER])
KEPT = st.none() | st.builds(ProfileAddress, address=ADDRESSES, is_verified=st.booleans())
EVENTS: st.SearchStrategy[ProfileEvent] = st.one_of(
    st.just(OPENED),
    st.just(UserTold(user=USER)),
    st.builds(AddressesRegistered, organisation=UNITS, email=KEPT, mobile=KEPT, user=st.just(USER)),
    st.builds(AddressesConfirmed, organisation=UNITS, email=KEPT, mobile=KEPT, user=st.just(USER)),
    st.builds(AddressesWithdrawn, organisation=UNITS),
    st.just(ConfirmationIgnored()),
    st.builds(
        CodeIssued,
        code_no=NUMBERS,
        channel=CHANNELS,
        address=ADDRESSES,
        code_hash=st.sampled_from(["right", "other"]),
        valid_until=st.just(NOON + CODE_LIVES),
    ),
    st.builds(CodeSent, code_no=NUMBERS, order_id=st.just(ORDER)),
    st.builds(CodeNotSent, code_no=NUMBERS),
    st.builds(CodeRefused, code_no=NUMBERS),
    st.builds(
        AddressVerified,
        code_no=NUMBERS,
        channel=CHANNELS,
        address=ADDRESSES,
        organisations=st.lists(UNITS, unique=True).map(tuple),
    ),
    st.builds(SettingsChosen, settings=st.builds(Settings, language=st.sampled_from(SPOKEN))),
)
HISTORIES = st.lists(st.tuples(EVENTS, st.integers(0, 10**6))).map(
    lambda told: [(each, NOON + seconds * SECOND) for each, seconds in told]
)


@given(HISTORIES)
def test_any_history_can_be_read(history: list[tuple[ProfileEvent, datetime]]) -> None:
    assert rebuild(PROFILE_ID, history).version == len(history)


@given(HISTORIES, CHANNELS, ADDRESSES)
def test_nothing_is_ever_registered_at_an_address_that_is_not_verified(
    history: list[tuple[ProfileEvent, datetime]], channel: Channel, address: Contact
) -> None:
    profile = evolve_all(after(), history)
    email, mobile = (address, None) if channel is Channel.EMAIL else (None, address)
    try:
        events = profile.register(UNIT, email=email, mobile=mobile)
    except UnverifiedAddressError:
        assert not profile.is_verified(channel, address)
    else:
        assert profile.is_verified(channel, address)
        left = evolve_all(profile, [(each, NOON) for each in events]).registration(UNIT)
        kept = left.address_on(channel)
        assert kept is not None
        assert kept.is_verified


@given(HISTORIES, CHANNELS, ADDRESSES, st.integers(0, 10**6))
def test_only_the_right_code_of_the_last_quarter_of_an_hour_verifies(
    history: list[tuple[ProfileEvent, datetime]], channel: Channel, address: Contact, seconds: int
) -> None:
    now = NOON + seconds * SECOND
    try:
        events = evolve_all(after(), history).verify(channel, address, "right", now)
    except (TooSoonError, WrongCodeError):
        return
    codes = [each for each, _ in history if isinstance(each, CodeIssued)]
    given_last = [each for each in codes if each.channel is channel][-1:]
    if any(isinstance(each, AddressVerified) for each in events):
        assert now < NOON + CODE_LIVES
        assert any(each.code_hash == "right" for each in codes)
    assert given_last


@given(st.lists(st.tuples(st.sampled_from(["right", "wrong"]), st.integers(0, 5000)), max_size=60))
def test_however_somebody_guesses_it_is_five_times_an_hour(
    tries: list[tuple[str, int]],
) -> None:
    profile, now, wrong = after(), NOON, list[datetime]()
    for code_hash, seconds in tries:
        now += seconds * SECOND
        try:
            told = profile.issue_code(Channel.EMAIL, EMAIL, "another", now)
            profile = evolve_all(profile, [(each, now) for each in told])
            sent = profile.record_sent(profile.last_code_no, uuid4())
            profile = evolve_all(profile, [(each, now) for each in sent])
        except TooSoonError:
            pass
        try:
            told = profile.verify(Channel.EMAIL, EMAIL, code_hash, now)
        except (TooSoonError, WrongCodeError):
            continue
        profile = evolve_all(profile, [(each, now) for each in told])
        wrong.append(now)
    for first, sixth in zip(wrong, wrong[MOST_WRONG:], strict=False):
        assert sixth - first >= LOCKED


CHOSEN = [
    SettingsChosen(settings=Settings(language=language))
    for language in [Language.EN, Language.NN] * (MOST_CHANGES // 2)
]


def test_a_person_changes_so_much_a_day_and_no_more() -> None:
    with pytest.raises(TooManyChangesError) as refused:
        after(*CHOSEN).refuse_change(NOON + SECOND)
    assert refused.value.wait == DAY - SECOND

    after(*CHOSEN).refuse_change(NOON + DAY)
    after(*CHOSEN[1:]).refuse_change(NOON + SECOND)


@pytest.mark.parametrize(
    "by_others",
    [
        AddressesWithdrawn(organisation=UNIT),
        AddressesRegistered(organisation=UNIT, user=USER, reason="its holder logged in"),
        UserTold(user=USER),
        verified(Channel.EMAIL, EMAIL),
    ],
    ids=["withdrawn", "taken over", "told", "verified"],
)
def test_what_is_withdrawn_or_comes_from_others_is_not_counted(by_others: ProfileEvent) -> None:
    after(by_others, *CHOSEN[1:]).refuse_change(NOON)
