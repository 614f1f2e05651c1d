"""Whether a token was signed by a key, as joserfc tells."""

from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from typing_extensions import override

from adapters.tokens.compact import LONGEST, Compact
from adapters.tokens.issuers import ALGORITHMS
from adapters.tokens.signing_keys import SigningKey, UnsuitableKey
from application.ports.token_verifier import InvalidTokenError


class _Registry(jws.JWSRegistry):
    """joserfc's rules without those for headers, which were read more strictly already."""

    max_header_length = LONGEST

    @override
    def check_header(self, header: dict[str, Any]) -> None:
        pass


_registry = _Registry(algorithms=sorted(ALGORITHMS))


def check_signature(token: Compact, key: SigningKey | UnsuitableKey | None) -> None:
    """Whether this key, which must be fit for it, signed the token."""
    if key is None:
        raise InvalidTokenError("key_unknown")
    if isinstance(key, UnsuitableKey) or key.algorithm not in {None, token.header.alg}:
        raise InvalidTokenError("key_unsuitable")
    try:
        jws.deserialize_compact(token.text, key.public, registry=_registry)
    except (JoseError, ValueError):
        raise InvalidTokenError("signature") from None
