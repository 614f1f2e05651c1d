import pytest

from application.profiles.code_texts import code_text
from domain.message import Language
from domain.profile.events import SPOKEN
from domain.sms_segments import segments


@pytest.mark.parametrize("language", SPOKEN)
def test_a_code_is_told_in_each_language_in_one_text_message(language: Language) -> None:
    text = code_text("246810", language)
    assert "246810" in text.body
    assert "246810" not in text.subject
    assert segments(text.body).count == 1


def test_each_language_has_words_of_its_own() -> None:
    assert len({code_text("246810", each) for each in SPOKEN}) == len(SPOKEN)
