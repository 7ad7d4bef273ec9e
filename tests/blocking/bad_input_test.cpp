// SPDX-License-Identifier: BSL-1.0
// What no caller should give, and what a caller gives all the same: each gets its documented error, whole.

#include <bight/ancillary.h>
#include <bight/batch.h>
#include <bight/file_descriptor.h>
#include <bight/interfaces.h>
#include <bight/message.h>
#include <bight/netdb.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "values/sanitizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <vector>

#include <netdb.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::open_descriptors;

using Call = std::function<void(std::string_view)>;

/// Each call that takes a name from its caller.
const std::map<std::string, Call>& calls_with_names() {
    static const std::map<std::string, Call> calls{
        {"getaddrinfo", [](auto name) { (void)socket::getaddrinfo(name, {}, {.flags = AI_NUMERICHOST}); }},
        {"service", [](auto name) { (void)socket::getaddrinfo(std::nullopt, name, {.kind = Kind::stream}); }},
        {"getservbyname", [](auto name) { (void)socket::getservbyname(name); }},
        {"getprotobyname", [](auto name) { (void)socket::getprotobyname(name); }},
        {"if_nametoindex", [](auto name) { (void)socket::if_nametoindex(name); }},
        {"inet_aton", [](auto name) { (void)socket::inet_aton(name); }},
        {"inet_pton", [](auto name) { (void)socket::inet_pton(Family::inet6, name); }},
        {"bind_unix",
         [](auto name) { Socket(Family::unix_domain).bind(Address::unix_path("/nonexistent/" + std::string(name))); }},
        {"connect_unix",
         [](auto name) {
             Socket(Family::unix_domain).connect(Address::unix_path("/nonexistent/" + std::string(name)));
         }},
    };
    return calls;
}

/// In the words of the oracle.
std::string answer(const Call& call, std::string_view name) {
    try {
        call(name);
    } catch (const GaiError& error) {
        return "gai " + std::to_string(error.errnum());
    } catch (const ValueError&) {
        return "value";
    } catch (const OverflowError&) {
        return "value";
    } catch (const OSError&) {
        return "os";
    }
    return "ok";
}

// B009, B014: a name of any length gets one error, CPython's; hosts too long for any name a ValueError, and none is cut.
TEST(BadNames, are_refused_as_in_cpython) {
    int lines = 0;
    for (const auto& line : testing::oracle("tests/blocking/bad_names_oracle.py", {})) {
        std::istringstream fields(line);
        std::string call, hex, expected;
        std::getline(fields, call, '\t');
        std::getline(fields, hex, '\t');
        std::getline(fields, expected);
        auto name = testing::unhex(hex);
        if (call == "getaddrinfo" && name.size() > 253) expected = "value";
        EXPECT_EQ(answer(calls_with_names().at(call), name), expected)
            << call << " of " << name.substr(0, 40) << ", " << name.size() << " bytes";
        ++lines;
    }
    EXPECT_EQ(lines, 44 * 9);
}

// B013: CPython cuts some of these at the NUL; here check and use see the same name.
TEST(BadNames, with_a_nul_at_any_place_are_refused) {
    auto calls = calls_with_names();
    auto tcp = [] { return Socket(); };
    calls["gethostbyname"] = [](auto name) { (void)socket::gethostbyname(name); };
    calls["gethostbyname_ex"] = [](auto name) { (void)socket::gethostbyname_ex(name); };
    calls["gethostbyaddr"] = [](auto name) { (void)socket::gethostbyaddr(name); };
    calls["getfqdn"] = [](auto name) { (void)socket::getfqdn(name); };
    calls["connect"] = [&](auto name) { tcp().connect({name, 9}); };
    calls["connect_ex"] = [&](auto name) { (void)tcp().connect_ex({name, 9}); };
    calls["bind"] = [&](auto name) { tcp().bind({name, 0}); };
    calls["sendto"] = [](auto name) { Socket(Family::inet, Kind::datagram).sendto("x", HostPort(name, 9)); };
    calls["create_connection"] = [](auto name) { (void)socket::create_connection({name, 9}); };
    calls["create_server"] = [](auto name) { (void)socket::create_server({name, 0}); };
    calls["parse"] = [](auto name) { (void)HostPort::parse(std::string(name) + ":9"); };
    calls["open"] = [](auto name) { (void)FileDescriptor::open(std::string(name)); };
    for (const auto& [call, function] : calls)
        for (std::string_view name : {"127.0.0.1", "lo", "http"})
            for (std::size_t at = 0; at <= name.size(); ++at) {
                std::string broken(name);
                broken.insert(at, 1, '\0');
                auto got = answer(function, broken);
                bool refused = got == "value" || (call.starts_with("inet_") && got == "os");
                EXPECT_TRUE(refused) << call << " with a NUL at " << at << ": " << got;
            }
}

constexpr double at_once = detail::is_sanitized ? 1 : 0.2;  // seconds

// B012: what cannot be a name is refused before anything looks at its parts.
TEST(BadNames, of_64_kilobytes_are_refused_at_once) {
    std::string dots;
    while (dots.size() < 65'536) dots += "a.";
    for (const std::string& name : {std::string(65'536, 'a'), dots}) {
        auto begin = std::clock();  // CPU time: others may run meanwhile
        for (int i = 0; i < 100; ++i) {
            EXPECT_THROW((void)socket::gethostbyname(name), ValueError);
            EXPECT_THROW(HostPort(name, 80), ValueError);
        }
        EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, at_once);
    }
}

// ---- Lengths and places in memory. -------------------------------------------------------------------------------------

/// Memory in the middle of more, which must stay as it is.
struct Guarded {
    Guarded() { all.fill(std::byte{0x5a}); }
    MutableBytes part(std::size_t size) { return MutableBytes(all).subspan(16, size); }
    bool untouched(std::size_t size) const {
        auto is_pattern = [](std::byte byte) { return byte == std::byte{0x5a}; };
        return std::all_of(all.begin(), all.begin() + 16, is_pattern) &&
               std::all_of(all.begin() + 16 + static_cast<std::ptrdiff_t>(size), all.end(), is_pattern);
    }

    std::array<std::byte, 128> all;
};

// B043: no call that receives into memory of the caller's writes outside, or says that it has.
TEST(Lengths, memory_of_the_callers_is_all_that_is_filled) {
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::datagram);
    const std::string sent(50, 'x');
    for (std::size_t size : {0u, 1u, 7u, 49u, 50u, 51u, 64u})
        for (int flags : {0, int{MSG_TRUNC}}) {
            auto most = std::min(size, sent.size());
            {
                Guarded memory;
                near.send(sent);
                EXPECT_EQ(far.recv_into(memory.part(size), flags).size(), most);
                EXPECT_TRUE(memory.untouched(most));
                if (size == 0) (void)far.recv(1);  // without room nothing was taken
            }
            {
                Guarded memory;
                near.send(sent);
                EXPECT_EQ(far.recvfrom_into(memory.part(size), flags).data.size(), most);
                EXPECT_TRUE(memory.untouched(most));
            }
            {
                Guarded first, second;
                std::array<MutableBytes, 2> pieces{first.part(size / 2), second.part(size - size / 2)};
                near.send(sent);
                auto message = far.recvmsg_into(pieces, 0, flags);
                EXPECT_EQ(message.size, flags ? sent.size() : most);
                EXPECT_EQ((message.flags & MSG_TRUNC) != 0, size < sent.size());
                EXPECT_TRUE(first.untouched(std::min(size / 2, most)));
                EXPECT_TRUE(second.untouched(most - std::min(size / 2, most)));
            }
            near.send(sent);
            EXPECT_EQ(far.recvmsg(size, 0, flags).data.size(), most);
            near.send(sent);
            EXPECT_EQ(far.recvfrom(size, flags).data.size(), most);
            near.send(sent);
            ReceiveBatch batch(1, size);
            auto datagram = *far.recvmmsg(batch).begin();
            EXPECT_EQ(datagram.data.size(), most);
            EXPECT_EQ(datagram.size, sent.size());
        }
}

TEST(Lengths, that_no_object_can_have_are_refused) {
    auto [near, far] = socket::socketpair();
    far.sendall("x");
    constexpr auto most = std::numeric_limits<std::size_t>::max();
    for (std::size_t size : {most, most / 2 + 1}) {
        EXPECT_THROW(near.recv(size), ValueError);
        EXPECT_THROW(near.recvfrom(size), ValueError);
        EXPECT_THROW(near.recvmsg(size), ValueError);
        EXPECT_THROW(near.recvmsg(1, size), ValueError);
        EXPECT_THROW(near.recvmsg_into({}, size), ValueError);
        EXPECT_THROW(near.getsockopt(SOL_SOCKET, SO_TYPE, size), ValueError);
        EXPECT_THROW(ReceiveBatch(1, size), ValueError);
        EXPECT_THROW(ReceiveBatch(size, 1), ValueError);
        EXPECT_THROW(socket::recv_fds(near, 1, size), ValueError);
    }
    EXPECT_THROW(near.recvmsg(1, std::size_t{0x80000000}), ValueError);
    EXPECT_EQ(near.recv(10), "x");  // nothing was taken by the way
    for (int port : {-1, 65'536, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
        EXPECT_THROW(HostPort("127.0.0.1", port), OverflowError);
        EXPECT_THROW((void)Address::ip("127.0.0.1", port), OverflowError);
        EXPECT_THROW((void)socket::getservbyport(port), OverflowError);
    }
    EXPECT_THROW(near.settimeout(-1ns), ValueError);
    EXPECT_THROW((void)socket::if_indextoname(-1), OverflowError);
    EXPECT_THROW(Socket::adopt(std::numeric_limits<int>::min()), ValueError);
}

/// Room for ancillary data cut at every byte, with descriptors and credentials in it, and a stamp of time.
// B044, B046: nothing leaks, and what does not fit is told.
TEST(Lengths, of_a_control_buffer_from_none_to_enough) {
    auto before = open_descriptors();
    {
        auto [near, far] = socket::socketpair();
        far.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
        far.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, 1);
        auto inside = open_descriptors();
        std::array<int, 3> three{near.fileno(), near.fileno(), near.fileno()};
        near.sendmsg({"x"}, AncillaryBuilder().fds(three));
        std::size_t whole = far.recvmsg(1, 1000).ancillary.bytes().size();
        ASSERT_GT(whole, socket::cmsg_space(12));
        std::size_t complete = 0;
        for (std::size_t room = 0; room <= whole + 9; ++room) {
            near.sendmsg({"x"}, AncillaryBuilder().fds(three));
            auto message = far.recvmsg(1, room);
            EXPECT_EQ(message.data, "x");
            EXPECT_LE(message.ancillary.bytes().size(), room);
            for (const auto& item : message.ancillary) {
                EXPECT_GE(item.data.begin(), message.ancillary.bytes().begin());
                EXPECT_LE(item.data.end(), message.ancillary.bytes().end());
            }
            bool cut = (message.flags & MSG_CTRUNC) != 0;
            auto fds = message.ancillary.take_fds();
            EXPECT_EQ(open_descriptors(), inside + fds.size()) << room;
            bool whole_came = fds.size() == 3 && message.ancillary.credentials();
            EXPECT_TRUE(cut || whole_came) << room;
            EXPECT_FALSE(cut && room >= whole) << room;
            if (!cut) ++complete;
        }
        EXPECT_GE(complete, 10u);
        EXPECT_EQ(open_descriptors(), inside);
    }
    EXPECT_EQ(open_descriptors(), before);
}

// ---- Addresses of the wrong family. ------------------------------------------------------------------------------------

/// What the kernel answers to the same call, made by hand on a socket of the same kind.
int kernels_answer(Family family, Kind kind, const Address& address, const std::string& call) {
    Socket probe(family, kind);
    auto bytes = address.sockaddr();
    auto* where = reinterpret_cast<const ::sockaddr*>(bytes.data());
    auto size = static_cast<socklen_t>(bytes.size());
    long done = 0;
    if (call == "bind") done = ::bind(probe.fileno(), where, size);
    if (call == "connect") done = ::connect(probe.fileno(), where, size);
    if (call == "sendto") done = ::sendto(probe.fileno(), "x", 1, MSG_NOSIGNAL, where, size);
    return done < 0 ? errno : 0;
}

int our_answer(Family family, Kind kind, const Address& address, const std::string& call) {
    Socket socket(family, kind);
    socket.settimeout(5s);
    try {
        if (call == "bind") socket.bind(address);
        if (call == "connect") socket.connect(address);
        if (call == "sendto") socket.sendto("x", address);
    } catch (const OSError& error) {
        return error.errnum();
    }
    return 0;
}

TEST(WrongFamily, gets_the_kernels_answer) {
    const auto sockaddr_of = [](std::initializer_list<unsigned char> bytes) {
        return Address::from_sockaddr(std::as_bytes(std::span(bytes.begin(), bytes.size())));
    };
    const std::vector<Address> addresses{
        Address(),  // of nothing
        Address::ip("127.0.0.1", 0),
        Address::ip("::1", 0),
        Address::unix_path("/nonexistent/socket"),
        Address::unnamed(),
        sockaddr_of({2, 0}),                      // IPv4, cut behind the family
        sockaddr_of({2, 0, 0, 80, 127, 0, 0}),    // a byte too few
        sockaddr_of({10, 0, 0, 80, 0, 0, 0, 0}),  // IPv6, cut
        sockaddr_of({1, 0}),                      // Unix, without a path
        sockaddr_of({0xff, 0xff, 1, 2, 3, 4}),    // a family that nobody has
    };
    int refused = 0;
    for (Family family : {Family::inet, Family::inet6, Family::unix_domain})
        for (Kind kind : {Kind::stream, Kind::datagram})
            for (const auto& address : addresses)
                for (std::string call : {"bind", "connect", "sendto"}) {
                    int expected = kernels_answer(family, kind, address, call);
                    EXPECT_EQ(our_answer(family, kind, address, call), expected)
                        << call << " of " << family.to_string() << ' ' << kind.to_string() << " to "
                        << address.to_string();
                    refused += expected != 0;
                }
    EXPECT_GT(refused, 100);
}

TEST(WrongFamily, of_text_is_a_resolvers_error_and_never_waits) {
    Socket inet, inet6(Family::inet6);
    EXPECT_THROW(inet.bind({"::1", 0}), GaiError);
    EXPECT_THROW(inet.connect({"::1", 9}), GaiError);
    EXPECT_THROW((void)inet.connect_ex({"::1", 9}), GaiError);
    EXPECT_THROW(inet6.connect({"127.0.0.1", 9}), GaiError);
    EXPECT_THROW(Socket(Family::inet, Kind::datagram).sendto("x", HostPort("::1", 9)), GaiError);
    EXPECT_THROW((void)socket::create_server({"::1", 0}, {.family = Family::inet}), OSError);
    auto source = Address::ip("::1", 0);
    auto listener = socket::create_server({"127.0.0.1", 0});
    EXPECT_THROW((void)socket::create_connection(listener.getsockname(), {.source_address = &source}), OSError);
    SendBatch batch;
    batch.add("x", source);
    EXPECT_THROW(Socket(Family::inet, Kind::datagram).sendmmsg(batch), OSError);
    EXPECT_EQ(batch.size(), 1u);
}

}  // namespace
}  // namespace bight
