"""What every key vault promises; a suite for each names its stand."""

from typing import Protocol

import pytest
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from application.ports.key_vault import KeyVault

KEY = bytes(range(32))


class Vault(KeyVault, Protocol):
    """A vault whose keys an operator can destroy."""

    def destroy(self, month: str) -> None: ...


class KeyVaultContract:
    def test_what_was_wrapped_can_be_unwrapped(self, vault: Vault) -> None:
        wrapped = vault.wrap(KEY, "2026-11")

        assert KEY not in wrapped
        assert vault.unwrap(wrapped, "2026-11") == KEY

    def test_each_month_has_a_key_of_its_own(self, vault: Vault) -> None:
        wrapped = vault.wrap(KEY, "2026-11")
        vault.wrap(KEY, "2026-12")

        with pytest.raises(InvalidUnwrap):
            vault.unwrap(wrapped, "2026-12")

    def test_a_changed_key_does_not_unwrap(self, vault: Vault) -> None:
        wrapped = vault.wrap(KEY, "2026-11")

        with pytest.raises(InvalidUnwrap):
            vault.unwrap(bytes([wrapped[0] ^ 1]) + wrapped[1:], "2026-11")

    def test_what_a_destroyed_key_wrapped_is_gone(self, vault: Vault) -> None:
        gone, kept = vault.wrap(KEY, "2026-11"), vault.wrap(KEY, "2026-12")

        vault.destroy("2026-11")

        assert vault.unwrap(gone, "2026-11") is None
        assert vault.unwrap(kept, "2026-12") == KEY

    def test_to_destroy_a_key_twice_is_to_destroy_it_once(self, vault: Vault) -> None:
        gone = vault.wrap(KEY, "2026-11")

        vault.destroy("2026-11")
        vault.destroy("2026-11")

        assert vault.unwrap(gone, "2026-11") is None

    def test_nothing_is_wrapped_under_a_destroyed_key(self, vault: Vault) -> None:
        vault.destroy("2026-11")

        with pytest.raises(LookupError):
            vault.wrap(KEY, "2026-11")

    def test_a_keyed_hash_is_the_same_for_the_same_and_another_for_each_purpose(
        self, vault: Vault
    ) -> None:
        assert vault.keyed_hash("index", b"a") == vault.keyed_hash("index", b"a")
        assert len(vault.keyed_hash("index", b"a")) == 32
        assert vault.keyed_hash("index", b"a") != vault.keyed_hash("index", b"b")
        assert vault.keyed_hash("index", b"a") != vault.keyed_hash("digest", b"a")
