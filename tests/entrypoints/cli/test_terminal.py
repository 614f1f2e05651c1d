from entrypoints.cli.terminal import harmless


def test_what_others_wrote_does_nothing_to_a_terminal_and_is_shown_all_the_same() -> None:
    assert harmless("Blåbær \x1b[2J\x9b2Jog\tte\r\n") == "Blåbær �[2J�2Jog\tte�\n"
