"""A client whose address a proxy names, in version 1 of the PROXY protocol. So scenarios have clients of any address."""

from __future__ import annotations

import ipaddress
import smtplib
import socket

_SECONDS = 60
# What the proxy says that the client connected to.
_DESTINATIONS = {4: "192.0.2.99", 6: "2001:db8::99"}


class ProxiedSMTP(smtplib.SMTP):
    """A session of a client with this address. The program must trust 127.0.0.1 as a proxy."""

    def __init__(self, port: int, client: str, helo: str = "client.example") -> None:
        self._client = ipaddress.ip_address(client)
        super().__init__("127.0.0.1", port, helo, timeout=_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = super()._get_socket(host, port, timeout)
        version = self._client.version
        header = f"PROXY TCP{version} {self._client} {_DESTINATIONS[version]} 2525 25\r\n"
        connection.sendall(header.encode())
        return connection
