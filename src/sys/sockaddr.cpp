// SPDX-License-Identifier: BSL-1.0
#include "sys/sockaddr.h"

#include "values/sockaddr_layout.h"

#include <cstddef>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace bight::sys {

// What the values layer wrote down about the platform, held against the platform.
static_assert(Address::max_size == sizeof(sockaddr_storage));
static_assert(layout::family == offsetof(sockaddr_in, sin_family) && sizeof(sa_family_t) == 2);
static_assert(layout::port == offsetof(sockaddr_in, sin_port) && layout::port == offsetof(sockaddr_in6, sin6_port));
static_assert(layout::inet_host == offsetof(sockaddr_in, sin_addr) && layout::inet_size == sizeof(sockaddr_in));
static_assert(layout::inet6_flow == offsetof(sockaddr_in6, sin6_flowinfo));
static_assert(layout::inet6_host == offsetof(sockaddr_in6, sin6_addr));
static_assert(layout::inet6_scope == offsetof(sockaddr_in6, sin6_scope_id));
static_assert(layout::inet6_size == sizeof(sockaddr_in6));
static_assert(layout::unix_path == offsetof(sockaddr_un, sun_path) && layout::unix_size == sizeof(sockaddr_un));
static_assert(Family::unspecified == AF_UNSPEC && Family::unix_domain == AF_UNIX && Family::inet == AF_INET);
static_assert(Family::inet6 == AF_INET6 && Family::netlink == AF_NETLINK && Family::packet == AF_PACKET);
static_assert(Family::vsock == AF_VSOCK);
static_assert(Kind::stream == SOCK_STREAM && Kind::datagram == SOCK_DGRAM && Kind::raw == SOCK_RAW);
static_assert(Kind::rdm == SOCK_RDM && Kind::seqpacket == SOCK_SEQPACKET);
static_assert(EAI_BADFLAGS == -1 && EAI_NONAME == -2 && EAI_AGAIN == -3 && EAI_FAIL == -4 && EAI_FAMILY == -6);
static_assert(EAI_SOCKTYPE == -7 && EAI_SERVICE == -8 && EAI_MEMORY == -10 && EAI_SYSTEM == -11 && EAI_OVERFLOW == -12);
static_assert(HOST_NOT_FOUND == 1 && TRY_AGAIN == 2 && NO_RECOVERY == 3 && NO_DATA == 4);

}  // namespace bight::sys
