"""How organisations' addresses are written back: what is sent, and what is answered to it."""

import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web
from msgspec import Struct

from entrypoints.sandbox.registers.addresses import Kind
from entrypoints.sandbox.registers.errors import UnknownError, UnknownOrganisationError


class _Email(Struct, frozen=True):
    domenenavn: str
    brukernavn: str


class _Mobile(Struct, frozen=True):
    nasjonaltNummer: str  # noqa: N815  # the register's own spelling
    internasjonaltPrefiks: str | None = None  # noqa: N815  # the same


class _Alert(Struct, frozen=True):
    epostadresse: _Email | None = None
    mobiltelefon: _Mobile | None = None


class _Identifier(Struct, frozen=True):
    verdi: str


class _Unit(Struct, frozen=True):
    enhetsidentifikator: _Identifier


class _Contact(
    Struct,
    frozen=True,
    rename={"alert": "digitalVarslingsinformasjon", "unit": "kontaktinformasjonForEnhet"},
):
    alert: _Alert
    unit: _Unit


class WrittenBack(Struct, frozen=True, rename={"contact": "Kontaktinformasjon"}):
    """An address as it is sent to the register."""

    contact: _Contact

    @property
    def organisation(self) -> str:
        """Whose address it is."""
        return self.contact.unit.enhetsidentifikator.verdi

    @property
    def address(self) -> tuple[Kind, str]:
        """The address, and its kind.

        Raises:
            UnknownError: there is none, or more than one.
        """
        match (self.contact.alert.epostadresse, self.contact.alert.mobiltelefon):
            case (_Email() as email, None):
                return "email", f"{email.brukernavn}@{email.domenenavn}"
            case (None, _Mobile() as mobile):
                return "mobile", (mobile.internasjonaltPrefiks or "") + mobile.nasjonaltNummer
            case _:
                raise UnknownError("exactly one of epostadresse and mobiltelefon is needed")


def answered(write: Callable[[], str], sent: WrittenBack | None = None) -> web.Response:
    """Write an address back and answer as the register does: 200, whatever comes of it."""
    try:
        registry_id = write()
    except UnknownOrganisationError:
        number = "" if sent is None else sent.organisation
        return _answer(details=f"{number} is not a valid norwegian organization number")
    except UnknownError as problem:
        return _answer(details=str(problem))
    return _answer(registry_id)


def _answer(registry_id: str | None = None, *, details: str | None = None) -> web.Response:
    is_written = registry_id is not None
    told: dict[str, Any] = {
        "status": "OK" if is_written else "VALIDATION_ERROR",
        "boolResult": is_written,
        "addressId": registry_id,
        "traceId": secrets.token_hex(8),
        "details": details,
    }
    return web.json_response(told)
