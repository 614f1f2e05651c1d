"""Who was looked up, as the record of acts names them: by keyed hashes."""

from collections.abc import Sequence

from application.ports.recipient_index import RecipientIndex
from domain.operations.acts import About
from domain.recipient import Direct, ExternalIdentity, Identity, Organisation, Person


def subjects(identities: Sequence[Identity], index: RecipientIndex) -> tuple[About, ...]:
    """Those of the recipients who have to be looked up, each once; not those whose address was given."""
    return tuple(
        subject(each, index) for each in dict.fromkeys(identities) if not isinstance(each, Direct)
    )


def subject(identity: Person | Organisation | ExternalIdentity, index: RecipientIndex) -> About:
    """One of them."""
    hashed = index.identity_hash(identity)
    match identity:
        case Person():
            return About(kind="person", identity_hash=hashed)
        case Organisation():
            return About(kind="organisation", identity_hash=hashed)
        case ExternalIdentity():
            return About(kind="external_identity", identity_hash=hashed)
