"""What an e-mail or a text message is to say, as the second version's requests spell it."""

from collections.abc import Iterator
from typing import TypeVar

from msgspec import UNSET, UnsetType

from domain.message import (
    ContentType,
    EmailMessage,
    EmailText,
    Language,
    SendingTime,
    SmsMessage,
    SmsText,
)
from domain.personal import Content
from entrypoints.http.placing.bodies import (
    EmailLanguagesRequest,
    EmailSettingsRequest,
    EmailTextRequest,
    InstantEmailSettingsRequest,
    ScheduledEmailSettingsRequest,
    SmsLanguagesRequest,
    SmsSettingsRequest,
    SmsTextRequest,
)
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.rules import Rules

T = TypeVar("T", EmailTextRequest, SmsTextRequest)


class MessageReader:
    """Reads what is to be said, and notes every fault."""

    def __init__(self, rules: Rules, faults: Faults) -> None:
        self._rules = rules
        self._faults = faults

    def email(self, asked: InstantEmailSettingsRequest, json_path: str, path: str) -> EmailMessage:
        """What an e-mail is to say; faults are noted below the paths."""
        sender = self._rules.email_sender
        if asked.sender_email_address is not None:
            sender = check.email_address(
                asked.sender_email_address, self._faults, f"{path}.SenderEmailAddress"
            )
        content_type = check.enumeration(
            asked.content_type,
            check.CONTENT_TYPES,
            self._faults,
            json_path=f"{json_path}.contentType",
            property_path=f"{path}.ContentType",
        )
        if isinstance(asked, ScheduledEmailSettingsRequest):
            policy = self._policy(asked.sending_time_policy, json_path, path)
            if policy is SendingTime.DAYTIME:
                self._faults.broken(
                    f"{path}.SendingTimePolicy", "e-mails can only be sent at any time: Anytime"
                )
        return EmailMessage(
            sender=sender,
            subject=Content(check.subject(asked.subject, self._faults, f"{path}.Subject")),
            body=Content(check.body(asked.body, self._faults, f"{path}.Body")),
            content_type=content_type or ContentType.PLAIN,
            language=self._language(
                asked.language if isinstance(asked, EmailSettingsRequest) else None, json_path
            ),
            languages=self._emails(asked, path),
        )

    def sms(self, asked: SmsSettingsRequest, json_path: str, path: str) -> SmsMessage:
        """What a text message is to say; faults are noted below the paths."""
        policy = self._policy(asked.sending_time_policy, json_path, path)
        return SmsMessage(
            sender=check.sms_sender(
                asked.sender, self._rules.sms_sender, self._faults, f"{path}.Sender"
            ),
            body=Content(check.sms_body(asked.body, self._rules, self._faults, f"{path}.Body")),
            sending_time=policy or SendingTime.DAYTIME,
            language=self._language(asked.language, json_path),
            languages=self._texts(asked, path),
        )

    def _language(self, written: str | None, json_path: str) -> Language | UnsetType:
        if written is None:
            return UNSET
        return check.language(written, self._faults, json_path=f"{json_path}.language")

    def _emails(
        self, asked: InstantEmailSettingsRequest, path: str
    ) -> tuple[EmailText, ...] | UnsetType:
        """The same in other languages, each held to the same rules."""
        given = asked.languages if isinstance(asked, EmailSettingsRequest) else None
        if given is None:
            return UNSET
        return (
            tuple(
                EmailText(
                    language=language,
                    subject=Content(check.subject(each.subject, self._faults, f"{its}.Subject")),
                    body=Content(check.body(each.body, self._faults, f"{its}.Body")),
                )
                for language, each, its in _by_language(EmailTextRequest, given, path)
            )
            or UNSET
        )

    def _texts(self, asked: SmsSettingsRequest, path: str) -> tuple[SmsText, ...] | UnsetType:
        if asked.languages is None:
            return UNSET
        return (
            tuple(
                SmsText(
                    language=language,
                    body=Content(
                        check.sms_body(each.body, self._rules, self._faults, f"{its}.Body")
                    ),
                )
                for language, each, its in _by_language(SmsTextRequest, asked.languages, path)
            )
            or UNSET
        )

    def _policy(self, value: str | int, json_path: str, path: str) -> SendingTime | None:
        return check.enumeration(
            value,
            check.POLICIES,
            self._faults,
            json_path=f"{json_path}.sendingTimePolicy",
            property_path=f"{path}.SendingTimePolicy",
            first=check.FIRST_POLICY,
        )


def _by_language(
    kind: type[T], given: EmailLanguagesRequest | SmsLanguagesRequest, path: str
) -> Iterator[tuple[Language, T, str]]:
    """The texts that are given in other languages, with where they stand."""
    for language in Language:
        text = getattr(given, language, None)
        if isinstance(text, kind):
            yield language, text, f"{path}.Languages.{language.capitalize()}"
