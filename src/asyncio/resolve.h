// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/asyncio/task.h>

#include <vector>

namespace bight::asyncio::detail {

/// The addresses of a host for streams, in the resolver's order, without keeping the loop waiting. A number asks nobody.
/// Cancelled, it lets go of the look-up at once. Raises GaiError.
Task<std::vector<Address>> resolve(HostPort where);

}  // namespace bight::asyncio::detail
