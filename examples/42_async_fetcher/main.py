# SPDX-License-Identifier: BSL-1.0
# Pages by HTTP, all at once and in one thread, as in 34_selectors_fetcher; but each is fetched by a coroutine, which
# says what is to be done from its beginning to its end.

import asyncio
import os
import sys


async def fetch(host, port, path):
    page, how = b"", "complete"
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while data := await reader.read(65536):
            page += data
        writer.close()
    except OSError as error:
        how = os.strerror(error.errno).lower()
    print(f"{path}: {how}", flush=True)
    return page


async def fetch_all(host, port, paths):
    async with asyncio.TaskGroup() as group:
        pages = [group.create_task(fetch(host, port, path)) for path in paths]
    for path, page in zip(paths, pages):
        status, _, rest = page.result().partition(b"\r\n")
        body = rest.partition(b"\r\n\r\n")[2]
        print(f"{path}: {status.decode()}, {len(body)} bytes", flush=True)


if len(sys.argv) < 4:
    sys.exit("usage: main.py HOST PORT PATH...")
asyncio.run(fetch_all(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
