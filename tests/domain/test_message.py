"""How the keywords in a message are filled."""

from domain.message import Keywords, has_keywords
from domain.personal import Content


def test_both_keywords_are_filled_wherever_they_stand() -> None:
    keywords = Keywords(name="Fjell og Fjord AS", number="314022009")

    text = keywords.fill("$recipientName$ ($recipientNumber$): hello, $recipientName$")

    assert text == "Fjell og Fjord AS (314022009): hello, Fjell og Fjord AS"


def test_what_is_not_known_leaves_nothing_raw() -> None:
    assert Keywords().fill("Dear $recipientName$, $recipientNumber$!") == "Dear , !"


def test_a_name_is_text_in_html_and_never_markup() -> None:
    filled = Keywords(name='<b>"A" & Sons</b>').fill_html("<p>$recipientName$</p>")

    assert filled == "<p>&lt;b&gt;&quot;A&quot; &amp; Sons&lt;/b&gt;</p>"


def test_a_name_that_looks_like_a_keyword_is_not_filled_again() -> None:
    keywords = Keywords(name="$recipientNumber$", number="314022009")

    assert keywords.fill("$recipientName$") == "$recipientNumber$"


def test_the_spelling_of_a_keyword_matters() -> None:
    assert Keywords(name="Kari").fill("$RecipientName$") == "$RecipientName$"


def test_names_are_asked_for_only_where_a_message_waits_for_one() -> None:
    assert has_keywords(Content("plain"), Content("for $recipientNumber$"))
    assert not has_keywords(Content("plain"), Content("$recipientname$"))
