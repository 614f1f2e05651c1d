import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.mail_address import AddressError, is_mailbox, read_address, read_sender


@pytest.mark.parametrize(
    "domain, ascii_domain",
    [
        ("example.org", "example.org"),
        ("straße.example", "xn--strae-oqa.example"),
        ("BLÅBÆR.no", "xn--blbr-roah.no"),
        ("bl\u0061\u030abær.no", "xn--blbr-roah.no"),
        ("उदाहरण.परीक्षा", "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g"),
        ("xn--p1ai", "xn--p1ai"),
    ],
)
def test_a_domain_is_written_as_idna_2008_does(domain: str, ascii_domain: str) -> None:
    assert read_address(f"post@{domain}").spec == f"post@{ascii_domain}"


@pytest.mark.parametrize("text", ["é@x.no", "a/b@x.no", "u@müller.no", "u@x.xn--p1ai", " u@x "])
def test_a_registered_address_may_be_what_no_order_can_name(text: str) -> None:
    assert is_mailbox(text)


@pytest.mark.parametrize(
    "text, is_good",
    [
        (f"{'a' * 64}@x.no", True),
        (f"{'a' * 65}@x.no", False),
        (f"{'é' * 32}@x.no", True),
        (f"{'é' * 33}@x.no", False),
        (f"{'a' * 64}@{'b' * 63}.{'b' * 63}.{'b' * 58}.no", True),
        (f"{'a' * 64}@{'b' * 63}.{'b' * 63}.{'b' * 59}.no", False),
        (f"u@{'ø' * 62}.no", False),
        ("u@å--b.no", True),
        ("u@åa--b.no", False),
        ("u@☃.no", False),
        ("u\n@x.no", False),
        ("u@x.no,v@x.no", False),
        ("\ud800@x.no", False),
    ],
)
def test_a_mailbox_has_64_octets_before_the_at_and_254_in_all(text: str, *, is_good: bool) -> None:
    assert is_mailbox(text) is is_good


@given(st.text(st.sampled_from("aøßé-.@xn1☃ "), max_size=80))
def test_any_text_is_a_mailbox_or_none(text: str) -> None:
    assert is_mailbox(text) in (True, False)


@pytest.mark.parametrize("text", ["A \ud800 <a@b.no>", "A <b>", "", "A\n <a@b.no>"])
def test_what_cannot_be_written_is_no_sender(text: str) -> None:
    with pytest.raises(AddressError):
        read_sender(text)


@given(st.text("aZ0.-_+@ æ", max_size=40))
@example(f"{'a' * 64}@b.no")
@example(f"{'a' * 65}@b.no")
@example(f"a@{'b' * 63}.no")
@example(f"a@{'b' * 64}.no")
@example("a@" + ".".join(["b" * 49] * 5) + ".no")
@example("a@" + ".".join(["b" * 49] * 5) + ".nor")
def test_what_is_told_at_a_glance_is_what_is_found_out(text: str) -> None:
    try:
        read_address(text.strip())
    except AddressError:
        assert not is_mailbox(text)
    else:
        assert is_mailbox(text)
