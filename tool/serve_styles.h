// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "serve.h"
#include "serve_context.h"
#include "server_sockets.h"

#include <memory>
#include <vector>

namespace bight::tool {

/// A server of `style` on `sockets`, which it takes; `context` outlives it.
std::unique_ptr<StyleServer> make_server(Style style, std::vector<ServerSocket>& sockets, ServeContext& context);

/// iterative, thread, pool, fork: on the library's socketserver, one serving thread for each socket.
std::unique_ptr<StyleServer> make_blocking_server(Style style, std::vector<ServerSocket>& sockets,
                                                  ServeContext& context);

/// select, poll, epoll, selectors: all sockets and all clients in one loop.
std::unique_ptr<StyleServer> make_loop_server(Style style, std::vector<ServerSocket>& sockets, ServeContext& context);

/// async: coroutines, in one loop or several.
std::unique_ptr<StyleServer> make_async_server(std::vector<ServerSocket>& sockets, ServeContext& context);

}  // namespace bight::tool
