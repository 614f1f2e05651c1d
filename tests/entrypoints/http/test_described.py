"""The API does what its document says, whatever it is sent (schemathesis)."""

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, SerializationContext
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from entrypoints.http.transport.contract import Access
from tests.entrypoints.http.described import ROUTES
from tests.entrypoints.http.installation import (
    COMPOSER,
    HERSELF,
    LOOKER,
    SERVICE,
    SUPPORTER,
    TTD,
    Installation,
)

CREDENTIALS: Mapping[Access, dict[str, str]] = {
    Access.OPEN: {},
    Access.OWNER: TTD,
    Access.COMPOSED: COMPOSER,
    Access.SUPPORT: SUPPORTER,
    Access.LOOKUP: LOOKER,
    Access.CONTACT_POINTS: SERVICE,
    Access.END_USER: HERSELF,
    Access.METRICS: {"X-API-Key": "figures"},
    Access.FIGURES: SUPPORTER,
    Access.OPERATOR: {"authorization": "Bearer own"},
    Access.SMS_GATEWAY: {"authorization": "Basic Z2F0ZXdheTpvcGVu"},
    Access.MAIL_SERVER: {"authorization": "Bearer letter"},
}
ACCESS = {route.name: route.access for route in ROUTES}


@schemathesis.serializer("message/rfc822")
def as_it_is(_: SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


REFUSED = ["400", "401", "403", "404", "406", "413", "415", "422"]
"""How a body that is against its schema is refused: also for its length alone, before it is read."""

installation = Installation()
schema = schemathesis.openapi.from_asgi(
    "/openapi.json",
    installation.app(trigger_secret="own"),
    config=SchemathesisConfig.from_dict(
        {"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}}
    ),
)


@schema.auth()
class Tokens:
    """Shows each door the credentials that it asks for."""

    def get(self, case: Case[Any], context: object) -> Mapping[str, str]:  # noqa: ARG002  # as it is asked
        return CREDENTIALS[ACCESS[case.operation.definition.raw["operationId"]]]

    def set(self, case: Case[Any], data: Mapping[str, str], context: object) -> None:  # noqa: ARG002
        case.headers.update(data)


def examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )


@schema.parametrize()
@examples(8)
def test_every_answer_is_as_described(case: Case[Any]) -> None:
    # Rules such as "the time must not have passed" are in no schema: what fits it may be refused.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@pytest.mark.soak
@schema.parametrize()
@examples(40)
def test_every_answer_of_very_many_is_as_described(case: Case[Any]) -> None:
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
