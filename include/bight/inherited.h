// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socket.h>

#include <string>
#include <vector>

namespace bight::inherited {

// Sockets that were open before this process began: systemd's socket activation, inetd's descriptor 0, or any number
// that whoever began the process says. Each is close-on-exec from here on. Their open files are shared with others, so
// whether a call on them may wait (O_NONBLOCK) is better left as it is.

/// What comes in at a socket.
enum class Role {
    listener,    // connections: it listens
    datagrams,   // datagrams: a port
    connection,  // the bytes of one peer: it is connected
};

/// Raises ValueError for a socket that can be none of these: a stream that neither listens nor is connected.
Role role_of(const Socket& socket);

/// The socket of descriptor `fd`, which is ours from now on. A standard one (0, 1 or 2) is moved to another number, and
/// /dev/null takes its place, so that nothing else gets into it. Raises OSError for what is not open or no socket, and
/// ValueError for a negative number; then it is left as it was.
Socket from_fd(int fd);

/// What inetd gives: descriptor 0, a connection ("nowait"), or a listener or port ("wait"). Where 1 and 2 are the same
/// socket, as there, /dev/null takes their places too: what is printed would go to the client.
Socket from_inetd();

/// A socket and what it is called.
struct NamedSocket {
    std::string name;
    Socket socket;
};

/// The sockets that systemd, or another launcher of its protocol, passed to this process, in their order, by the names
/// of FileDescriptorName=, which need not differ; "unknown" where it gave none. Empty if it passed none, or passed them
/// to another process. See sd_listen_fds(3).
///
/// Removes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES from the environment, so that children do not think that they are
/// meant, and so the second call finds nothing: call it once, before there are threads. Raises ValueError for variables
/// that say nothing sensible, and OSError for a descriptor that is not open or no socket; all are close-on-exec then too.
std::vector<NamedSocket> from_systemd();

}  // namespace bight::inherited
