"""What the readers of delivery reports have in common."""


class UnreadableReportError(ValueError):
    """This is not a delivery report; the sentence says what is wrong, and names nobody."""
