// SPDX-License-Identifier: BSL-1.0
/// asyncio: coroutines over a loop, on io_uring or epoll.
#pragma once

#include <bight/asyncio/cancelled.h>
#include <bight/asyncio/connection.h>
#include <bight/asyncio/datagram.h>
#include <bight/asyncio/foreign.h>
#include <bight/asyncio/gather.h>
#include <bight/asyncio/loop.h>
#include <bight/asyncio/metrics.h>
#include <bight/asyncio/protocol.h>
#include <bight/asyncio/proxies.h>
#include <bight/asyncio/queue.h>
#include <bight/asyncio/readiness.h>
#include <bight/asyncio/resolver.h>
#include <bight/asyncio/server.h>
#include <bight/asyncio/signals.h>
#include <bight/asyncio/socket_calls.h>
#include <bight/asyncio/stream.h>
#include <bight/asyncio/subprocess.h>
#include <bight/asyncio/sync.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/tasks.h>
#include <bight/asyncio/threads.h>
#include <bight/asyncio/timeouts.h>
#include <bight/asyncio/transport.h>
