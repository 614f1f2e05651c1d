import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sms_segments import Segments, SmsEncoding, segments

GSM7, UCS2 = SmsEncoding.GSM7, SmsEncoding.UCS2


@pytest.mark.parametrize(
    "text,encoding,count",
    [
        ("", GSM7, 1),
        ("x" * 160, GSM7, 1),
        ("x" * 161, GSM7, 2),
        ("x" * 306, GSM7, 2),
        ("x" * 307, GSM7, 3),
        ("Blåbærsyltetøy til Ærlend", GSM7, 1),
        ("€" * 80, GSM7, 1),
        ("€" * 81, GSM7, 2),
        ("x" * 152 + "€" + "x" * 152, GSM7, 3),
        ("x" * 152 + "€" + "x" * 151, GSM7, 2),
        ("Čáhppes", UCS2, 1),
        ("č" * 70, UCS2, 1),
        ("č" * 71, UCS2, 2),
        ("č" * 134, UCS2, 2),
        ("č" * 135, UCS2, 3),
        ("😀" * 35, UCS2, 1),
        ("😀" * 36, UCS2, 2),
        ("😀" * 67, UCS2, 3),
        ("ç", UCS2, 1),
        ("Ç", GSM7, 1),
        ("`", UCS2, 1),
    ],
)
def test_a_text_has_so_many_segments(text: str, encoding: SmsEncoding, count: int) -> None:
    assert segments(text) == Segments(encoding, count)


def laid_out(text: str, encoding: SmsEncoding) -> int:
    """Fill segment after segment, character by character."""
    alone, each = (160, 153) if encoding is GSM7 else (70, 67)
    wide = set("\f^{}\\[~]|€") if encoding is GSM7 else set()
    widths = [2 if character in wide or character > "\uffff" else 1 for character in text]
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > each:
            count, used = count + 1, 0
        used += width
    return count


@given(st.text(st.sampled_from("aå€{ć😀"), max_size=900))
def test_no_character_is_parted(text: str) -> None:
    told = segments(text)
    assert told.count == laid_out(text, told.encoding)


@given(st.text(st.sampled_from("a€"), max_size=900))
def test_no_character_of_the_gsm_alphabet_is_parted(text: str) -> None:
    assert segments(text) == Segments(GSM7, laid_out(text, GSM7))
