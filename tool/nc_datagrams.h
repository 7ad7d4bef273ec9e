// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "nc.h"
#include "relay.h"

#include <bight/address.h>
#include <bight/endpoint.h>
#include <bight/socket.h>

#include <memory>
#include <optional>

namespace bight::tool {

/// The address of an endpoint; of a name the first, in `family` if that is given. Raises GaiError.
Address resolved(const Endpoint& endpoint, Family family = Family::unspecified);

/// Whether many can listen there together: 224.0.0.0/4, ff00::/8.
bool is_group(const Address& address) noexcept;

/// A wire to `peer`, from `source` if there is one. A group hears what is sent, and whoever answers is heard.
std::unique_ptr<Wire> datagrams_to(const Address& peer, const std::optional<Address>& source, const NcOptions& options);

/// A port bound to a group, which it has joined.
Socket join(const Address& group, const NcOptions& options);

}  // namespace bight::tool
