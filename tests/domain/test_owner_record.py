"""An owner's record: who may order, on what terms, and who is suspended; decided once, and folded for ever."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import pytest

from domain.owner.events import (
    DailyLimits,
    OwnerDeregistered,
    OwnerEvent,
    OwnerRegistered,
    OwnerResumed,
    OwnerSuspended,
    TermsAgreed,
)
from domain.owner.record import (
    AnotherNameError,
    NotRegisteredError,
    OwnerRecord,
    OwnerRecordError,
    Registration,
    SenselessLimitError,
    Terms,
    WithoutOrganisationError,
    evolve,
    owner_id,
    rebuild,
)

NUMBER = "991825827"
REGISTERED = OwnerRegistered(name="TTD", organisations=(NUMBER,), reason="begins")
TERMS = Terms(senders=("ttd", "ttd.example"), limits=DailyLimits(recipients=100))
AGREED = TermsAgreed(
    senders=("ttd", "ttd.example"),
    reply_to=None,
    test_recipients=(),
    limits=DailyLimits(recipients=100),
    reason="asked for it",
)
SUSPENDED = OwnerSuspended(reason="sends to everybody")


def after(*events: OwnerEvent) -> OwnerRecord:
    return rebuild("ttd", events)


def test_an_owner_has_the_same_id_for_ever_in_large_letters_and_small_ones() -> None:
    assert owner_id("TTD") == owner_id("ttd") == UUID("95c788bf-98aa-5bc0-8d80-a035aaf4394a")
    assert owner_id("skd") != owner_id("ttd")


def test_an_owner_is_registered_by_its_numbers_whatever_their_order() -> None:
    decided = after().register("TTD", ["991825827", "314022009", "991825827"], reason="begins")

    registration = after(*decided).registration
    assert registration == Registration(name="TTD", organisations=("314022009", "991825827"))


def test_terms_are_agreed_with_an_owner_and_hold() -> None:
    assert after(REGISTERED).agree(TERMS, reason="asked for it") == (AGREED,)
    assert after(REGISTERED, AGREED).terms == TERMS


def test_who_is_registered_no_more_has_no_terms_when_it_comes_back() -> None:
    gone = OwnerDeregistered(reason="has left")

    assert after(REGISTERED, AGREED).deregister(reason="has left") == (gone,)
    assert after(REGISTERED, AGREED, gone, REGISTERED).terms == Terms()


def test_whom_an_owner_only_tries_out_is_sent_nothing_when_it_is_registered_no_more() -> None:
    trying = msgspec.structs.replace(AGREED, test_recipients=("a mark",))
    gone = after(REGISTERED, trying, OwnerDeregistered(reason="has left"))

    assert gone.terms == Terms(test_recipients=("a mark",))


def test_an_owner_is_suspended_until_it_is_resumed() -> None:
    assert after().suspend(reason="sends to everybody") == (SUSPENDED,)
    assert after(SUSPENDED).suspended_because == "sends to everybody"

    resumed = after(SUSPENDED).resume(reason="has mended it")
    assert resumed == (OwnerResumed(reason="has mended it"),)
    assert after(SUSPENDED, *resumed).suspended_because is None


def test_another_reason_to_be_suspended_is_told_anew() -> None:
    twice = after(SUSPENDED).suspend(reason="sends to everybody, twice")

    assert after(SUSPENDED, *twice).suspended_because == "sends to everybody, twice"


def test_who_is_suspended_stays_so_when_it_is_registered_anew() -> None:
    gone = OwnerDeregistered(reason="has left")

    left = after(REGISTERED, SUSPENDED, gone, REGISTERED)

    assert left.suspended_because == "sends to everybody"


@pytest.mark.parametrize(
    "history, decide",
    [
        ([REGISTERED], lambda record: record.register("TTD", [NUMBER], reason="again")),
        ([], lambda record: record.deregister(reason="has left")),
        ([REGISTERED, AGREED], lambda record: record.agree(TERMS, reason="again")),
        ([SUSPENDED], lambda record: record.suspend(reason="sends to everybody")),
        ([], lambda record: record.resume(reason="has mended it")),
    ],
    ids=["register", "deregister", "agree", "suspend", "resume"],
)
def test_to_decide_what_holds_already_is_to_decide_nothing(
    history: Sequence[OwnerEvent], decide: Callable[[OwnerRecord], Sequence[OwnerEvent]]
) -> None:
    assert decide(after(*history)) == ()


@pytest.mark.parametrize(
    "decide, refusal",
    [
        (lambda record: record.register("SKD", [NUMBER], reason="begins"), AnotherNameError),
        (lambda record: record.register("TTD", [], reason="begins"), WithoutOrganisationError),
        (lambda record: record.agree(TERMS, reason="asked for it"), NotRegisteredError),
    ],
    ids=["another's record", "without a number", "terms with nobody"],
)
def test_what_cannot_be_is_refused(
    decide: Callable[[OwnerRecord], Sequence[OwnerEvent]], refusal: type[OwnerRecordError]
) -> None:
    with pytest.raises(refusal):
        decide(after())


@pytest.mark.parametrize("limits", [DailyLimits(recipients=-1), DailyLimits(sms_segments=-1)])
def test_a_limit_below_nothing_is_refused(limits: DailyLimits) -> None:
    with pytest.raises(SenselessLimitError):
        after(REGISTERED).agree(Terms(limits=limits), reason="asked for it")


def test_each_event_is_one_version_further() -> None:
    record = after()
    history: Sequence[OwnerEvent] = (REGISTERED, AGREED, SUSPENDED)
    for number, event in enumerate(history, start=1):
        record = evolve(record, event)
        assert record.version == number
