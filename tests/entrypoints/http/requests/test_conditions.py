import pytest

from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.orders import read_email_order
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    EMAIL_ORDER,
    chain,
    one,
    places,
    reminded,
)

BOTH = [
    "https://example.org",
    "http://example.org/ok",
    "HTTPS://Example.ORG/ok?a=b&c=d#e",
    "https://example.org:8443/ok",
    "https://sub.sub-domain.example.org/a/b/",
    "https://1.example.org/",
]
V2_ONLY = [
    "http://localhost/ok",
    "http://localhost:5000/ok",
    "https://intern/ok",
    "https://10.0.0.1/ok",
    "https://[::1]/ok",
    "https://example.o/ok",
    "https://example.123/ok",
]
NEITHER = [
    "",
    " ",
    "/relative",
    "example.org/ok",
    "//example.org/ok",
    "https:",
    "https://",
    "https:///ok",
    "https:example.org",
    "https://example.org:port/",
    "https://example.org:99999/",
    "https://exa mple.org/",
    " https://example.org/",
    "https://example.org/\n",
    "https://example.org/\x00",
    "https://[::1/",
    "https://example.org/æ",
]
OTHER_SCHEME = [
    "ftp://example.org/ok",
    "file:///etc/passwd",
    "gopher://example.org/",
    "javascript:alert(1)",
    "urn:altinn:x",
]


@pytest.mark.parametrize("url", BOTH)
def test_a_condition_is_asked_at_a_web_address(url: str) -> None:
    order = one({**EMAIL_ORDER, "conditionEndpoint": url}, read_email_order)
    assert order.condition == url
    assert chain({**CHAIN, "conditionEndpoint": url}).order.condition == url


@pytest.mark.parametrize("url", V2_ONLY)
def test_only_v2_takes_a_host_without_a_name_in_the_dns(url: str) -> None:
    assert places(read_email_order, {**EMAIL_ORDER, "conditionEndpoint": url}) == [
        "ConditionEndpoint"
    ]
    assert chain({**CHAIN, "conditionEndpoint": url}).order.condition == url


@pytest.mark.parametrize("url", [*NEITHER, *OTHER_SCHEME])
def test_anything_else_is_refused(url: str) -> None:
    told = "$.conditionEndpoint" if "\x00" in url else "ConditionEndpoint"
    assert told in places(read_email_order, {**EMAIL_ORDER, "conditionEndpoint": url})
    assert told in places(read_chain, {**CHAIN, "conditionEndpoint": url})
    told = told.replace("Con", "Reminders[0].Con").replace("$.", "$.reminders[0].")
    assert told in places(read_chain, reminded(conditionEndpoint=url))


def test_an_order_may_have_no_condition() -> None:
    assert one({**EMAIL_ORDER, "conditionEndpoint": None}, read_email_order).condition is None
    assert chain({**CHAIN, "conditionEndpoint": None}).order.condition is None
