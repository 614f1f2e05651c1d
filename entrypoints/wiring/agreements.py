"""What is agreed with the owners, and how what is written down of them comes into their records."""

from typing import Final

import structlog

from adapters.tokens.owners_file import OwnersFileError, read_owners
from application.agreeing import sender_keys
from application.envelope import Actor, Role
from application.known_owners import KnownOwners
from application.operations.owners import OwnerService
from application.ports.key_vault import KeyVault
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_agreements import OwnerAgreements
from application.recorded_agreements import RecordedAgreements, marks_of_test_recipients
from domain.agreement import ANY_SENDER_GOES, Agreement
from entrypoints.settings import Settings

log = structlog.get_logger()

OWNERS_FILE: Final = Actor(role=Role.OPERATOR, name="owners file")
"""Who decides by what an operator has written down, when the service starts."""


def agreements(settings: Settings, known: KnownOwners, vault: KeyVault) -> OwnerAgreements:
    """What is agreed with owners, by their records.

    Whoever has no list of senders may write as anybody in development, and else as the
    installation's own senders alone, which everybody may.
    """
    own = frozenset({*sender_keys(settings.email_sender), *sender_keys(settings.sms_sender)})
    usual = ANY_SENDER_GOES if settings.development_issuer else Agreement(senders=own)
    return RecordedAgreements(
        known, usual=usual, senders_of_all=own, mark=marks_of_test_recipients(vault)
    )


async def import_owners_file(settings: Settings, owners: OwnerService, vault: KeyVault) -> None:
    """Import what the owners file says otherwise than the records, if there is one.

    Where nothing can be recorded just now, what was recorded before holds, if that is something: an
    owner of whom nothing is recorded has no terms, and what it only tries out would really be sent.

    Raises:
        OwnersFileError: the file cannot be read.
        StoreUnavailableError: an owner could not be recorded who never was.
    """
    if settings.owners_file is not None:
        try:
            entries = read_owners(settings.owners_file)
        except OwnersFileError as problem:
            raise OwnersFileError(f"VARSEL_OWNERS_FILE: {problem}") from None
        try:
            differed = await owners.import_all(
                entries,
                mark=marks_of_test_recipients(vault),
                by=OWNERS_FILE,
                reason=f"{settings.owners_file} says so at start",
            )
        except StoreUnavailableError:
            if not await owners.knows_all(entries):
                raise
            log.error("owners_file_not_imported", does="goes by what was recorded before")  # noqa: TRY400
        else:
            if differed:
                log.info("owners_file_imported", owners=differed)
