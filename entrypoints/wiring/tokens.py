"""Tokens: whose are taken, and those of our own that others expect."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from adapters.tokens.development import OWNERS, DevelopmentIssuer, number_of
from adapters.tokens.discovery import Discovery, metadata_url
from adapters.tokens.identities import is_short_name
from adapters.tokens.issuers import Issuer
from adapters.tokens.issuers import Kind as IssuerKind
from adapters.tokens.keys import JwksKeys
from adapters.tokens.maskinporten import ClientKeyError, MaskinportenClient, NoTokenError
from adapters.tokens.organisations import is_organisation_number
from adapters.tokens.owners_file import read_owners
from adapters.tokens.verifier import JwtVerifier
from application.caller import CONDITION
from application.known_owners import KnownOwners
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import BUSINESSES
from application.ports.token_verifier import TokenVerifier
from application.setting import SettingError
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now

KRR_SCOPES: Final = " ".join(
    f"krr:global/{name}.read" for name in ("digitalpost", "kontaktinformasjon", "hentendring")
)
"""What the change feed of the contact register is read with."""
ISSUER: Final = "/development/"
"""The path below which the development issuer tells of itself."""


def development_issuer(data: Path, base_url: str) -> DevelopmentIssuer:
    """The issuer of tokens for trying things out, by its key in the data folder."""
    return DevelopmentIssuer(data / "development-issuer.pem", f"{base_url}{ISSUER}")


def organisation_of(settings: Settings, owner: str, number: str | None = None) -> str:
    """Under which organisation number the development issuer issues for an owner: the given one, if any.

    Raises:
        OwnersFileError: the file of owners cannot be read.
        ValueError: the service would take no such token; the text is one line that says why.
    """
    if not is_short_name(owner):
        raise ValueError(f"{owner} is no short name of an owner: write small letters and digits")
    file = None if settings.owners_file is None else _numbers(settings.owners_file)
    number = number or (number_of(owner) if file is None else _first_of(file, owner))
    if number is None:
        raise ValueError(f"{owner} is no owner: {settings.owners_file} does not name it")
    if not is_organisation_number(number):
        raise ValueError(f"{number} is no organisation number: its last digit checks the others")
    known = OWNERS.get(number) if file is None else file.get(number)
    if known not in {owner, None} or (known is None and file is not None):
        raise ValueError(f"{number} is {'nobody' if known is None else known}'s, and not {owner}'s")
    return number


def _numbers(file: Path) -> Mapping[str, str]:
    return {number: each.name for each in read_owners(file) for number in each.organisations}


def _first_of(names: Mapping[str, str], owner: str) -> str | None:
    return next((number for number, name in names.items() if name == owner), None)


def documents(settings: Settings) -> Mapping[str, bytes]:
    """What the development issuer tells of itself to whoever verifies its tokens."""
    if not settings.development_issuer:
        return {}
    development = development_issuer(settings.data, settings.base_url)
    keys_at = f"{ISSUER}jwks"
    metadata = development.metadata(f"{settings.base_url}{keys_at}")
    return {
        keys_at: msgspec.json.encode(development.jwks()),
        f"{ISSUER}.well-known/openid-configuration": msgspec.json.encode(metadata),
    }


async def verifier(settings: Settings, stack: AsyncExitStack, known: KnownOwners) -> TokenVerifier:
    """Who judges tokens, by the keys of every issuer that the settings name."""
    configured: Sequence[tuple[IssuerKind, str | None, str | None]] = (
        ("maskinporten", settings.maskinporten_issuer, settings.maskinporten_audience),
        ("altinn", settings.altinn_issuer, None),
        ("platform", settings.platform_issuer, None),
        ("idporten", settings.idporten_issuer, settings.idporten_audience),
    )
    issuers: list[Issuer] = []
    fetching: list[Awaitable[None]] = []
    for kind, address, audience in configured:
        if address is None:
            continue
        keys = JwksKeys(_discovery(kind, address), file=settings.data / f"keys-of-{kind}.json")
        fetching.append(keys.start())
        stack.push_async_callback(keys.stop)
        issuers.append(
            Issuer(
                kind=kind,
                name=None if kind == "platform" else address,
                keys=keys,
                audience=audience,
                delegation_sources=frozenset(settings.maskinporten_delegation_sources),
            )
        )
    await asyncio.gather(*fetching)  # an issuer that hangs does not hold up the others
    if settings.development_issuer:
        development = development_issuer(settings.data, settings.base_url)
        issuers.append(development.issuer("altinn"))
        issuers.append(development.issuer("maskinporten", audience=settings.base_url))
        issuers.append(development.issuer("idporten", audience=settings.base_url))
        if settings.platform_issuer is None:
            issuers.append(development.issuer("platform"))
    owners, is_active = _owners(settings, known)
    knows_whom_it_issues_for = settings.owners_file is None and not fetching
    return JwtVerifier(
        issuers=issuers,
        owners=owners,
        is_active=is_active,
        clock=utc_now,
        owner_is_organisation=settings.owner_is_organisation
        or (settings.development_issuer and knows_whom_it_issues_for),
    )


def _owners(
    settings: Settings, known: KnownOwners
) -> tuple[Callable[[str], str | None], Callable[[str], bool] | None]:
    """Who is an owner now: by organisation number, and by short name.

    Those that are registered; without a file, in development, also those of the development issuer.
    """
    if settings.owners_file is None and settings.development_issuer:
        return lambda number: known.short_name(number) or OWNERS.get(number), None
    return known.short_name, known.may_order


def condition_token(settings: Settings) -> Callable[[str], Awaitable[str]] | None:
    """What gives a token of ours for a send condition; None without a client of our own."""
    client = _client(settings)
    if client is None:
        return None

    async def for_host(host: str) -> str:  # noqa: ARG001  # the same for every host that expects one
        return await client.token(CONDITION)

    return for_host


def krr_token(settings: Settings) -> Callable[[], Awaitable[str]]:
    """What gives a token for the contact register's change feed."""
    client = _client(settings)
    if client is None or settings.krr_token is not None:
        return constant(settings.krr_token or "")
    return partial(client.token, KRR_SCOPES)


def businesses_token(settings: Settings) -> Callable[[], Awaitable[str]] | None:
    """What gives a token for the feed of businesses' addresses; None where there is none to give."""
    if settings.businesses_token is not None:
        return constant(settings.businesses_token)
    client = _client(settings)
    if client is None or settings.businesses_scope is None:
        return None
    return partial(client.token, settings.businesses_scope)


def decision_point_credentials(settings: Settings) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """What gives the headers by which the decision point knows us: our key, a token, or both."""
    client = None if settings.decision_point_scope is None else _client(settings)
    scope = settings.decision_point_scope or ""
    key = settings.decision_point_key

    async def give() -> Mapping[str, str]:
        return {
            **({} if key is None else {"Ocp-Apim-Subscription-Key": key}),
            **({} if client is None else {"Authorization": f"Bearer {await client.token(scope)}"}),
        }

    return give


def businesses_write_token(settings: Settings) -> Callable[[], Awaitable[str]] | None:
    """What gives a token for changes of businesses' addresses; None where there is none to give."""
    if settings.businesses_token is not None:
        return constant(settings.businesses_token)
    client = _client(settings)
    if client is None or settings.businesses_write_scope is None:
        return None
    scope = settings.businesses_write_scope

    async def give() -> str:
        try:
            return await client.token(scope)
        except NoTokenError as why:
            raise RegistryUnavailableError(BUSINESSES, str(why)) from None

    return give


def constant(token: str) -> Callable[[], Awaitable[str]]:
    """What gives the same token every time."""

    async def give() -> str:
        return token

    return give


def _client(settings: Settings) -> MaskinportenClient | None:
    """Our own client at Maskinporten, if we have one.

    Raises:
        SettingError: its key cannot be read.
    """
    address, client_id = settings.maskinporten_issuer, settings.maskinporten_client_id
    if address is None or client_id is None or settings.maskinporten_client_key is None:
        return None
    try:
        return MaskinportenClient(
            _discovery("maskinporten", address),
            client_id=client_id,
            key_file=settings.maskinporten_client_key,
            key_id=settings.maskinporten_client_key_id,
        )
    except ClientKeyError as problem:
        raise SettingError(f"VARSEL_MASKINPORTEN_CLIENT_KEY: {problem}") from None


def _discovery(kind: IssuerKind, address: str) -> Discovery:
    return Discovery(
        issuer=address, url=metadata_url(kind, address), allow_http=address.startswith("http:")
    )
