// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "listen.h"

#include <bight/endpoint.h>
#include <bight/inherited.h>
#include <bight/socket.h>

#include <optional>
#include <string>
#include <vector>

namespace bight::tool {

/// A socket that clients come to; or one that a client has come to already, where inetd has accepted it.
struct ServerSocket {
    std::string name;  // what --listen says, in the grammar's own form
    Endpoint endpoint;
    Socket socket;  // moves into the server that serves it
    int fd = -1;    // its number
    inherited::Role role = inherited::Role::listener;
    std::optional<BoundPath> path;  // removed with it: of what this process has bound, or taken over
};

class HandOver;

/// A socket for each text: from the process that `before` takes over from, where it has one of that name; bound here (tcp, udp, unix, unixgram), or open before this process began (fd, stdio: which is
/// inetd's descriptor 0, systemd with all the sockets of a name). Says it when systemd has passed more than was asked for.
std::vector<ServerSocket> open_server_sockets(const std::vector<std::string>& texts, HandOver* before);

}  // namespace bight::tool
