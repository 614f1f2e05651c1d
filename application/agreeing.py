"""Read what is agreed with owners, as operators write it down."""

from collections.abc import Collection, Iterable

import idna

from application.mail_address import AddressError, is_mailbox, read_address, read_sender
from application.phone_number import is_valid, normalise
from domain.agreement import ANY_SENDER, Agreement, email_sender_key, sms_sender_key
from domain.channel import Channel
from domain.contact_point import comparison_key
from domain.message import is_sms_sender
from domain.personal import Contact


class UnreadableAgreementError(ValueError):
    """What is said of an owner cannot be meant; the text says what is wrong, and shows no address."""


def read_agreement(
    *,
    senders: Iterable[str],
    reply_to: str | None = None,
    test_recipients: Iterable[str] = (),
) -> Agreement:
    """Read what an operator wrote down of an owner.

    Raises:
        UnreadableAgreementError: one of the words cannot be meant.
    """
    if reply_to is not None:
        try:
            read_sender(reply_to)
        except AddressError:
            raise UnreadableAgreementError(
                "replyTo is no address, as in post@example.org or An Agency <post@example.org>"
            ) from None
    return Agreement(
        senders=frozenset(key for each in enumerate(senders) for key in _keys(*each)),
        reply_to=reply_to,
        test_recipients=frozenset(_tried(*each) for each in enumerate(test_recipients)),
    )


def sender_keys(text: str) -> Collection[str]:
    """By what a sender is compared that an operator allows; none if it is none.

    A word with a dot may be a domain and a name of text messages at once. A domain beyond ASCII is
    known in both of its forms.
    """
    if text == ANY_SENDER:
        return {ANY_SENDER}
    keys = {sms_sender_key(text)} if is_sms_sender(text) else set()
    try:
        if "@" in text:
            address, _ = read_sender(text)
            keys |= {f"{address.local}@{each}" for each in _both(address.domain)}
        elif "." in text:
            keys |= set(_both(read_address(f"post@{text}").domain))
    except AddressError:
        pass
    return {email_sender_key(each) for each in keys}


def _both(domain: str) -> tuple[str, str]:
    try:
        return domain, idna.decode(domain)
    except idna.IDNAError:
        return domain, domain


def _keys(number: int, text: str) -> Collection[str]:
    if not (keys := sender_keys(text)):
        raise UnreadableAgreementError(
            f"senders[{number}] is no e-mail address, no domain and no sender of text messages"
        )
    return keys


def _tried(number: int, text: str) -> str:
    if "@" in text and is_mailbox(text):
        return comparison_key(Contact(text), Channel.EMAIL)
    if "@" not in text and is_valid(mobile := normalise(text)):
        return comparison_key(Contact(mobile), Channel.SMS)
    raise UnreadableAgreementError(
        f"testRecipients[{number}] is no e-mail address and no mobile number with its country code"
    )
