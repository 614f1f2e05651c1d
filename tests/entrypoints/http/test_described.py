"""The API does what its document says, whatever it is sent (schemathesis)."""

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import (
    not_a_server_error,
)
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from entrypoints.http.contract import Access
from entrypoints.http.openapi import ROUTES
from tests.entrypoints.http.installation import COMPOSER, SUPPORTER, TTD, Installation

CREDENTIALS: Mapping[Access, dict[str, str]] = {
    Access.OPEN: {},
    Access.OWNER: TTD,
    Access.COMPOSED: COMPOSER,
    Access.SUPPORT: SUPPORTER,
    Access.METRICS: {"X-API-Key": "figures"},
    Access.OPERATOR: {"authorization": "Bearer own"},
    Access.SMS_GATEWAY: {"authorization": "Basic Z2F0ZXdheTpvcGVu"},
    Access.MAIL_SERVER: {"authorization": "Bearer letter"},
}
ACCESS = {route.name: route.access for route in ROUTES}

installation = Installation()
schema = schemathesis.openapi.from_asgi(
    "/openapi.json", installation.app(trigger_secret="own"), config=SchemathesisConfig()
)


@schema.parametrize()
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: Case) -> None:
    name = case.operation.definition.raw["operationId"]
    answer = case.call(headers=CREDENTIALS[ACCESS[name]])
    case.validate_response(
        answer,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
        ],
    )
