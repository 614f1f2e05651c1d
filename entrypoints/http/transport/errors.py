"""What HTTP itself refuses, before the application is asked."""


class MissingScopeError(Exception):
    """The token is good, and does not allow this."""

    def __init__(self, needed: str) -> None:
        super().__init__("the token does not allow this")
        self.needed = needed
        """The scope that would."""


class LevelTooLowError(Exception):
    """The person logged in, and not surely enough for this."""

    def __init__(self, level: str) -> None:
        super().__init__("the person did not log in surely enough")
        self.level = level
        """At which level they would have to."""


class WrongCredentialsError(Exception):
    """A provider that reports did not say who it is."""

    def __init__(self, scheme: bytes) -> None:
        super().__init__("the credentials of a provider are missing or wrong")
        self.scheme = scheme


class UnsupportedMediaTypeError(Exception):
    """The body is said to be something that is not read here."""


class UnreadableLengthError(Exception):
    """How long the body is said to be is no number, or is said in two ways."""


class BodyTooLargeError(Exception):
    """The body is larger than the service takes."""


class BodyTooSlowError(Exception):
    """The body did not arrive in time."""


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


class NotAcceptableError(Exception):
    """The client takes no answer of the kind that is given here."""


class NotTakenOverError(Exception):
    """A provider certainly did not take what another of the installation's systems handed in."""


class UnreadableReportError(Exception):
    """What a provider sent is no delivery report."""
