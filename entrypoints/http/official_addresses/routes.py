"""The official addresses of organisations, seen and changed by those who may act for them."""

from typing import Any, Final

from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.assembly import Application
from application.caller import EndUser
from domain import limits
from domain.official_address import AddressNotFoundError, TwinError
from entrypoints.http.official_addresses import responses as told
from entrypoints.http.official_addresses.requests import (
    OfficialAddressRequest,
    read_address,
    read_address_id,
    read_organisation,
)
from entrypoints.http.official_addresses.responses import (
    OfficialAddressAnswer,
    OfficialAddressesAnswer,
)
from entrypoints.http.transport.contract import Access, Body, Parameter, Reply, operation
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.problem_types import Plain, PlainProblem, ValidationProblem
from entrypoints.http.transport.problems import as_response, refused
from entrypoints.http.transport.responses import Answer
from entrypoints.http.transport.responses import told as in_words

PROFILE: Final = "/profile/api/v1"
ALL: Final = f"{PROFILE}/organizations/{{organization}}/notificationaddresses/mandatory"
ONE: Final = f"{ALL}/{{address}}"
_TAG: Final = "Official addresses"
_LARGEST: Final = 16 * 1024

_ORGANISATION: Final = Parameter(
    name="organization",
    words="The organisation number, nine digits.",
    most=limits.ORGANISATION_NUMBER,
    example="314022009",
)
_ADDRESS: Final = Parameter(
    name="address", words="The address's number.", most=16, example="4294967297"
)
_TAKES: Final = Body(
    media_types=["application/json"],
    most_bytes=_LARGEST,
    kind=OfficialAddressRequest,
    example={"email": "post@fjell.example.no"},
)
_EXAMPLE: Final = {
    "notificationAddressId": 4294967297,
    "countryCode": None,
    "email": "post@fjell.example.no",
    "phone": None,
    "status": "InUse",
    "refusal": None,
}
_PENDING: Final = _EXAMPLE | {"notificationAddressId": 17, "status": "Pending"}
_NOT_PERMITTED: Final = Reply(
    words="The person may not do this for the organisation (`not_permitted`).", kind=PlainProblem
)
_NOT_FOUND: Final = Reply(words="The organisation has no such address.", kind=PlainProblem)
_UNFIT: Final = Reply(
    words="A number is none, or the address is none that could be used.", kind=ValidationProblem
)
_LATER: Final = Reply(
    words=(
        "It cannot be done now, as where nobody can tell whether the person may do it "
        "(`authority_undecided`); try again after the time that is told."
    ),
    kind=PlainProblem,
    headers={"Retry-After": "Seconds."},
)
_UNDER_WAY: Final = (
    "A change of the address is on its way already (`change_under_way`), or the register did not take "
    "it (`address_refused`)"
)


def _twin(request: Request[Any, Any, Any], error: TwinError) -> Response[bytes]:
    """Where the address is that the organisation has already."""
    organisation = request.path_params["organization"]
    problem = Plain(
        409,
        "address_exists",
        "The organisation has that address already.",
        instance=ONE.format(organization=organisation, address=error.twin),
    )
    return as_response(refused(problem, request.scope))


@operation(
    "GET",
    ALL,
    name="listOfficialAddresses",
    access=Access.END_USER,
    tag=_TAG,
    parameters=[_ORGANISATION],
    replies={
        200: Reply(
            words="The addresses, with those that are still to be.",
            example={"organizationNumber": "314022009", "notificationAddresses": [_EXAMPLE]},
        ),
        400: _UNFIT,
        403: _NOT_PERMITTED,
        404: Reply(words="The organisation has none of its own.", kind=PlainProblem),
        503: _LATER,
    },
)
async def list_official_addresses(
    organization: FromPath[str],
    request: Request[EndUser, Any, Any],
    application: NamedDependency[Application],
) -> OfficialAddressesAnswer:
    """The addresses at which an organisation has asked to be reached, its main unit's not among them.

    An address counts when the register has it (`InUse`); until then it is `Pending`, or `Refused`.
    """
    known = await application.official_addresses.addresses(
        read_organisation(organization), by=request.user
    )
    if not known.listed:
        raise AddressNotFoundError
    return told.addresses(known)


@operation(
    "GET",
    ONE,
    name="readOfficialAddress",
    access=Access.END_USER,
    tag=_TAG,
    parameters=[_ORGANISATION, _ADDRESS],
    replies={
        200: Reply(words="The address.", example=_EXAMPLE),
        400: _UNFIT,
        403: _NOT_PERMITTED,
        404: _NOT_FOUND,
        503: _LATER,
    },
)
async def read_official_address(
    organization: FromPath[str],
    address: FromPath[str],
    request: Request[EndUser, Any, Any],
    application: NamedDependency[Application],
) -> OfficialAddressAnswer:
    """One address of an organisation.

    It is found for ninety days by the number under which it was asked for, too.
    """
    number, address_id = read_organisation(organization), read_address_id(address)
    known = await application.official_addresses.addresses(number, by=request.user)
    return told.address(known.find(address_id))


@operation(
    "POST",
    ALL,
    name="addOfficialAddress",
    access=Access.END_USER,
    tag=_TAG,
    parameters=[_ORGANISATION],
    takes=_TAKES,
    replies={
        200: Reply(
            words="The organisation has that address already.",
            kind=OfficialAddressAnswer,
            example=_EXAMPLE,
        ),
        201: Reply(
            words="The address is on record, and on its way to the register.",
            kind=OfficialAddressAnswer,
            example=_PENDING,
            headers={"Location": "Where to see what becomes of it."},
        ),
        400: _UNFIT,
        403: _NOT_PERMITTED,
        409: Reply(words=f"{_UNDER_WAY}.", kind=PlainProblem),
        503: _LATER,
    },
)
async def add_official_address(
    organization: FromPath[str],
    content: NamedDependency[bytes],
    request: Request[EndUser, Any, Any],
    application: NamedDependency[Application],
    links: NamedDependency[Links],
) -> Answer:
    """Have an address added to those of an organisation.

    It is used when the register has it, and its feed has brought it here.
    """
    number, place = read_organisation(organization), read_address(content)
    listed, is_new = await application.official_addresses.add(number, place, by=request.user)
    if not is_new:
        return in_words(told.address(listed))
    location = links.absolute(ONE.format(organization=number, address=listed.address_id))
    return in_words(told.address(listed), 201, ((b"location", location.encode()),))


@operation(
    "PUT",
    ONE,
    name="replaceOfficialAddress",
    access=Access.END_USER,
    tag=_TAG,
    parameters=[_ORGANISATION, _ADDRESS],
    takes=_TAKES,
    replies={
        200: Reply(words="The new address; the old one is used until then.", example=_PENDING),
        400: _UNFIT,
        403: _NOT_PERMITTED,
        404: _NOT_FOUND,
        409: Reply(
            words=f"{_UNDER_WAY}, or the organisation has the new one (`address_exists`).",
            kind=PlainProblem,
        ),
        503: _LATER,
    },
    refusals={TwinError: _twin},
)
async def replace_official_address(
    organization: FromPath[str],
    address: FromPath[str],
    content: NamedDependency[bytes],
    request: Request[EndUser, Any, Any],
    application: NamedDependency[Application],
) -> OfficialAddressAnswer:
    """Have another address put in the place of one.

    The new one has a number of its own until the register has it; then it is found by both.
    """
    number, address_id = read_organisation(organization), read_address_id(address)
    listed = await application.official_addresses.replace(
        number,
        address_id,
        read_address(content),
        by=request.user,
    )
    return told.address(listed)


@operation(
    "DELETE",
    ONE,
    name="removeOfficialAddress",
    access=Access.END_USER,
    tag=_TAG,
    parameters=[_ORGANISATION, _ADDRESS],
    replies={
        200: Reply(words="The address that goes.", example=_EXAMPLE),
        400: _UNFIT,
        403: _NOT_PERMITTED,
        404: _NOT_FOUND,
        409: Reply(
            words=f"{_UNDER_WAY}, or it is the last one that stays (`last_address`).",
            kind=PlainProblem,
        ),
        503: _LATER,
    },
)
async def remove_official_address(
    organization: FromPath[str],
    address: FromPath[str],
    request: Request[EndUser, Any, Any],
    application: NamedDependency[Application],
) -> OfficialAddressAnswer:
    """Have an address removed from those of an organisation; one stays at least.

    One that the register did not take is dismissed.
    """
    number, address_id = read_organisation(organization), read_address_id(address)
    gone = await application.official_addresses.remove(number, address_id, by=request.user)
    return told.address(gone)


ROUTES: Final = (
    list_official_addresses,
    read_official_address,
    add_official_address,
    replace_official_address,
    remove_official_address,
)
