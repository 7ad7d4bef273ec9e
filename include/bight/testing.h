// SPDX-License-Identifier: BSL-1.0
/// For tests of programs that use bight::asyncio: a simulated network, and suites for whoever writes coroutines and streams.
///
///     testing::for_each_seed("the answer comes", {.count = 1000}, [](testing::Simulation& sim) {
///         auto& server = sim.host("server", {"10.0.0.1"});
///         auto& client = sim.host("client", {"10.0.0.2"});
///         sim.link(client, server, {.delay = 5ms, .jitter = 2ms});
///         server.run(my_server);
///         sim.run(client.task(my_client, "server"));
///     });
///
/// The same coroutines run in a program and here; nothing in them knows where they are.
#pragma once

#include <bight/testing/cancel_everywhere.h>
#include <bight/testing/seeds.h>
#include <bight/testing/simulation.h>
#include <bight/testing/stream_contract.h>
#include <bight/testing/stream_pair.h>
