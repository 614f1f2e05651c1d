"""The issuers whose tokens are trusted, each with the rules that its tokens must keep."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from adapters.tokens.keys import KeySource

Kind: TypeAlias = Literal["maskinporten", "altinn", "platform", "idporten"]

ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512"})

DELEGATION_SOURCE: Final = "https://www.altinn.no"
"""Where an owner delegates a scope to its supplier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An issuer of tokens, under the exact name that its tokens bear, and what they must keep.

    A platform issuer may go without a name: its keys then vouch for the apps of every owner, and
    the `iss` of its tokens is the owner's short name.
    """

    kind: Kind
    name: str | None
    keys: KeySource
    audience: str | None = None
    """Whom its tokens must be for; None to ask for nobody."""
    max_lifetime: int = 3600
    """How many seconds a token may live."""
    leeway: int = 10
    """By how many seconds the issuer's clock may differ from ours."""
    algorithms: frozenset[str] = ALGORITHMS
    delegation_sources: frozenset[str] = frozenset({DELEGATION_SOURCE})

    def __post_init__(self) -> None:
        if self.name == "" or (self.name is None and self.kind != "platform"):
            raise ValueError(f"an issuer of kind {self.kind} needs a name")
        if self.kind in {"maskinporten", "idporten"} and not self.audience:
            raise ValueError(
                "tokens of Maskinporten and ID-porten are taken only for an audience of our own"
            )
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError(f"algorithms are among {', '.join(sorted(ALGORITHMS))}")
        if self.max_lifetime <= 0 or not 0 <= self.leeway <= 10:  # noqa: PLR2004  # the sentence says it
            raise ValueError("a lifetime is above 0 seconds, a leeway from 0 to 10")
