# SPDX-License-Identifier: BSL-1.0
# A forwarder: whoever connects is connected with somebody else, and what either says goes to the other, each direction
# with an end of its own.

import asyncio


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def pump(reader, writer):
    pumped = 0
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
        pumped += len(data)
    writer.write_eof()
    return pumped


async def forward(reader, writer, target):
    far_reader, far_writer = await asyncio.open_connection(*target)
    there, back = await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
    far_writer.close()
    writer.close()
    return there + back


async def play():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()
    done = []

    def through(reader, writer):
        done.append(asyncio.create_task(forward(reader, writer, target)))

    forwarder = await asyncio.start_server(through, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*forwarder.sockets[0].getsockname())
    writer.write(b"is anybody there?\n")
    print((await reader.readline()).decode(), end="", flush=True)
    rest = asyncio.create_task(reader.read())
    writer.write(b"m" * 1_000_000)
    writer.write_eof()
    print(len(await rest), "bytes more", flush=True)
    writer.close()
    print(sum(await asyncio.gather(*done)), "bytes pumped", flush=True)


asyncio.run(play())
