# SPDX-License-Identifier: BSL-1.0
# A server and its clients as coroutines, in one thread: each reads as if it were alone. Nobody waits for anybody else,
# and the group does not end before its last task.

import asyncio


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def ask(server, question):
    reader, writer = await asyncio.open_connection(*server)
    writer.write(question.encode())
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def play():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    where = server.sockets[0].getsockname()
    async with asyncio.TaskGroup() as group:
        one = group.create_task(ask(where, "who is there?"))
        two = group.create_task(ask(where, "how late is it?"))
    print(one.result(), two.result(), sep="\n")
    try:
        await asyncio.wait_for(asyncio.sleep(3600), 0.01)
    except TimeoutError:
        print("too late")
    server.close()


asyncio.run(play())
