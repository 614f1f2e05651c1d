"""Words that never show themselves."""

import pytest

from domain.personal import ERASED, Contact, Content, Identifier


@pytest.mark.parametrize("kind", [Contact, Content, Identifier])
def test_personal_words_are_read_on_purpose_only(
    kind: type[Contact | Content | Identifier],
) -> None:
    words = kind("kari@post.example.no")

    assert words.text == "kari@post.example.no"
    assert "kari" not in f"{words} {words!r} {[words]}"


def test_what_is_erased_says_so() -> None:
    gone = Contact(None)

    assert gone.is_erased
    assert gone.text == ERASED
    assert gone != Contact(ERASED)


def test_words_of_one_class_are_never_equal_to_those_of_another() -> None:
    assert Contact("same") != Identifier("same")
    assert Contact("same") != Content("same")
    assert Contact("same") == Contact("same")
    assert len({Contact("same"), Contact("same"), Content("same"), Identifier("same")}) == 3
