// SPDX-License-Identifier: BSL-1.0
// CPython's asyncio, with its own loop and with uvloop's: protocols, which are quicker there than streams.
#include "servers/servers.h"

#include "support/children.h"

#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr const char* script = R"(
import asyncio, socket, sys

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

async def serve(listener):
    server = await asyncio.get_running_loop().create_server(Echo, sock=listener, backlog=4096)
    await server.serve_forever()

if sys.argv[2] == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))
)";

[[noreturn]] void become_python(int fd, const char* loop) {
    become({"/usr/bin/python3.11", "-c", script, std::to_string(fd), loop}, {fd});
    throw std::runtime_error("there is no /usr/bin/python3.11");
}

}  // namespace

void serve_asyncio(Service, int fd) { become_python(fd, "asyncio"); }
void serve_uvloop(Service, int fd) { become_python(fd, "uvloop"); }

}  // namespace bench
