"""Our own kinds of provider are held to what others' are held to."""

import pytest
from typing_extensions import override

from adapters.channels.kannel.kind import KANNEL
from contracts.provider_kind_contract import DescribedKind, ProviderKindContract


class TestKannel(ProviderKindContract):
    @override
    @pytest.fixture
    def described(self) -> DescribedKind:
        return DescribedKind(
            kind=KANNEL,
            environ={
                "URL": "http://127.0.0.1:13013/cgi-bin/sendsms",
                "PASSWORD": "open",
                "REPORT_PASSWORD": "a-word-of-some-length",
            },
            delivered=lambda token: f"token={token}&dlr=1".encode(),
        )
