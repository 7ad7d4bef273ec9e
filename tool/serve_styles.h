// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "serve.h"
#include "serve_context.h"

#include <bight/endpoint.h>

#include <memory>
#include <vector>

namespace bight::tool {

/// A server of `style` that listens at `endpoints`; `context` outlives it.
std::unique_ptr<StyleServer> make_server(Style style, const std::vector<Endpoint>& endpoints, ServeContext& context);

/// iterative, thread: on the library's socketserver, one serving thread for each endpoint.
std::unique_ptr<StyleServer> make_blocking_server(Style style, const std::vector<Endpoint>& endpoints,
                                                  ServeContext& context);

/// select, poll, epoll, selectors: all endpoints and all clients in one loop.
std::unique_ptr<StyleServer> make_loop_server(Style style, const std::vector<Endpoint>& endpoints,
                                              ServeContext& context);

}  // namespace bight::tool
