"""Codes by which persons show that addresses are theirs, as they are sent and given back."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.registries import InMemoryPersonRegistry
from application.assembly import Application, Policy, assemble
from application.caller import Assurance, EndUser
from application.envelope import Actor, Role
from application.profiles.profile_ids import ProfileIds
from application.profiles.verification import (
    MOST_FROM_ONE,
    MOST_TO_AN_ADDRESS,
    CodeNotSentError,
    CodeSender,
)
from contracts.order_repository_contract import SetClock
from domain.channel import Channel
from domain.contact_point import PersonRecord, RegisteredAddress
from domain.message import Language
from domain.order.events import OrderId
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressVerified,
    CodeIssued,
    CodeNotSent,
    CodeRefused,
    CodeSent,
    ProfileEvent,
    ProfileOpened,
    Settings,
)
from domain.profile.profile import (
    CODE_LIVES,
    LOCKED,
    MOST_WRONG,
    PAUSE,
    AlreadyVerifiedError,
    TooSoonError,
    WrongCodeError,
)

EMAIL, MOBILE = Contact("kari@fjell.example.no"), Contact("+4740000001")


def person(number: str) -> EndUser:
    return EndUser(person=Identifier(number), level=Assurance.SUBSTANTIAL)


KARI, OLA = person("15859010099"), person("06927530250")
PEOPLE = [KARI, OLA, person("19819710182"), person("01818010083"), person("06927530331")]


class House:
    """The application in memory, and what it has sent."""

    def __init__(self, *, has_providers: bool = True) -> None:
        self.clock = SetClock()
        self.memory = InMemoryInstallation(clock=self.clock)
        self.persons = InMemoryPersonRegistry({})
        ports = self.memory.ports
        ports = replace(ports, registries=replace(ports.registries, persons=self.persons))
        if not has_providers:
            ports = replace(ports, providers={Channel.EMAIL: [], Channel.SMS: []})
        sender = CodeSender(owner="varsel", email_sender="noreply@varsel.example.org")
        self.application: Application = assemble(ports, Policy(code_sender=sender))
        self.verification = self.application.verification

    async def send(
        self, who: EndUser = KARI, channel: Channel = Channel.EMAIL, address: Contact = EMAIL
    ) -> str:
        """Ask for a code: the one that was sent."""
        await self.verification.send(who, channel, address)
        return self.sent(channel)[-1]

    def sent(self, channel: Channel = Channel.EMAIL) -> list[str]:
        provider = self.memory.mail if channel is Channel.EMAIL else self.memory.sms
        return [re.findall(r"\b[0-9]{6}\b", each.body.text)[0] for each in provider.carried]

    async def verify(self, code: str, who: EndUser = KARI) -> None:
        await self.verification.verify(who, Channel.EMAIL, EMAIL, code)

    async def events(self, who: EndUser = KARI) -> Sequence[ProfileEvent]:
        profile_id = ProfileIds(self.memory.vault).of_person(who.person.text)
        return [each.event for each in await self.memory.profiles.history(profile_id)]


@pytest.fixture
def house() -> House:
    return House()


def another(code: str) -> str:
    return "100000" if code != "100000" else "100001"


async def test_the_code_that_was_sent_makes_an_address_the_persons(house: House) -> None:
    code = await house.send()
    await house.verify(code)

    assert [type(each) for each in await house.events()] == [
        ProfileOpened,
        CodeIssued,
        CodeSent,
        AddressVerified,
    ]
    assert (await house.application.profiles.profile(KARI)).is_verified(Channel.EMAIL, EMAIL)
    with pytest.raises(AlreadyVerifiedError):
        await house.send()


async def test_a_code_is_sent_by_an_order_of_the_services_own_that_an_auditor_can_follow(
    house: House,
) -> None:
    await house.send()

    (sent,) = [each for each in await house.events() if isinstance(each, CodeSent)]
    told = await house.application.audit.history(
        OrderId(sent.order_id), by=Actor(role=Role.OPERATOR, name="auditor")
    )
    assert {each.recorded_by.name for each in told} >= {"varsel"}


async def test_of_a_code_nothing_is_kept_but_a_keyed_hash(house: House) -> None:
    code = await house.send()

    (issued,) = [each for each in await house.events() if isinstance(each, CodeIssued)]
    assert code not in issued.code_hash
    assert len(issued.code_hash) == 64


async def test_a_code_goes_to_a_phone_at_any_hour_and_not_after_it_has_expired(
    house: House,
) -> None:
    house.clock.now = datetime(2026, 12, 1, 2, tzinfo=UTC)
    code = await house.send(KARI, Channel.SMS, MOBILE)
    await house.verification.verify(KARI, Channel.SMS, MOBILE, code)

    (letter,) = house.memory.sms.carried
    assert (letter.to, letter.expires_at) == (MOBILE, house.clock.now + CODE_LIVES)


@pytest.mark.parametrize(
    "language, word",
    [(Language.NB, "gjelder"), (Language.NN, "gjeld "), (Language.EN, "good for")],
)
async def test_a_code_is_told_in_the_persons_language(
    house: House, language: Language, word: str
) -> None:
    await house.application.profiles.choose(KARI, lambda _: Settings(language=language))
    await house.send()
    (letter,) = house.memory.mail.carried
    assert word in letter.body.text


@pytest.mark.parametrize(
    "record, word",
    [
        (PersonRecord(language="nn"), "gjeld "),
        (PersonRecord(language="se"), "gjelder"),
        (PersonRecord(language="nn", is_uncertain=True), "gjelder"),
    ],
)
async def test_who_chose_nothing_here_is_told_in_the_language_of_the_contact_register(
    house: House, record: PersonRecord, word: str
) -> None:
    house.persons.know(KARI.person.text, record)
    await house.send()
    (letter,) = house.memory.mail.carried
    assert word in letter.body.text


async def test_what_was_chosen_here_goes_before_the_contact_register(house: House) -> None:
    house.persons.know(KARI.person.text, PersonRecord(language="nn"))
    await house.application.profiles.choose(KARI, lambda _: Settings(language=Language.EN))
    await house.send()
    (letter,) = house.memory.mail.carried
    assert "good for" in letter.body.text


async def test_a_wrong_code_is_on_record_and_the_right_one_still_counts(house: House) -> None:
    code = await house.send()
    with pytest.raises(WrongCodeError):
        await house.verify(another(code))

    assert (await house.events())[-1] == CodeRefused(code_no=1)
    await house.verify(code)


async def test_after_five_wrong_codes_the_right_one_is_not_taken_for_an_hour(
    house: House,
) -> None:
    code = await house.send()
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCodeError):
            await house.verify(another(code))

    with pytest.raises(TooSoonError) as refused:
        await house.verify(code)
    assert refused.value.wait == LOCKED
    house.clock.now += PAUSE
    with pytest.raises(TooSoonError):
        await house.send()


async def test_many_who_guess_at_once_have_no_more_tries_than_one(house: House) -> None:
    code = await house.send()
    guesses = [house.verify(another(code)) for _ in range(20)]

    told = await asyncio.gather(*guesses, return_exceptions=True)

    assert sum(isinstance(each, WrongCodeError) for each in told) == MOST_WRONG
    assert sum(isinstance(each, TooSoonError) for each in told) == 20 - MOST_WRONG


async def test_a_code_of_one_person_is_no_code_of_another(house: House) -> None:
    code = await house.send(KARI)
    await house.send(OLA)
    with pytest.raises(WrongCodeError):
        await house.verify(code, OLA)


async def test_a_code_that_was_sent_again_makes_the_first_one_void(house: House) -> None:
    first = await house.send()
    house.clock.now += PAUSE
    second = await house.send()
    if first != second:
        with pytest.raises(WrongCodeError):
            await house.verify(first)
    await house.verify(second)


async def test_of_two_who_ask_for_a_code_at_once_one_is_sent_one(house: House) -> None:
    told = await asyncio.gather(house.send(), house.send(), return_exceptions=True)

    assert sum(isinstance(each, TooSoonError) for each in told) == 1
    assert len(house.sent()) == 1


async def test_where_no_code_could_be_sent_nobody_waits_for_the_next() -> None:
    house = House(has_providers=False)
    for _ in range(MOST_TO_AN_ADDRESS + 1):
        with pytest.raises(CodeNotSentError):
            await house.verification.send(KARI, Channel.EMAIL, EMAIL)

    assert isinstance((await house.events())[-1], CodeNotSent)
    with pytest.raises(WrongCodeError):
        await house.verify("123456")


async def use_up(house: House, who: EndUser) -> None:
    """Ask for as many codes as one person may have sent to the address in a day."""
    for _ in range(MOST_FROM_ONE):
        await house.send(who)
        house.clock.now += PAUSE


async def test_a_stranger_uses_up_what_a_stranger_may_and_nothing_of_whose_address_it_is(
    house: House,
) -> None:
    await use_up(house, OLA)
    with pytest.raises(TooSoonError):
        await house.send(OLA)

    await use_up(house, KARI)
    with pytest.raises(TooSoonError):
        await house.send(KARI)


async def test_an_address_is_sent_so_many_codes_a_day_whoever_asks(house: House) -> None:
    house.clock.now = datetime(2026, 12, 1, 22, tzinfo=UTC)
    for who in (*PEOPLE, *PEOPLE):
        await house.send(who)
        house.clock.now += PAUSE

    with pytest.raises(TooSoonError) as refused:
        await house.send(person("30817298473"))
    assert refused.value.wait == timedelta(hours=2) - MOST_TO_AN_ADDRESS * PAUSE
    assert 2 * len(PEOPLE) == MOST_TO_AN_ADDRESS
    await house.send(KARI, Channel.SMS, MOBILE)
    house.clock.now += timedelta(hours=2)
    await house.send(person("30817298473"))


async def test_however_many_strangers_ask_who_is_registered_with_the_address_is_sent_a_code(
    house: House,
) -> None:
    theirs = RegisteredAddress(address=Contact("Kari@Fjell.Example.no"))
    house.persons.know(KARI.person.text, PersonRecord(email=theirs))
    for who in [each for each in PEOPLE if each is not KARI]:
        with suppress(TooSoonError):
            await use_up(house, who)
    assert len(house.sent()) == MOST_TO_AN_ADDRESS

    await use_up(house, KARI)
    with pytest.raises(TooSoonError):
        await house.send(KARI)


async def test_what_was_refused_one_day_is_not_counted_then_and_sent_the_next(house: House) -> None:
    for who in [each for each in PEOPLE if each is not KARI]:
        with suppress(TooSoonError):
            await use_up(house, who)
    with pytest.raises(TooSoonError) as refused:
        await house.send(KARI)

    house.clock.now += refused.value.wait
    await use_up(house, KARI)
    with pytest.raises(TooSoonError):
        await house.send(KARI)
