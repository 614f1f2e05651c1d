import json
from dataclasses import replace

import pytest

from entrypoints.http.placing.composed import MIME_TYPES, read_composed
from tests.entrypoints.http.requests.reading import (
    COMPOSED,
    RULES,
    SAS_URL,
    Json,
    but,
    faults,
    places,
)

FILES = "recipient.emailSettings.attachments"
PLACE = "Recipient.Settings.Attachments"


def attached(**members: object) -> Json:
    """The e-mail with another attachment."""
    first = COMPOSED["recipient"]["emailSettings"]["attachments"][0]
    return but(COMPOSED, f"{FILES}.0", first | members)


def test_a_composed_email_is_read() -> None:
    asked = read_composed(json.dumps(attached(mimeType="Application/PDF")).encode(), RULES)

    assert asked.reminders == ()
    assert asked.order.email is not None
    (file,) = asked.order.email.attachments
    assert (file.filename.text, file.mime_type, file.url.text) == (
        "letter.pdf",
        "application/pdf",
        SAS_URL,
    )


@pytest.mark.parametrize("files", [None, []])
def test_an_email_without_attachments_is_one(files: object) -> None:
    assert places(read_composed, but(COMPOSED, FILES, files)) == []


@pytest.mark.parametrize("name", ["", "  ", "a/b.pdf", "a\\b.pdf", "letter", "letter.", "a\nb.pdf"])
def test_a_file_has_a_name_with_an_extension_and_no_path(name: str) -> None:
    assert places(read_composed, attached(filename=name)) == [f"{PLACE}[0].Filename"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "letter.pdf",
        SAS_URL.replace("https", "http"),
        SAS_URL.replace("https", "ftp"),
        SAS_URL.replace("acct.blob.core.windows.net", "evil.example.org"),
        SAS_URL.replace("acct.blob.core.windows.net", "blob.core.windows.net.evil.example.org"),
        SAS_URL.replace("acct.blob", "user:word@acct.blob"),
        SAS_URL.replace("acct.blob.core.windows.net", "evil.example.org#.blob.core.windows.net"),
        SAS_URL.replace("&sig=abc%3D", ""),
        SAS_URL.replace("sig=abc%3D", "sig="),
        SAS_URL.replace("&sp=r", ""),
        SAS_URL.replace("sp=r", "sp=w"),
        SAS_URL.replace("&sr=b", ""),
        SAS_URL.replace("sr=b", "sr=c"),
        SAS_URL.replace("se=2027-01-01T00%3A00%3A00Z", "se=tomorrow"),
        SAS_URL.replace("se=2027-01-01T00%3A00%3A00Z", "se=0001-01-01T00:00:00%2B14:00"),
        SAS_URL.replace("se=2027-01-01T00%3A00%3A00Z", "se=9999-12-31T23:00:00-14:00"),
        SAS_URL.replace("se=2027-01-01T00%3A00%3A00Z", "x=1"),
    ],
)
def test_a_files_address_is_one_that_opens_it_and_is_never_repeated(url: str) -> None:
    told = faults(read_composed, attached(sasUrl=url))

    assert list(told) == [f"{PLACE}[0].SasUrl"]
    assert "letter.pdf" in told[f"{PLACE}[0].SasUrl"][0]
    assert "sig=abc" not in str(told)


@pytest.mark.parametrize(
    "url", [SAS_URL.replace("sr=b", "sr=B"), SAS_URL.replace("sp=r", "sp=racwd")]
)
def test_letter_case_and_further_permissions_do_not_matter(url: str) -> None:
    assert places(read_composed, attached(sasUrl=url)) == []


@pytest.mark.parametrize(
    "expires, is_taken",
    [
        ("2026-08-01T12:15:00Z", True),
        ("2026-08-01T12:14:59Z", False),
        ("2026-08-01T14:15:00%2B02:00", True),
        ("2026-08-01", False),
        ("2026-08-02", True),
    ],
)
def test_a_files_address_opens_it_for_fifteen_minutes_after_the_send_time(
    expires: str,
    is_taken: bool,  # noqa: FBT001  # a table's column
) -> None:
    url = SAS_URL.replace("2027-01-01T00%3A00%3A00Z", expires)

    told = faults(read_composed, attached(sasUrl=url))

    assert list(told) == ([] if is_taken else [f"{PLACE}[0]"])
    assert is_taken or "sasUrl must be valid for at least 15 minutes" in told[f"{PLACE}[0]"][0]


def test_the_fifteen_minutes_count_from_the_requested_send_time() -> None:
    late = but(COMPOSED, "requestedSendTime", "2026-12-31T23:46:00Z")

    assert places(read_composed, late) == [f"{PLACE}[0]"]


@pytest.mark.parametrize(
    "kind",
    ["", " ", "text/html", "image/jpg", "application/octet-stream", "application/x-msdownload"],
)
def test_what_cannot_be_attached_is_refused(kind: str) -> None:
    assert places(read_composed, attached(mimeType=kind)) == [f"{PLACE}[0].MimeType"]


@pytest.mark.parametrize("kind", sorted(MIME_TYPES))
def test_what_can_be_attached_is_taken_in_any_letter_case(kind: str) -> None:
    assert places(read_composed, attached(mimeType=kind.upper())) == []


def test_as_many_kinds_can_be_attached_as_the_interface_lists() -> None:
    assert len(MIME_TYPES) == 60


def test_every_file_with_a_fault_is_named_and_only_its_first_fault() -> None:
    body = attached(filename="letter", sasUrl="no", mimeType="no")
    files = [*body["recipient"]["emailSettings"]["attachments"] * 2]

    told = faults(read_composed, but(body, FILES, files))

    assert list(told) == [f"{PLACE}[0].Filename", f"{PLACE}[1].Filename"]


def test_there_are_no_more_attachments_than_the_installation_takes() -> None:
    first = COMPOSED["recipient"]["emailSettings"]["attachments"]
    rules = replace(RULES, max_attachments=2)

    assert faults(read_composed, but(COMPOSED, FILES, first * 2), rules) == {}
    assert list(faults(read_composed, but(COMPOSED, FILES, first * 3), rules)) == [PLACE]


def test_an_installation_may_allow_a_host_of_its_own() -> None:
    rules = replace(RULES, attachment_hosts=("files.example.org",))
    url = SAS_URL.replace("acct.blob.core.windows.net", "files.example.org:8443")

    assert faults(read_composed, attached(sasUrl=url), rules) == {}
    assert faults(read_composed, attached(sasUrl=SAS_URL), rules) != {}


def test_an_attachment_that_is_null_is_a_fault() -> None:
    assert "$.recipient.emailSettings.attachments[0]" in faults(
        read_composed, but(COMPOSED, f"{FILES}.0", None)
    )


def test_faults_of_the_email_and_of_its_files_are_told_together() -> None:
    body = but(attached(filename="letter"), "recipient.emailAddress", "kari")
    body = but(body, "recipient.emailSettings.sendingTimePolicy", "Daytime")

    assert places(read_composed, body) == [
        "Recipient.EmailAddress",
        "Recipient.Settings.SendingTimePolicy",
        f"{PLACE}[0].Filename",
    ]
