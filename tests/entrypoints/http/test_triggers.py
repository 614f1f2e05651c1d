"""The doors that a cron knocks at, and the condition to try things out with."""

import httpx
import pytest

from entrypoints.http.operations.triggers import ROUTES
from tests.entrypoints.http.installation import TTD, V1, Installation

PATHS = [route.path for route in ROUTES]
CRON = {"authorization": "Bearer cron"}


@pytest.mark.parametrize("path", PATHS)
async def test_a_trigger_does_nothing_for_who_has_the_secret(
    installation: Installation, path: str
) -> None:
    async with installation.client(trigger_secret="cron") as api:
        for sent in (path, path.upper(), f"{path}/"):
            answer = await api.post(sent, headers=CRON)
            assert (answer.status_code, answer.content) == (200, b"")
        assert (await api.get(path, headers=CRON)).status_code == 405
        in_words = await api.post(
            path, content=b"now", headers=CRON | {"content-type": "text/plain"}
        )
        assert in_words.status_code == 415


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("secret", ["cron", None])
@pytest.mark.parametrize(
    "headers", [{}, TTD, {"authorization": "Bearer None"}, {"authorization": "bearer"}]
)
async def test_without_the_secret_a_trigger_is_shut(
    installation: Installation, path: str, secret: str | None, headers: dict[str, str]
) -> None:
    async with installation.client(trigger_secret=secret) as api:
        answer = await api.post(path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "query, told",
    [("?conditionMet=true", True), ("?conditionmet=False", False), ("", False)],
)
async def test_the_condition_answers_what_it_is_asked_to(
    api: httpx.AsyncClient, query: str, told: object
) -> None:
    answer = await api.get(f"{V1}/tests/sendcondition{query}")

    assert (answer.status_code, answer.json()) == (200, {"sendNotification": told})


async def test_the_condition_refuses_what_is_neither_yes_nor_no(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{V1}/tests/sendcondition?conditionMet=perhaps")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["conditionMet"]
