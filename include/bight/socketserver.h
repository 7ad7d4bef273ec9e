// SPDX-License-Identifier: BSL-1.0
/// Servers whose requests are handled by objects: Python's `socketserver`.
///
///     struct Upper : socketserver::StreamRequestHandler {
///         void handle() override {
///             while (auto line = rfile.readline()) wfile.write(upper(line));
///         }
///     };
///     socketserver::ThreadingTCPServer<Upper>({"127.0.0.1", 9000}).serve_forever();
///
/// The plain servers handle one request after the other, Threading ones each in a thread and Forking ones each in a
/// process of its own; Pool ones in a bounded number of threads, Prefork ones in a number of processes that are there
/// before the requests. stop() ends any of them.
#pragma once

#include <bight/socketserver/forking.h>
#include <bight/socketserver/pool.h>
#include <bight/socketserver/prefork.h>
#include <bight/socketserver/server.h>
#include <bight/socketserver/threading.h>
