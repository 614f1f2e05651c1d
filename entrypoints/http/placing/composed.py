"""An e-mail composed in full, with its attachments, as `/future/orders/composed-email` takes it.

An attachment's address opens the file for whoever has it: no fault ever repeats it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec

from application.ordering.commands import NewOrder
from domain.channel import ChannelChoice
from domain.message import Attachment
from domain.order.events import Dialogue, OrderKind
from domain.personal import Contact, Content
from domain.recipient import Direct
from entrypoints.http.placing.bodies import AttachmentRequest, ComposedEmailOrderRequest
from entrypoints.http.placing.chains import ChainRequest
from entrypoints.http.placing.messages import MessageReader
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.rules import Rules

_SUBTYPES: Final[Mapping[str, str]] = {
    "text": "plain csv calendar xml",
    "application": (
        "json xml pdf rtf zip gzip ogg onenote epub+zip x-7z-compressed x-rar-compressed x-tar "
        "msword vnd.ms-excel vnd.ms-powerpoint vnd.ms-publisher vnd.ms-outlook vnd.ms-fontobject "
        "vnd.visio vnd.ms-word.document.macroenabled.12 vnd.ms-excel.sheet.macroenabled.12 "
        "vnd.ms-excel.sheet.binary.macroenabled.12 "
        "vnd.ms-powerpoint.presentation.macroenabled.12 vnd.ms-powerpoint.slideshow.macroenabled.12 "
        "vnd.openxmlformats-officedocument.wordprocessingml.document "
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet "
        "vnd.openxmlformats-officedocument.presentationml.presentation "
        "vnd.openxmlformats-officedocument.presentationml.slideshow"
    ),
    "audio": "aac midi mpeg ogg opus wav webm x-ms-wma",
    "font": "otf ttf woff woff2",
    "image": "bmp gif jpeg png svg+xml tiff vnd.microsoft.icon webp",
    "video": "3gpp 3gpp2 mp4 mpeg ogg webm x-ms-wmv x-msvideo",
}
MIME_TYPES: Final = frozenset(
    f"{kind}/{subtype}" for kind, subtypes in _SUBTYPES.items() for subtype in subtypes.split()
)
"""What may be attached, in small letters."""

_composed = BodyReader(ComposedEmailOrderRequest, "orderRequest")


def read_composed(body: bytes, rules: Rules) -> ChainRequest:
    """Read an e-mail that its sender composed in full.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _composed.read(body, faults, rules.most)
    check.key(asked.idempotency_id, faults)
    requested = check.moment(
        asked.requested_send_time,
        faults,
        json_path="$.requestedSendTime",
        property_path="RequestedSendTime",
    )
    condition = check.condition_v2(asked.condition_endpoint, faults, "ConditionEndpoint")
    recipient, path = asked.recipient, "Recipient"
    address = check.email_address(recipient.email_address, faults, f"{path}.EmailAddress")
    email = MessageReader(rules, faults).email(
        recipient.email_settings, "$.recipient.emailSettings", f"{path}.Settings"
    )
    attached = recipient.email_settings.attachments or []
    attachments = _attachments(attached, rules, faults)
    policy = check.delivery_policy(asked.delivery_policy, rules, faults)
    faults.raise_any()
    about = asked.dialogporten_association
    return ChainRequest(
        idempotency_key=asked.idempotency_id,
        kind=OrderKind.COMPOSED,
        order=NewOrder(
            requested_send_time=requested,
            channel=ChannelChoice.EMAIL,
            recipients=(Direct(email=Contact(address)),),
            email=msgspec.structs.replace(email, attachments=attachments),
            senders_reference=asked.senders_reference,
            condition=condition,
            delivery_policy=policy,
        ),
        attachments_open_until=tuple(
            until for each in attached if (until := _open_until(each.sas_url)) is not None
        ),
        reminders=(),
        dialogue=None if about is None else Dialogue(about.dialog_id, about.transmission_id),
    )


def _attachments(
    asked: list[AttachmentRequest], rules: Rules, faults: Faults
) -> tuple[Attachment, ...]:
    where = "Recipient.Settings.Attachments"
    if len(asked) > rules.max_attachments:
        faults.broken(where, f"an e-mail takes {rules.max_attachments} attachments at most")
        return ()
    for number, each in enumerate(asked):
        if (fault := _fault(each, rules)) is not None:
            member, words = fault
            name = each.filename if _is_tellable(each.filename) else "(no name)"
            faults.broken(f"{where}[{number}]{member}", f"Attachment '{name}': {words}")
    return tuple(
        Attachment(
            filename=Content(each.filename),
            mime_type=each.mime_type.strip().lower(),
            url=Content(each.sas_url),
        )
        for each in asked
    )


def _fault(asked: AttachmentRequest, rules: Rules) -> tuple[str, str] | None:
    """The first thing that is wrong with an attachment: the member, and words for it."""
    if (words := _name_fault(asked.filename)) is not None:
        return ".Filename", words
    if (words := _address_fault(asked.sas_url, rules)) is not None:
        return ".SasUrl", words
    is_readable = "r" in _query(urlsplit(asked.sas_url))["sp"]
    if _open_until(asked.sas_url) is None or not is_readable:
        return ".SasUrl", "sasUrl must say until when it may be read (se), and allow it (sp)"
    if check.is_blank(asked.mime_type):
        return ".MimeType", "say which kind of file it is: mimeType"
    if asked.mime_type.strip().lower() not in MIME_TYPES:
        return ".MimeType", "this kind of file cannot be attached"
    return None


def _open_until(address: str) -> datetime | None:
    """Until when an attachment's address opens it, as the address says."""
    return check.read_moment_text(_query(urlsplit(address)).get("se", ""))


def _is_tellable(name: str) -> bool:
    return not check.is_blank(name) and name.isprintable()


def _name_fault(name: str) -> str | None:
    if check.is_blank(name) or check.has_control_characters(name):
        return "give the file a name"
    if "/" in name or "\\" in name:
        return "filename must not hold a path"
    _, dot, extension = name.rpartition(".")
    if not (dot and extension.strip()):
        return "filename must end with an extension, as in letter.pdf"
    return None


def _address_fault(text: str, rules: Rules) -> str | None:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
        _ = parts.port
    except ValueError:
        return "sasUrl must be an absolute HTTPS address"
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if not is_plain or parts.scheme.lower() != "https" or not host or "@" in parts.netloc:
        return "sasUrl must be an absolute HTTPS address"
    if not any(_lies_at(host, allowed.lower()) for allowed in rules.attachment_hosts):
        return f"sasUrl must lie at {' or '.join(rules.attachment_hosts)}"
    query = _query(parts)
    missing = [name for name in ("se", "sp", "sig") if check.is_blank(query.get(name))]
    if missing:
        return f"sasUrl lacks {', '.join(missing)}"
    if query.get("sr", "").lower() != "b":
        return "sasUrl must open one blob: sr=b"
    return None


def _lies_at(host: str, allowed: str) -> bool:
    return host.endswith(allowed) if allowed.startswith(".") else host == allowed


def _query(parts: SplitResult) -> Mapping[str, str]:
    return dict(parse_qsl(parts.query, keep_blank_values=True))
