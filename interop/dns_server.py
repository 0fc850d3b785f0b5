"""A DNS server for scenarios: it answers by UDP and TCP from zones that a scenario gives it.

A zone is a dictionary of names, each with its records: a type and its data, as text. Each character of a text stands for a
byte. The type TIMEOUT answers no question that another record of the name does not answer.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence

_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA"}
_NUMBERS = {name: number for number, name in _TYPES.items()}
_NXDOMAIN = 3
_OPT = 41
_MAX_ALIASES = 8
# Without EDNS.
_MAX_UDP = 512

Zone = Mapping[str, Sequence[Sequence[str]]]


class DnsServer:
    """A running server. Its zone may be replaced at any time."""

    def __init__(self, zone: Zone) -> None:
        self.port = 0
        # Of all records, in seconds. With 0, no resolver keeps an answer.
        self.ttl = 0
        self.is_silent = False
        # The questions: name and type.
        self.asked: list[tuple[str, str]] = []
        self._names: dict[bytes, Sequence[Sequence[str]]] = {}
        self.hold(zone)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def hold(self, zone: Zone) -> None:
        """Replaces the zone."""
        self._names = {_lower(_encode(name)): records for name, records in zone.items()}

    def answer(self, question: bytes, limit: int) -> bytes | None:
        """The answer to a message, in at most so many bytes; none if there shall be none."""
        if self.is_silent or len(question) < 12:
            return None
        name, end = _read_name(question, 12)
        kind = _TYPES.get(struct.unpack_from("!H", question, end)[0], "?")
        self.asked.append((_text(name), kind))
        found = self._find(name, kind)
        if found is None:
            return None
        code, answers, authority = found
        message = self._message(question, end + 4, code, answers, authority)
        if len(message) > limit:
            message = self._message(question, end + 4, code, [], [], truncated=0x0200)
        return message

    def _find(self, name: bytes, kind: str) -> tuple[int, list[bytes], list[bytes]] | None:
        """The response code, and the records of the answer and the authority section."""
        answers: list[bytes] = []
        for _ in range(_MAX_ALIASES):
            records = self._names.get(_lower(name))
            if records is None:
                return _NXDOMAIN, answers, [self._authority()]
            found = [self._record(name, kind, data) for type_, *data in records if type_ == kind]
            if found:
                return 0, answers + found, []
            if any(type_ == "TIMEOUT" for type_, *_ in records):
                return None
            targets = [data[0] for type_, *data in records if type_ == "CNAME"]
            if not targets:
                return 0, answers, [self._authority()]
            answers.append(self._record(name, "CNAME", targets))
            name = _encode(targets[0])
        return 0, answers, []

    def _record(self, name: bytes, kind: str, data: Sequence[str]) -> bytes:
        encoded = _data(kind, data[0])
        return name + struct.pack("!HHIH", _NUMBERS[kind], 1, self.ttl, len(encoded)) + encoded

    def _authority(self) -> bytes:
        data = _encode("ns.example") + _encode("hostmaster.example") + struct.pack("!5I", 1, 60, 60, 60, self.ttl)
        return b"\0" + struct.pack("!HHIH", _NUMBERS["SOA"], 1, self.ttl, len(data)) + data

    def _message(
        self, question: bytes, end: int, code: int, answers: list[bytes], authority: list[bytes], truncated: int = 0
    ) -> bytes:
        flags = 0x8080 | (struct.unpack_from("!H", question, 2)[0] & 0x0100) | code | truncated
        header = question[:2] + struct.pack("!HHHHH", flags, 1, len(answers), len(authority), 0)
        return header + question[12:end] + b"".join(answers + authority)


@contextlib.contextmanager
def serving(zone: Zone) -> Iterator[DnsServer]:
    """Serves a zone on a port of loopback, by UDP and TCP."""
    dns = DnsServer(zone)

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            question, socket = self.request
            if (answer := dns.answer(question, _udp_limit(question))) is not None:
                socket.sendto(answer, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while len(length := self.rfile.read(2)) == 2:
                question = self.rfile.read(struct.unpack("!H", length)[0])
                if (answer := dns.answer(question, 0xFFFF)) is not None:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

    class TcpServer(socketserver.ThreadingTCPServer):
        daemon_threads = True

    tcp, udp = _bind(TcpServer, Tcp, Udp)
    dns.port = tcp.server_address[1]
    for server in (tcp, udp):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield dns
    finally:
        for server in (tcp, udp):
            server.shutdown()
            server.server_close()


def _bind(tcp_server: type, tcp: type, udp: type) -> tuple[socketserver.BaseServer, socketserver.BaseServer]:
    """Binds both transports to one port."""
    while True:
        first = tcp_server(("127.0.0.1", 0), tcp)
        try:
            return first, socketserver.ThreadingUDPServer(first.server_address, udp)
        except OSError:
            first.server_close()


def reversed_address(address: str) -> str:
    """The name of an address in `in-addr.arpa` or `ip6.arpa`, or in a DNS list, without what follows."""
    return ipaddress.ip_address(address).reverse_pointer.rsplit(".", 2)[0]


def _udp_limit(question: bytes) -> int:
    """How long an answer may be: EDNS says it in its record, which stands last."""
    has_record = struct.unpack_from("!H", question, 10)[0] == 1
    _, end = _read_name(question, 12)
    kind, size = struct.unpack_from("!HH", question, end + 5) if has_record else (0, 0)
    return max(size, _MAX_UDP) if kind == _OPT else _MAX_UDP


def _read_name(message: bytes, start: int) -> tuple[bytes, int]:
    """The name in a question, which is not compressed, and where it ends."""
    end = start
    while message[end]:
        end += 1 + message[end]
    return message[start : end + 1], end + 1


def _encode(name: str) -> bytes:
    labels = [label.encode("latin-1") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _text(name: bytes) -> str:
    labels, at = [], 0
    while name[at]:
        labels.append(name[at + 1 : at + 1 + name[at]].decode("latin-1"))
        at += 1 + name[at]
    return ".".join(labels)


def _lower(name: bytes) -> bytes:
    # The lengths of labels are below the letters.
    return name.lower()


def _data(kind: str, text: str) -> bytes:
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(text).packed
    if kind == "MX":
        preference, _, host = text.rpartition(" ")
        return struct.pack("!H", int(preference or 10)) + _encode(host)
    if kind == "TXT":
        content = text.encode("latin-1")
        strings = [content[at : at + 255] for at in range(0, len(content), 255)] or [b""]
        return b"".join(bytes([len(string)]) + string for string in strings)
    return _encode(text)
