// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/ancillary.h>
#include <bight/bytes.h>
#include <bight/file_descriptor.h>
#include <bight/options/option.h>
#include <bight/tcp_info.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Values of options that are more than a number. Each `Wire` is the kernel's struct.
namespace bight::options {

/// What close() makes of data that was not sent yet. On, it waits for as long as `time` until the peer has acknowledged
/// it; with a time of 0 the connection is reset and the data lost. socket(7).
struct Linger {
    bool on = false;
    std::chrono::seconds time{};

    using Wire = std::array<int, 2>;
    constexpr Wire pack(const char* name) const {
        if (time.count() < 0 || time.count() > 0x7fffffff) detail::out_of_range(name);
        return {on ? 1 : 0, static_cast<int>(time.count())};
    }
    static constexpr Linger unpack(const Wire& wire) { return {wire[0] != 0, std::chrono::seconds(wire[1])}; }
    friend bool operator==(const Linger&, const Linger&) = default;
};

/// When a socket's datagrams may be broken up on their way: ip(7), IP_MTU_DISCOVER.
enum class MtuDiscover { dont, want, always, probe, interface, omit };

/// SO_TIMESTAMPING: which times are taken, and which are told. Joined by `|`; see the kernel's timestamping.rst.
enum class Timestamping : int {
    none = 0,
    tx_hardware = 1 << 0,
    tx_software = 1 << 1,
    rx_hardware = 1 << 2,
    rx_software = 1 << 3,
    software = 1 << 4,  // tell those that the kernel took
    raw_hardware = 1 << 6,
    opt_id = 1 << 7,
    tx_sched = 1 << 8,
    tx_ack = 1 << 9,
    opt_cmsg = 1 << 10,
    opt_tsonly = 1 << 11,
    opt_stats = 1 << 12,
    opt_pktinfo = 1 << 13,
    opt_tx_swhw = 1 << 14,
    opt_id_tcp = 1 << 16,
    opt_rx_filter = 1 << 17,
    tx_completion = 1 << 18,
};
constexpr Timestamping operator|(Timestamping a, Timestamping b) noexcept {
    return static_cast<Timestamping>(static_cast<int>(a) | static_cast<int>(b));
}
constexpr bool has(Timestamping flags, Timestamping flag) noexcept {
    return (static_cast<int>(flags) & static_cast<int>(flag)) == static_cast<int>(flag);
}

/// SO_TXTIME: the clock of the times at which datagrams are to leave.
struct TransmitTime {
    int clock = 0;  // CLOCK_TAI, CLOCK_MONOTONIC: see clock_gettime(2)
    bool deadline_mode = false;
    bool report_errors = false;

    using Wire = std::array<std::uint32_t, 2>;
    constexpr Wire pack(const char*) const {
        return {static_cast<std::uint32_t>(clock), (deadline_mode ? 1u : 0u) | (report_errors ? 2u : 0u)};
    }
    static constexpr TransmitTime unpack(const Wire& wire) {
        return {static_cast<int>(wire[0]), (wire[1] & 1) != 0, (wire[1] & 2) != 0};
    }
    friend bool operator==(const TransmitTime&, const TransmitTime&) = default;
};

/// The range that the kernel takes ports from for this socket, both ends included; 0 for the system's.
struct PortRange {
    std::uint16_t low = 0;
    std::uint16_t high = 0;

    using Wire = std::uint32_t;
    constexpr Wire pack(const char* name) const {
        if (low != 0 && high != 0 && low > high) detail::out_of_range(name);
        return static_cast<std::uint32_t>(high) << 16 | low;
    }
    static constexpr PortRange unpack(Wire wire) {
        return {static_cast<std::uint16_t>(wire & 0xffff), static_cast<std::uint16_t>(wire >> 16)};
    }
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// How much memory a socket uses, in bytes: SO_MEMINFO, sock_diag(7).
struct MemoryInfo {
    std::uint32_t receive_allocated = 0, receive_buffer = 0, send_allocated = 0, send_buffer = 0, forward_allocated = 0,
                  send_queued = 0, options = 0, backlog = 0, drops = 0;

    using Wire = std::array<std::uint32_t, 9>;
    static constexpr MemoryInfo unpack(const Wire& w) { return {w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]}; }
};

/// The form of a time that is a timeval to the kernel, 0 for none.
struct KernelTime {
    using Value = std::chrono::microseconds;
    template <class V>
    static constexpr bool takes = std::convertible_to<V, Value> && !detail::Integer<V>;

    using Wire = std::array<long, 2>;
    static constexpr Wire pack(Value time, const char* name) {
        if (time.count() < 0) detail::out_of_range(name);
        return {time.count() / 1'000'000, time.count() % 1'000'000};
    }
    static constexpr Value unpack(const Wire& wire) {
        return std::chrono::seconds(wire[0]) + std::chrono::microseconds(wire[1]);
    }
};

/// The form of an interface's number in the network's order.
struct InterfaceIndex {
    using Value = int;
    template <class V>
    static constexpr bool takes = detail::Integer<V>;

    static constexpr const char* unit = "";
    static constexpr std::uint32_t swapped(std::uint32_t value) {
        return std::endian::native == std::endian::big ? value : std::byteswap(value);
    }
    template <class V>
    static constexpr std::uint32_t pack(V index, const char* name) {
        if (std::cmp_less(index, 0) || std::cmp_greater(index, 0x7fffffff)) detail::out_of_range(name, 0, 0x7fffffff);
        return swapped(static_cast<std::uint32_t>(index));
    }
    static constexpr Value unpack(std::uint32_t wire) { return static_cast<int>(swapped(wire)); }
};

/// The form of an IPv4 address without a port.
struct HostAddress {
    using Value = Address;
    template <class V>
    static constexpr bool takes = std::convertible_to<V, Address>;

    using Wire = std::array<std::uint8_t, 4>;
    static Wire pack(const Address& host, const char* name);
    static Address unpack(const Wire& wire);
};

/// One instruction of a classic BPF program: bpf(4) of the BSDs, the kernel's filter.rst.
struct BpfInstruction {
    std::uint16_t code;
    std::uint8_t if_true;
    std::uint8_t if_false;
    std::uint32_t operand;
};

/// A program of them. It must live until the option is set; the kernel keeps a copy.
struct BpfProgram {
    const BpfInstruction* instructions = nullptr;
    std::size_t size = 0;

    constexpr BpfProgram() noexcept = default;
    constexpr BpfProgram(std::span<const BpfInstruction> program) noexcept
        : instructions(program.data()), size(program.size()) {}

    struct Wire {
        std::uint16_t length;
        const BpfInstruction* instructions;
    };
    constexpr Wire pack(const char* name) const {
        if (size == 0 || size > 4096) detail::out_of_range(name);  // BPF_MAXINSNS
        return {static_cast<std::uint16_t>(size), instructions};
    }
};

// ---- What is only read. ------------------------------------------------------------------------------------------------

namespace detail {

Family read_family(Bytes answer);
Kind read_kind(Bytes answer);
Errno read_errno(Bytes answer);
Credentials read_credentials(Bytes answer);
std::vector<std::uint32_t> read_numbers(Bytes answer);
std::string read_label(Bytes answer);
FileDescriptor read_descriptor(Bytes answer);
std::string read_bytes(Bytes answer);
inline TcpInfo read_tcp_info(Bytes answer) { return TcpInfo::of(answer); }

}  // namespace detail
}  // namespace bight::options
