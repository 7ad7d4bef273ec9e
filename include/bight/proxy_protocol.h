// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/family.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bight::proxy_protocol {

// What a proxy says in front of a connection that it relays: who the client is. Versions 1 (a line of text) and 2
// (binary) of HAProxy's "The PROXY protocol" of 2020. Values: nothing here makes a system call.

/// The bytes are no header of the protocol. To be answered by closing the connection.
class Error : public ValueError {
    using ValueError::ValueError;
};

enum class Command : std::uint8_t {
    local,  // the proxy's own connection, as for a check of its health: the peer is the client
    proxy,  // relayed for somebody
};

/// The types of a Tlv; 0xe0 to 0xef are for applications.
namespace type {
inline constexpr std::uint8_t alpn = 0x01, authority = 0x02, crc32c = 0x03, noop = 0x04, unique_id = 0x05, ssl = 0x20,
                              ssl_version = 0x21, ssl_cn = 0x22, ssl_cipher = 0x23, ssl_sig_alg = 0x24,
                              ssl_key_alg = 0x25, netns = 0x30;
}  // namespace type

/// One item of what version 2 may say beside the addresses.
struct Tlv {
    std::uint8_t type = type::noop;
    std::string value;
    friend bool operator==(const Tlv&, const Tlv&) = default;
};

/// The item of type::ssl: how the client spoke to the proxy.
struct Ssl {
    static constexpr std::uint8_t client_ssl = 1, client_cert_conn = 2, client_cert_sess = 4;

    std::uint8_t client = client_ssl;  // which of the three hold
    std::uint32_t verify = 0;          // 0: the client showed a certificate, and it was verified
    std::vector<Tlv> parts{};          // type::ssl_version and so on

    /// The value for a Tlv of type::ssl. Raises ValueError for more than a Tlv holds.
    std::string to_bytes() const;

    /// Nothing for bytes that are no such value.
    static std::optional<Ssl> from_bytes(Bytes value);

    std::optional<std::string_view> value_of(std::uint8_t part) const noexcept;

    friend bool operator==(const Ssl&, const Ssl&) = default;
};

/// What a header says.
struct Header {
    int version = 2;
    Command command = Command::proxy;
    Kind kind = Kind::stream;  // of the client's connection: stream or datagram
    Address source{};          // the client; of nothing where the proxy does not know, or command is local
    Address destination{};     // what the client connected to
    std::vector<Tlv> tlvs{};   // of version 2; without the checksum
    bool checksum = false;     // to_bytes() adds one; from a Parser: there was one, and it was right

    /// Whether it says who the client is; else it is the peer.
    bool has_client() const noexcept { return command == Command::proxy && source.family() != Family::unspecified; }

    // ---- The first item of a kind. -------------------------------------------------------------------------------------

    std::optional<std::string_view> value_of(std::uint8_t tlv) const noexcept;
    std::optional<std::string_view> alpn() const noexcept { return value_of(type::alpn); }
    std::optional<std::string_view> authority() const noexcept { return value_of(type::authority); }
    std::optional<std::string_view> unique_id() const noexcept { return value_of(type::unique_id); }
    std::optional<std::string_view> netns() const noexcept { return value_of(type::netns); }
    std::optional<Ssl> ssl() const;

    /// The header as it goes over the wire, to be sent in one piece before anything else. What version 1 has no word for
    /// (Unix, datagrams, local) is "PROXY UNKNOWN". Raises ValueError for addresses of two families, for items in version 1,
    /// and for what is too large.
    std::string to_bytes() const;

    friend bool operator==(const Header&, const Header&) = default;
};

/// The longest line of version 1, its CRLF included.
inline constexpr std::size_t longest_line = 107;

/// The longest header of version 2 that is taken unless told otherwise.
inline constexpr std::size_t default_limit = 4096;

/// Reads one header, in pieces of any size, and not a byte of what follows it.
///
///     Parser parser;
///     while (!parser.done()) parser.feed(connection.recv(parser.wanted()));  // and an empty one is the peer's end
///
/// Strict: what is no header is refused at the first byte that shows it. Holds no more memory than has come.
class Parser {
public:
    /// `limit` bounds version 2; that of version 1 is fixed. Raises ValueError for less than 16.
    explicit Parser(std::size_t limit = default_limit);

    /// Takes what belongs to the header from the beginning of `data`, and returns how many bytes those were. Raises Error;
    /// after that nothing is taken any more.
    std::size_t feed(Bytes data);

    bool done() const noexcept { return state_ == State::done; }

    /// How many bytes are missing at the least, and so may be read without touching what follows; 0 once done.
    std::size_t wanted() const noexcept;

    /// What it said, once done. Raises BusyError before.
    const Header& header() const;

private:
    enum class State { beginning, line, binary, done, failed };

    std::size_t take(Bytes data);
    void begin(Bytes data);
    std::size_t take_line(Bytes data);
    std::size_t take_binary(Bytes data);

    std::size_t limit_;
    State state_ = State::beginning;
    std::string bytes_;
    std::size_t size_ = 16;  // of a header of version 2, as far as it is known
    Header header_;
};

/// CRC-32C (Castagnoli), as in RFC 9260, appendix A; for a sequence in pieces, `before` is that of those before.
std::uint32_t crc32c(Bytes data, std::uint32_t before = 0) noexcept;

}  // namespace bight::proxy_protocol
