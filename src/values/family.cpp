// SPDX-License-Identifier: BSL-1.0
#include <bight/family.h>

#include <ostream>

namespace bight {

std::string Family::to_string() const {
    switch (value) {
        case unspecified.value: return "AF_UNSPEC";
        case unix_domain.value: return "AF_UNIX";
        case inet.value: return "AF_INET";
        case inet6.value: return "AF_INET6";
        case netlink.value: return "AF_NETLINK";
        case packet.value: return "AF_PACKET";
        case vsock.value: return "AF_VSOCK";
        default: return std::to_string(value);
    }
}

std::string Kind::to_string() const {
    switch (value) {
        case stream.value: return "SOCK_STREAM";
        case datagram.value: return "SOCK_DGRAM";
        case raw.value: return "SOCK_RAW";
        case rdm.value: return "SOCK_RDM";
        case seqpacket.value: return "SOCK_SEQPACKET";
        default: return std::to_string(value);
    }
}

std::ostream& operator<<(std::ostream& out, Family family) { return out << family.to_string(); }
std::ostream& operator<<(std::ostream& out, Kind kind) { return out << kind.to_string(); }

}  // namespace bight
