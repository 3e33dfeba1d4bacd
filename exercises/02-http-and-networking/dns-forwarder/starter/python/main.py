from __future__ import annotations

import asyncio
import os

PORT = int(os.environ.get("PORT", "5300"))
DNS_UPSTREAM = os.environ.get("DNS_UPSTREAM", "127.0.0.1:53")


async def respond(message: bytes) -> bytes:
    """Returns the answer to a client's message."""
    # Begin with asking the upstream over UDP. For now every question is answered with NOTIMP.
    return message[:2] + bytes([0x81, 0x84]) + message[4:]


class Questions(asyncio.DatagramProtocol):
    """The UDP port: each question is a task of its own, so a slow one keeps no other waiting."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()  # the loop itself may forget a task that nobody holds

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, message: bytes, client: tuple[str, int]) -> None:
        if len(message) >= 12:
            task = asyncio.ensure_future(self.answer(message, client))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def answer(self, message: bytes, client: tuple[str, int]) -> None:
        self.transport.sendto(await respond(message), client)


async def serve_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Questions, local_addr=("127.0.0.1", PORT))
    tcp = await asyncio.start_server(serve_tcp, "127.0.0.1", PORT)
    print(f"DNS forwarder to {DNS_UPSTREAM} on port {PORT}")
    await tcp.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
