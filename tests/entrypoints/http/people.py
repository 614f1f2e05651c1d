"""People who log in, and what is known of them before they ask for anything."""

from application.envelope import Actor, Role
from application.profiles.profile_ids import ProfileIds
from domain.channel import Channel
from domain.personal import Contact, Identifier
from domain.profile.events import AddressVerified, ProfileEvent, ProfileOpened
from tests.entrypoints.http.installation import Installation
from tests.samples import KARI

IMPORTER = Actor(role=Role.OPERATOR, name="importer")
EMAIL, MOBILE = "kari@fjell.example.no", "+4740000001"


async def let_kari_register(installation: Installation) -> None:
    """Let Kari have shown that an e-mail address and a number are hers."""
    profile_id = ProfileIds(installation.vault).of_person(KARI.number.text)
    opened: list[ProfileEvent] = [
        ProfileOpened(person=KARI.number, user=Identifier("20001111")),
        AddressVerified(code_no=1, channel=Channel.EMAIL, address=Contact(EMAIL)),
        AddressVerified(code_no=2, channel=Channel.SMS, address=Contact(MOBILE)),
    ]
    before = await installation.profiles.load(profile_id)
    await installation.profiles.append(before, opened, by=IMPORTER)
