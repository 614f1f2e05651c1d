"""What an e-mail or a text message is to say, as the second version's requests spell it."""

from domain.message import ContentType, EmailMessage, SendingTime, SmsMessage
from domain.personal import Content
from entrypoints.http.placing.bodies import (
    EmailSettingsRequest,
    InstantEmailSettingsRequest,
    SmsSettingsRequest,
)
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.rules import Rules


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
        if isinstance(asked, EmailSettingsRequest):
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
