"""Pages as the registers deliver them."""

import json
from typing import Any

from adapters.registries.importing import Kind
from contracts.registries_contract import (
    BELOW_MOVED,
    BELOW_UNSURE,
    DELETED,
    KARI,
    LOW_SUB_UNIT,
    MOVED_SUB_UNIT,
    ODD_SUB_UNIT,
    OWN_SUB_UNIT,
    RESERVED,
    SUB_UNIT,
    UNIT,
    UNSURE,
    UNSURE_SUB_UNIT,
    UNSURE_UNIT,
)

Json = dict[str, Any]


def person(
    number: str, *, email: str | None = None, mobile: str | None = None, **more: str
) -> Json:
    when = "2026-11-01T09:00:00+01"
    known = {
        **({} if email is None else {"epostadresse": email, "epostadresse_oppdatert": when}),
        **(
            {}
            if mobile is None
            else {"mobiltelefonnummer": mobile, "mobiltelefonnummer_oppdatert": when}
        ),
    }
    return {
        "personidentifikator": number,
        "reservasjon": "NEI",
        "status": "AKTIV",
        "varslingsstatus": "KAN_VARSLES",
        "kontaktinformasjon": known,
    } | more


def krr(*persons: object, start: int = 0, end: int = 1, newest: int | None = None) -> bytes:
    return json.dumps(
        {
            "list": persons,
            "fraEndringsId": start,
            "tilEndringsId": end,
            "sisteEndringsId": end if newest is None else newest,
        }
    ).encode()


def email(registry_id: str, organisation: str, address: str, updated: str = "01") -> Json:
    user, _, domain = address.partition("@")
    alert = {"epostadresse": {"navn": address, "domenenavn": domain, "brukernavn": user}}
    return _entry(registry_id, organisation, alert, updated)


def mobile(registry_id: str, organisation: str, number: str, prefix: str | None = "47") -> Json:
    alert = {"mobiltelefon": {"internasjonaltPrefiks": prefix, "nasjonaltNummer": number}}
    return _entry(registry_id, organisation, alert, "01")


def unread(registry_id: str, organisation: str, updated: str = "02") -> Json:
    """A change of an address that says no place that can be read."""
    return _entry(registry_id, organisation, {"epostadresse": {"brukernavn": 5}}, updated)


def gone(registry_id: str, updated: str = "02") -> Json:
    return {"id": registry_id, "updated": _time(updated), "isdeleted": True}


def _time(minute: str) -> str:
    return f"2026-11-01T06:{minute}:00.1234567Z"


def _entry(registry_id: str, organisation: str, alert: Json, updated: str) -> Json:
    unit = {"enhetsidentifikator": {"verdi": organisation, "type": "ORGANISASJONSNUMMER"}}
    contact = {"digitalVarslingsinformasjon": alert, "kontaktinformasjonForEnhet": unit}
    return {
        "title": "an address",
        "id": registry_id,
        "updated": _time(updated),
        "isdeleted": False,
        "content": json.dumps({"Kontaktinformasjon": contact}),
    }


def addresses(*entries: object, next_page: str | None = None) -> bytes:
    page: Json = {"title": "addresses", "entries": entries}
    return json.dumps(page if next_page is None else {**page, "nextPage": next_page}).encode()


def units(*entries: object) -> bytes:
    return json.dumps({"_embedded": {"underenheter": entries}}).encode()


def unit(number: str, main_unit: str | None = None, name: str = "FIRMA AS") -> Json:
    return {"organisasjonsnummer": number, "navn": name, "overordnetEnhet": main_unit}


KNOWN: list[tuple[Kind, bytes]] = [
    (
        "krr",
        krr(
            person(KARI, email="kari@post.example.no", mobile="40000001"),
            person(RESERVED, mobile="123", reservasjon="JA", varslingsstatus="KAN_IKKE_VARSLES"),
            person(
                DELETED,
                email="gone@post.example.no",
                status="SLETTET",
                varslingsstatus="KAN_IKKE_VARSLES",
            ),
        ),
    ),
    (
        "businesses",
        addresses(
            email("a" * 32, UNIT, "post@fjell.example.no"),
            mobile("b" * 32, UNIT, "40000010"),
            email("c" * 32, OWN_SUB_UNIT, "own@fjell.example.no"),
            mobile("d" * 32, ODD_SUB_UNIT, "123"),
        ),
    ),
    (
        "businesses",
        units(
            unit(UNIT, name="FJELL OG FJORD AS"),
            unit(SUB_UNIT, UNIT),
            unit(OWN_SUB_UNIT, UNIT),
            unit(ODD_SUB_UNIT, UNIT),
            unit(LOW_SUB_UNIT, SUB_UNIT),
            unit(BELOW_UNSURE, UNSURE_SUB_UNIT),
            unit(BELOW_MOVED, MOVED_SUB_UNIT),
        ),
    ),
    (
        "profiles",
        json.dumps(
            {
                "profiles": [
                    {
                        "user": "1",
                        "organisation": UNIT,
                        "resources": [],
                        "email": "one@fjell.example.no",
                        "emailVerified": True,
                        "mobile": "+4740000021",
                        "mobileVerified": False,
                    },
                    {
                        "user": "2",
                        "organisation": UNIT,
                        "resources": ["urn:altinn:resource:tax-2026"],
                        "email": "two@fjell.example.no",
                        "emailVerified": True,
                        "mobile": "40000022",
                        "mobileVerified": True,
                    },
                ],
                "grants": [
                    {
                        "user": "1",
                        "organisation": UNIT,
                        "resource": "urn:altinn:resource:tax-2026",
                        "action": "read",
                    },
                    {"user": "2", "organisation": UNIT, "resource": "tax-2026", "action": "write"},
                    {"user": "2", "organisation": SUB_UNIT, "resource": "tax-2026"},
                ],
                "selfIdentified": [
                    {
                        "username": "Sigrid",
                        "email": "sigrid@post.example.org",
                        "mobile": "40000031",
                    },
                    {"username": "epost:user@post.example.org", "mobile": "+4740000032"},
                ],
            }
        ).encode(),
    ),
    ("names", json.dumps({"partyNames": [{"ssn": KARI, "name": "Kari Nordmann"}]}).encode()),
    # Each of these can be read, and then changes in a way that cannot.
    ("krr", krr(person(UNSURE, email="unsure@post.example.no"), start=1, end=2)),
    ("krr", krr(person(UNSURE, reservasjon="Ja"), start=2, end=3)),
    (
        "businesses",
        addresses(
            email("e" * 32, UNSURE_UNIT, "sure@unsure.example.no"),
            email("f" * 32, UNSURE_UNIT, "unsure@unsure.example.no"),
            email("0" * 32, UNSURE_SUB_UNIT, "unsure@unsure.example.no"),
        ),
    ),
    (
        "businesses",
        addresses(unread("f" * 32, UNSURE_UNIT), unread("0" * 32, UNSURE_SUB_UNIT)),
    ),
    (
        "businesses",
        units(unit(UNSURE_UNIT), unit(UNSURE_SUB_UNIT, UNIT), unit(MOVED_SUB_UNIT, UNIT)),
    ),
    ("businesses", units(unit(MOVED_SUB_UNIT, "elsewhere"))),
    (
        "profiles",
        json.dumps(
            {
                "profiles": [
                    {
                        "user": "3",
                        "organisation": UNSURE_UNIT,
                        "email": "three@unsure.example.no",
                        "emailVerified": True,
                    }
                ],
                "grants": [
                    {"user": "3", "organisation": UNSURE_UNIT, "resource": "tax-2026"},
                ],
                "selfIdentified": [
                    {"username": "unsure", "email": "unsure@post.example.org"},
                    {"username": "epost:unsure@post.example.org", "mobile": "40000033"},
                ],
            }
        ).encode(),
    ),
    (
        "profiles",
        json.dumps(
            {
                "profiles": [{"user": "3", "organisation": UNSURE_UNIT, "withdrawn": "yes"}],
                "selfIdentified": [
                    {"username": "Unsure", "email": 5},
                    {"username": "epost:unsure@post.example.org", "mobile": 5},
                ],
            }
        ).encode(),
    ),
]
