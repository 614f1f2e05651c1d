"""What is refused says why to whoever may know, and nothing in its own words."""

from application.ordering.commands import MissingContact, MissingContactError
from domain.order.events import Considered, Reason, Source
from domain.recipient import RecipientNo


def test_a_refusal_bears_who_is_missing_and_its_words_name_nobody() -> None:
    missing = MissingContact(
        reminder=2,
        recipient_no=RecipientNo(0),
        considered=(Considered(source=Source.KRR, reason=Reason.NO_RECORD),),
    )

    refused = MissingContactError([missing])

    assert refused.recipients == (missing,)
    assert str(refused) == "a recipient has no contact point that could be used"
