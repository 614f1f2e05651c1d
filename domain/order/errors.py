"""What an order may refuse, and the sentence that says so."""


class OrderError(Exception):
    """The order does not allow this."""


class TooLateToCancelError(OrderError):
    """The order can be cancelled until five minutes before its requested send time; that has passed."""
