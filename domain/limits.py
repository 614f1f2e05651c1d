"""How long the texts may be that come from outside, said once for everybody who takes one in.

In characters (Unicode code points). Whoever reads a request refuses what is longer, the OpenAPI document
tells it, and whoever keeps such a text may rely on it. Bodies of messages have no limit of their own:
an e-mail's is that of the whole request, a text message's is told in segments.
"""

from typing import Final

SENDERS_REFERENCE: Final = 1000
"""What a sender calls an order in its own system."""
IDEMPOTENCY_KEY: Final = 255
SUBJECT: Final = 998
"""A line of an e-mail (RFC 5322 § 2.1.1)."""
RESOURCE: Final = 255
"""A resource's URN, or what may be done with it."""
DIALOGUE: Final = 255
"""The id of a dialogue, or of a transmission in it."""

EMAIL_ADDRESS: Final = 254
"""What fits into a path of SMTP (RFC 5321 § 4.5.3.1.3, and erratum 1690 to RFC 3696)."""
MOBILE_NUMBER: Final = 64
"""A telephone number however it is written; of its digits, E.164 allows fifteen."""
NATIONAL_NUMBER: Final = 11
ORGANISATION_NUMBER: Final = 9
EXTERNAL_IDENTITY: Final = 1024
"""The URN of somebody without a national number, with an address in it that may be URL-encoded."""
SMS_SENDER: Final = 64
"""The name or number that a text message is from; what a gateway carries of it is a rule of its own."""

URL: Final = 2048
FILE_NAME: Final = 255
MEDIA_TYPE: Final = 127
"""A type and a subtype (RFC 6838 § 4.2)."""
WEBHOOK_NAME: Final = 32

PURPOSE: Final = 200
"""What recipients are looked up for, in the words of whoever asks."""

WORD: Final = 64
"""A choice by its name, a number as text, a moment or an id: what has a form of its own, and short."""
