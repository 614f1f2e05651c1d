"""What is agreed with the owners."""

from adapters.memory.owner_agreements import InMemoryOwnerAgreements
from adapters.tokens.owners_file import OwnersFile
from application.agreeing import sender_keys
from application.ports.owner_agreements import OwnerAgreements
from domain.agreement import ANY_SENDER_GOES, Agreement
from entrypoints.settings import Settings


def agreements(settings: Settings) -> OwnerAgreements:
    """What is agreed with owners, by the file of owners if there is one.

    Whoever has no list of senders may write as anybody in development, and else as the
    installation's own senders alone, which everybody may.

    Raises:
        OwnersFileError: the file cannot be read.
    """
    own = frozenset({*sender_keys(settings.email_sender), *sender_keys(settings.sms_sender)})
    usual = ANY_SENDER_GOES if settings.development_issuer else Agreement(senders=own)
    if settings.owners_file is None:
        return InMemoryOwnerAgreements(usual=usual)
    return OwnersFile(settings.owners_file, usual=usual, senders_of_all=own)
