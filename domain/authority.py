"""Whether a user may act for an organisation, as whoever decides it has said."""

from enum import StrEnum


class Decision(StrEnum):
    """What is known of whether a user may do something for an organisation; anything but yes is no."""

    PERMITTED = "permitted"
    REFUSED = "refused"
    NOT_ASKED = "not_asked"
    """Nobody has decided: the question was not put, or got no answer that could be counted on."""
    UNJUDGEABLE = "unjudgeable"
    """Nobody has decided, nor will soon: whoever decides answers, and cannot judge this one."""
    UNCERTAIN = "uncertain"
    """A change of what the user may do could not be read; what was known before may not hold."""
