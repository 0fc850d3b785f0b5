"""aiosmtpd, which reads every message to its end and forgets it: PORT CERTIFICATE KEY."""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session


class Discard:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 OK"


async def main(port: int, certificate: str, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            Discard(), hostname="bench.test", ident="bench", tls_context=tls, data_size_limit=64 << 20, timeout=600, loop=loop
        )

    server = await loop.create_server(session, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
