"""One SMTP or LMTP session that notes in the ledger what becomes of its messages."""

from __future__ import annotations

import asyncio
import enum
import random
import ssl
from collections import Counter

from ledger import Fate, Ledger
from letters import Letters
from maildir_check import RECIPIENTS
from program import Ports

_CHUNK = 16 * 1024


class Kind(enum.Enum):
    """How a client speaks."""

    LOCK_STEP = "one command at a time"
    PIPELINED = "PIPELINING"
    CHUNKED = "BDAT"
    TLS = "inside TLS"
    LMTP = "LMTP"
    UNIX = "LMTP over a Unix socket"

    @property
    def is_lmtp(self) -> bool:
        return self in (Kind.LMTP, Kind.UNIX)


# The addresses of every program's listeners.
OVER_TCP = tuple(kind for kind in Kind if kind is not Kind.UNIX)


class Mischief(enum.Enum):
    """What a client does instead of sending a message to its end."""

    VANISH_IN_MESSAGE = enum.auto()
    VANISH_BEFORE_REPLY = enum.auto()
    RESET = enum.auto()
    NONSENSE = enum.auto()
    VANISH_IN_ENVELOPE = enum.auto()


class UnexpectedReplyError(RuntimeError):
    """The server said something else than was due there."""

    def __init__(self, reply: str, due: str) -> None:
        super().__init__(f"{reply!r} where {due} was due")
        self.code = reply[:3]


def trusting() -> ssl.SSLContext:
    """TLS as it is spoken with a certificate that was made just now."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """A session; use it from `open` to `quit` or `vanish`."""

    def __init__(self, kind: Kind, letters: Letters, ledger: Ledger, replies: Counter[str]) -> None:
        self.kind = kind
        self._letters = letters
        self._ledger = ledger
        # The replies to messages, or to a refused envelope: code and enhanced code.
        self._replies = replies
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self, ports: Ports, tls: ssl.SSLContext) -> None:
        if self.kind is Kind.UNIX:
            if not ports.socket:
                raise RuntimeError("the program has no Unix socket")
            self._reader, self._writer = await asyncio.open_unix_connection(ports.socket)
            await self._hello()
            return
        port = {Kind.TLS: ports.smtps, Kind.LMTP: ports.lmtp}.get(self.kind, ports.smtp)
        context = tls if self.kind is Kind.TLS else None
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        await self._hello()

    async def _hello(self) -> None:
        try:
            await self._expect("220")
            hello = "LHLO" if self.kind.is_lmtp else "EHLO"
            await self._command(f"{hello} client.example\r\n", "250")
        except BaseException:
            self.vanish()
            raise

    def vanish(self) -> None:
        """Is gone from one moment to the next."""
        self._writer.transport.abort()

    async def quit(self) -> None:
        await self._command("QUIT\r\n", "221")
        self._writer.close()

    async def send(self, number: int) -> None:
        """Sends the message with this number."""
        content = self._letters.write(number)
        if not await self._envelope(len(content)):
            self._ledger.note(number, Fate.REFUSED)
            return
        self._ledger.note(number, Fate.BEGUN)
        if self.kind is Kind.CHUNKED:
            await self._chunks(number, content)
        else:
            if self.kind is not Kind.PIPELINED:
                await self._command("DATA\r\n", "354")
            self._writer.write(content.replace(b"\r\n.", b"\r\n.."))
            await self._writer.drain()
            self._ledger.note(number, Fate.SENT)
            self._writer.write(b".\r\n")
        replies = [await self._reply() for _ in RECIPIENTS if self.kind.is_lmtp] or [await self._reply()]
        self._replies.update(_codes(reply) for reply in replies)
        accepted = {reply[:1] == "2" for reply in replies}
        if len(accepted) != 1:
            raise UnexpectedReplyError(replies[1], f"the same as for the other recipient, {replies[0]!r},")
        self._ledger.note(number, Fate.ACCEPTED if accepted.pop() else Fate.REFUSED)

    async def misbehave(self, mischief: Mischief, number: int, dice: random.Random) -> None:
        """Does the wrong thing with this message; after a VANISH the session is over."""
        content = self._letters.write(number)
        if mischief is Mischief.RESET:
            self._writer.write(b"MAIL FROM:<torture@sender.example>\r\nRSET\r\n")
            await self._expect("250")
            await self._expect("250")
        elif mischief is Mischief.NONSENSE:
            self._writer.write(b"NONSENSE %d\r\n" % number)
            await self._expect("500")
        elif mischief is Mischief.VANISH_IN_ENVELOPE:
            self._writer.write(b"MAIL FROM:<torture@sender.example>\r\nRCPT TO:<")
            self.vanish()
        elif not await self._envelope(len(content)):
            self._ledger.note(number, Fate.REFUSED)
        else:
            whole = mischief is Mischief.VANISH_BEFORE_REPLY
            self._ledger.note(number, Fate.SENT if whole else Fate.BEGUN)
            stuffed = content.replace(b"\r\n.", b"\r\n..")
            if self.kind is Kind.CHUNKED:
                part = content if whole else content[: dice.randrange(len(content))]
                self._writer.write(b"BDAT %d LAST\r\n" % len(content) + part)
            else:
                if self.kind is not Kind.PIPELINED:
                    await self._command("DATA\r\n", "354")
                self._writer.write(stuffed + b".\r\n" if whole else stuffed[: dice.randrange(len(stuffed))])
            await self._writer.drain()
            # Gives the server a moment to begin, or not.
            await asyncio.sleep(dice.choice((0, 0, 0.002)))
            self.vanish()

    async def _envelope(self, size: int) -> bool:
        recipients = RECIPIENTS if self.kind.is_lmtp else RECIPIENTS[:1]
        commands = [f"MAIL FROM:<torture@sender.example> SIZE={size}\r\n"]
        commands += [f"RCPT TO:<{recipient.decode()}>\r\n" for recipient in recipients]
        if self.kind is not Kind.PIPELINED:
            return all([await self._accepts(command) for command in commands])
        self._writer.write("".join((*commands, "DATA\r\n")).encode())
        replies = []
        for _ in commands:
            replies.append(await self._reply())
            if replies[-1][:3] == "421":
                self._refused(replies[-1])
        last = await self._reply()
        if last[:3] == "354":
            return True
        refusal = next((reply for reply in replies if reply[0] != "2"), last)
        self._refused(refusal)
        return False

    async def _accepts(self, command: str) -> bool:
        self._writer.write(command.encode())
        reply = await self._reply()
        if reply[0] != "2":
            self._refused(reply)
        return reply[0] == "2"

    def _refused(self, reply: str) -> None:
        # The session ends with it, so it is no answer to a message.
        if reply[:3] == "421":
            raise UnexpectedReplyError(reply, f"an answer to an envelope ({self.kind.value})")
        self._replies[_codes(reply)] += 1

    async def _chunks(self, number: int, content: bytes) -> None:
        starts = range(0, len(content), _CHUNK)
        for start in starts:
            chunk = content[start : start + _CHUNK]
            last = start == starts[-1]
            if last:
                self._ledger.note(number, Fate.SENT)
            self._writer.write(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if last else b"") + chunk)
            if not last:
                await self._expect("250")

    async def _command(self, command: str, code: str) -> None:
        self._writer.write(command.encode())
        await self._expect(code)

    async def _expect(self, code: str) -> None:
        reply = await self._reply()
        if reply[:3] != code:
            raise UnexpectedReplyError(reply, f"{code} ({self.kind.value})")

    async def _reply(self) -> str:
        """The last line of a reply."""
        while True:
            line = (await self._reader.readuntil(b"\n")).decode()
            if line[3:4] != "-":
                return line


def _codes(reply: str) -> str:
    """The code and the enhanced code."""
    return " ".join(reply.split()[:2])
