"""How a command says no."""

from entrypoints.settings import REFUSED


class Refusal(Exception):  # noqa: N818  # it is not an error, but an answer
    """The command cannot do this; the text is a line, or a few, that say why and what to do."""

    code: int = 1
    """With which the command ends."""


class RefusedSettings(Refusal):
    """With these settings, or the files that they name, nothing can be started."""

    code = REFUSED
