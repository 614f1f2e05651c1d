"""Connections that can only lead to addresses that were judged beforehand."""

import socket
from collections.abc import Collection, Sequence
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override


class _Judged(AbstractResolver):
    """Answers every question with the addresses that were judged, and asks nobody again."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    @override
    async def close(self) -> None:
        """Nothing is held open."""


def connector_to(addresses: Collection[str]) -> aiohttp.TCPConnector:
    """A connector for one connection, to one of these addresses or to none.

    The name stays what TLS asks the other side to prove, and what the Host header says.
    """
    judged = list(addresses)

    def open_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        # The client decides by itself what it looks up; this is what really leaves the machine.
        if address[0] not in judged:
            raise OSError("the connection would have led to another address")
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(0)
        return opened

    return aiohttp.TCPConnector(
        resolver=_Judged(judged),
        use_dns_cache=False,
        force_close=True,
        socket_factory=open_socket,
    )
