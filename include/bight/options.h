// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/options/families.h>
#include <bight/options/generic.h>
#include <bight/options/inet.h>
#include <bight/options/option.h>
#include <bight/options/tcp.h>
#include <bight/options/values.h>
#include <bight/socket.h>

#include <string>
#include <vector>

/// Typed socket options, beside getsockopt() and setsockopt(), which take all there are:
///
///     s.set(options::reuse_address, true);
///     s.set(options::tcp_keep_idle, 30s);                  // a time has a unit
///     s.set(options::receive_buffer, 65536);
///     auto idle = s.get(options::tcp_keep_idle);           // std::chrono::seconds
///     s.set(options::ip_ttl(64));                          // a constant: checked when it is compiled
///
/// What does not go does not compile: a number for a switch, milliseconds where the kernel takes seconds, setting what
/// can only be read. A value out of range raises OverflowError before the kernel sees it, a text that does not fit
/// ValueError; where the kernel refuses, the OSError names the option. A refused value changes nothing.
///
/// What is read is the kernel's truth, which need not be what was set: see send_buffer and tcp_defer_accept.
namespace bight::options {}

namespace bight {

/// One line of dump_options().
struct OptionValue {
    std::string name;   // the platform's: "SO_RCVBUF"
    std::string value;  // for people: "on", "131072 bytes", "7200 s"
    friend bool operator==(const OptionValue&, const OptionValue&) = default;
};

/// All of these options that can be read from this socket, for diagnosis. What the kernel does not have, or not for this
/// socket, is left out. So is what reading changes (SO_ERROR, TCP_SAVED_SYN) or makes (SO_PEERPIDFD). Raises ClosedError.
std::vector<OptionValue> dump_options(const Socket& socket);

}  // namespace bight
