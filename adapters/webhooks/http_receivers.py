"""Tell receivers by HTTPS, signed as Standard Webhooks says.

Everybody can verify a signature by the public key; no receiver holds a secret.
"""

import base64
import ssl
from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.guarded_http.client import GuardedClient, NotFetchedError, Resolve
from application.ports.key_vault import KeyVault
from application.ports.webhooks import NotTaken

SECONDS: Final = 15.0
_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "varsel",
}


class WebhookSigner:
    """Signs with the installation's own Ed25519 key, which is derived from its key file."""

    def __init__(self, vault: KeyVault) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(vault.keyed_hash("webhook signature", b""))

    @property
    def public_key(self) -> bytes:
        """By which everybody can verify what was signed."""
        return self._key.public_key().public_bytes_raw()

    def headers(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The headers that a message bears."""
        seconds = str(int(at.timestamp()))
        signature = self._key.sign(f"{message_id}.{seconds}.".encode() + body)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
        }


class HttpReceivers:
    """Calls receivers, each time on a connection of its own."""

    def __init__(
        self,
        signer: WebhookSigner,
        *,
        permitted: Collection[str] = (),
        seconds: float = SECONDS,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Take what the operator decides.

        Args:
            signer: signs what is told.
            permitted: hosts and networks that need not be public, and may be called without TLS.
            seconds: how long a call may take.
            ssl_context: whose certificates are trusted.
            resolve: finds the addresses of a host; the system's own resolver by default.
        """
        self._signer = signer
        self._client = GuardedClient(permitted=permitted, ssl_context=ssl_context, resolve=resolve)
        self._seconds = seconds

    async def aclose(self) -> None:
        """Let go of what look-ups are made with."""
        await self._client.aclose()

    def refusal(self, url: str) -> str | None:
        try:
            self._client.check(url)
        except NotFetchedError as error:
            return error.code
        return None

    async def tell(
        self, url: str, *, owner: str, message_id: str, at: datetime, body: bytes
    ) -> NotTaken | None:
        headers = _HEADERS | self._signer.headers(message_id, at, body)
        try:
            status = await self._client.post(
                url, owner=owner, headers=headers, body=body, seconds=self._seconds
            )
        except NotFetchedError as error:
            return NotTaken(error.code)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        return NotTaken(f"status_{status}", is_gone=status == HTTPStatus.GONE)
