"""Tell receivers by HTTPS, signed as Standard Webhooks says, in both of its ways.

By `v1a` (Ed25519) everybody can verify by the installation's public key, and needs no secret; by `v1`
(HMAC-SHA-256) the libraries verify that know nothing else, by the webhook's own secret.
Secrets are derived from the key file by the names that the webhooks keep, so that no table and no
backup of it holds one.
"""

import base64
import hmac
import ssl
from collections.abc import Collection, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from adapters.foreign_json import in_utf8
from adapters.guarded_http.client import GuardedClient, NotFetchedError, Resolve
from application.ports.key_vault import KeyVault
from application.ports.webhooks import DeliveryFailure, Webhook

SECONDS: Final = 15.0
_LARGEST_PROOF: Final = 4096
"""Bytes of an answer to a challenge; there is no more in it than the challenge."""
_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "varsel",
}


class WebhookSigner:
    """Signs with keys that are derived from the key file: the installation's own, and each webhook's."""

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault
        self._key = Ed25519PrivateKey.from_private_bytes(vault.keyed_hash("webhook signature", b""))

    @property
    def public_key(self) -> bytes:
        """By which everybody can verify what was signed."""
        return self._key.public_key().public_bytes_raw()

    def secret(self, secret_id: UUID) -> str:
        """The secret of that name, as Standard Webhooks writes it."""
        return f"whsec_{base64.b64encode(self._secret(secret_id)).decode()}"

    def challenge(self, webhook: Webhook) -> str:
        """What an address has to send back; it is another one for each address and secret."""
        meant = msgspec.json.encode(
            [webhook.owner, webhook.name, webhook.url, str(webhook.secret_id)]
        )
        return self._vault.keyed_hash("webhook challenge", meant).hex()

    def headers(
        self, message_id: str, at: datetime, body: bytes, secret_ids: Sequence[UUID]
    ) -> dict[str, str]:
        """The headers that a message bears: a signature by each secret, and one by the key."""
        seconds = str(int(at.timestamp()))
        signed = f"{message_id}.{seconds}.".encode() + body
        signatures = [
            ("v1", hmac.digest(self._secret(each), signed, "sha256")) for each in secret_ids
        ]
        signatures.append(("v1a", self._key.sign(signed)))
        return {
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(
                f"{version},{base64.b64encode(each).decode()}" for version, each in signatures
            ),
        }

    def _secret(self, secret_id: UUID) -> bytes:
        return self._vault.keyed_hash("webhook secret", secret_id.bytes)


class HttpWebhookClient:
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

    def secret(self, secret_id: UUID) -> str:
        return self._signer.secret(secret_id)

    def challenge(self, webhook: Webhook) -> str:
        return self._signer.challenge(webhook)

    async def prove(
        self, webhook: Webhook, *, message_id: str, at: datetime, body: bytes
    ) -> DeliveryFailure | None:
        answer = await self._posted(webhook, message_id, at, body, largest=_LARGEST_PROOF)
        if isinstance(answer, DeliveryFailure):
            return answer
        is_proved = _is_proof(answer, self._signer.challenge(webhook))
        return None if is_proved else DeliveryFailure("challenge_not_answered")

    async def deliver(
        self, webhook: Webhook, *, message_id: str, at: datetime, body: bytes
    ) -> DeliveryFailure | None:
        answer = await self._posted(webhook, message_id, at, body, largest=0)
        return answer if isinstance(answer, DeliveryFailure) else None

    async def _posted(
        self, webhook: Webhook, message_id: str, at: datetime, body: bytes, *, largest: int
    ) -> bytes | DeliveryFailure:
        """What a success said, as far as it is read."""
        signed = self._signer.headers(message_id, at, body, webhook.secret_ids(at))
        try:
            status, said = await self._client.post(
                webhook.url,
                owner=webhook.owner,
                headers=_HEADERS | signed,
                body=body,
                seconds=self._seconds,
                largest=largest,
            )
        except NotFetchedError as error:
            return DeliveryFailure(error.code)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return said
        return DeliveryFailure(f"status_{status}", is_gone=status == HTTPStatus.GONE)


class _Proof(Struct):
    challenge: str


_decode_proof: Final = msgspec.json.Decoder(_Proof).decode


def _is_proof(said: bytes, challenge: str) -> bool:
    try:
        text = in_utf8(said)
        answered = _decode_proof(text).challenge if text.lstrip()[:1] == b"{" else text.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return hmac.compare_digest(answered.strip().encode(), challenge.encode())
