from application.opaque_ids import uuid8


def test_an_id_is_made_of_its_bits_and_says_that_they_are_our_own() -> None:
    made = uuid8(bytes(range(32)))
    assert str(made) == "00010203-0405-8607-8809-0a0b0c0d0e0f"
    assert made.version == 8
