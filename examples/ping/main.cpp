// SPDX-License-Identifier: BSL-1.0
// ping: echo requests over a raw socket, for IPv4 and IPv6. A raw socket hears the answers to everybody's requests, so
// each is asked whether it is for us. Needs the right to open one (CAP_NET_RAW).

#include <bight/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <span>
#include <string>

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

using namespace bight;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Both protocols' echo messages begin like this.
struct Echo {
    std::uint8_t type = 0, code = 0;
    std::uint16_t checksum = 0, id = 0, sequence = 0;
    char data[56] = "bight";
};

/// The sum of RFC 1071: of ones' complement, over words of 16 bits. For IPv6 the kernel makes it.
std::uint16_t checksum_of(const Echo& echo) {
    std::uint16_t words[sizeof echo / 2];
    std::memcpy(words, &echo, sizeof echo);
    std::uint32_t sum = 0;
    for (auto word : words) sum += word;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// Reads what comes until it is the answer to `request`; false once `limit` has passed.
bool hear_answer(Socket& s, const Echo& request, const Address& peer, Clock::duration limit) {
    const bool v6 = s.family() == Family::inet6;
    const auto deadline = Clock::now() + limit;
    for (auto left = limit; left > 0s; left = deadline - Clock::now()) {
        s.settimeout(left);
        auto received = s.try_recvfrom(2048);
        if (!received) {
            if (received.error() == std::errc::timed_out) return false;
            raise_os_error(received.error(), "receive an answer");
        }
        auto [data, sender] = std::move(*received);
        // A packet of IPv4 comes with its header, whose length is in its first byte.
        const std::size_t header = v6 || data.empty() ? 0 : std::to_integer<std::size_t>(data[0] & std::byte{15}) * 4;
        auto message = data.bytes().slice(header);
        if (message.size() < 8) continue;
        Echo answer;
        std::memcpy(&answer, message.data(), std::min(message.size(), sizeof answer));
        if (answer.type == (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) && answer.id == request.id &&
            answer.sequence == request.sequence && sender.host() == peer.host())
            return true;
    }
    return false;
}

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: ping HOST [COUNT [MILLISECONDS]]\n";
        return 2;
    }
    const auto peer = socket::getaddrinfo(argv[1], {}, {.kind = SOCK_RAW}).front().address;
    const int count = argc > 2 ? std::stoi(argv[2]) : 3;
    const auto limit = argc > 3 ? std::chrono::milliseconds(std::stoi(argv[3])) : 1s;
    const bool v6 = peer.family() == Family::inet6;
    Socket s(peer.family(), SOCK_RAW, v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP});

    Echo request{.type = static_cast<std::uint8_t>(v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO)};
    request.id = static_cast<std::uint16_t>(Clock::now().time_since_epoch().count());
    int answers = 0;
    for (int i = 1; i <= count; ++i) {
        request.sequence = htons(static_cast<std::uint16_t>(i));
        request.checksum = 0;
        request.checksum = checksum_of(request);
        const auto start = Clock::now();
        s.sendto(std::as_bytes(std::span(&request, 1)), peer);
        if (hear_answer(s, request, peer, limit)) {
            const std::chrono::duration<double, std::milli> took = Clock::now() - start;
            std::cout << peer.host() << " answers number " << i << " after " << took.count() << " ms" << std::endl;
            ++answers;
        } else {
            std::cout << peer.host() << " is silent about number " << i << std::endl;
        }
    }
    std::cout << answers << " of " << count << " answered" << std::endl;
}
