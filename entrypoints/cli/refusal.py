"""How a command says no."""


class Refusal(Exception):  # noqa: N818  # it is not an error, but an answer
    """The command cannot do this; the text is one line that says why and what to do."""
