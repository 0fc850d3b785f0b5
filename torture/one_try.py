"""One try of a client to send one message, with a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


async def send(port: int, recipients: Iterable[str], content: bytes) -> str:
    """Returns the reply that ended it; raises OSError if the connection ends without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def reply() -> str:
        while (line := (await reader.readline()).decode())[3:4] == "-":
            pass
        if not line.endswith("\n"):
            raise ConnectionError("no reply")
        return line.strip()

    try:
        await reply()
        commands = ["EHLO client.example", "MAIL FROM:<alice@client.example>"]
        commands += [f"RCPT TO:<{recipient}>" for recipient in recipients] + ["DATA"]
        for command in commands:
            writer.write(f"{command}\r\n".encode())
            answer = await reply()
            if answer[0] not in "23":
                return answer
        writer.write(content + b".\r\n")
        await writer.drain()
        return await reply()
    finally:
        writer.close()
