"""What the stand-ins for the registers refuse."""

from http import HTTPStatus


class UnknownError(Exception):
    """What is asked for cannot be done; the text is one line that says why, without any number."""


class UnknownOrganisationError(UnknownError):
    """No organisation can have such a number."""


class RegistersInUseError(Exception):
    """Other stand-ins keep their changes in this folder; the text says what to do."""


class RefusedRequestError(Exception):
    """A request gets no answer but a status; the text says why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
