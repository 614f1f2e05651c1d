"""What is shown of an address is enough for who knows it, and too little for everybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.masking import masked
from domain.personal import ERASED, Contact


@pytest.mark.parametrize(
    "address, shown",
    [
        ("kari@example.no", "k***@e***.no"),
        ("kari.nordmann@post.example.no", "k***@p***.no"),
        ("ab@cd.no", "***@***.no"),
        ("abc@cde.no", "a***@c***.no"),
        ("post@10.0.0.1", "p***@***"),
        ("+4799999123", "+47 *** ** 123"),
        ("+46701740605", "+46 *** ** 605"),
        ("99999123", "+47 *** ** 123"),
        ("+47113", "+47 ***"),
        ("no number", "***"),
        ("", "***"),
    ],
)
def test_an_address_is_shown_by_its_ends(address: str, shown: str) -> None:
    assert masked(Contact(address)) == shown


def test_of_what_was_erased_it_is_said_that_it_was() -> None:
    assert masked(Contact(None)) == ERASED


LETTERS = st.text("abcdefghijklmnopqrstuvwxyzæøå0123456789", min_size=1, max_size=20)
EMAILS = st.builds("{}@{}.{}".format, LETTERS, LETTERS, st.sampled_from(["no", "example.com"]))
NUMBERS = st.from_regex(r"\+(47[2-9][0-9]{7}|46[1-9][0-9]{6,8}|1[2-9][0-9]{9})", fullmatch=True)


@given(address=EMAILS)
def test_of_an_e_mail_address_two_letters_and_the_top_domain_are_shown_at_most(
    address: str,
) -> None:
    shown = masked(Contact(address))

    local, _, domain = address.partition("@")
    shown_local, _, shown_domain = shown.partition("@")
    assert shown_local in ("***", f"{local[0]}***")
    assert shown_domain.partition(".")[0] in ("***", f"{domain[0]}***")
    assert shown_domain.rpartition(".")[2] == domain.rpartition(".")[2]


@given(number=NUMBERS)
def test_of_a_number_its_country_and_its_last_three_digits_are_shown_at_most(number: str) -> None:
    shown = masked(Contact(number))

    hidden = len(number.removeprefix("+")) - sum(map(str.isdigit, shown))
    assert hidden >= 4
    assert shown.endswith(f" {number[-3:]}")
    assert number.startswith(shown.partition(" ")[0])


@given(text=st.text(max_size=40))
def test_whatever_it_is_it_is_never_shown_whole(text: str) -> None:
    shown = masked(Contact(text))

    # White space, of which the empty text is all that is left, stands everywhere.
    assert not text.strip().strip(" *@.") or text.strip() not in shown
