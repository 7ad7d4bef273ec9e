// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/family.h>
#include <bight/file.h>
#include <bight/inet.h>
#include <bight/interfaces.h>
#include <bight/netdb.h>
#include <bight/resolver.h>
#include <bight/time.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace bight {

struct Accepted;
struct Datagram;
struct DatagramInto;
struct Message;  // bight/message.h
struct MessageInto;
struct AfalgOptions;
class ReceiveBatch;  // bight/batch.h
class SendBatch;
class FileDescriptor;  // bight/file_descriptor.h

/// One end of a connection, a listener, or a port for datagrams: socket(2) with Python's words.
///
/// Owns its descriptor, which is close-on-exec from the call that makes it; destroying the Socket closes it. A file made
/// by makefile() shares the descriptor: it is closed when the last of them is gone. No call raises SIGPIPE.
///
/// Every call obeys the mode: blocking (no timeout), non-blocking (timeout 0: BlockingIOError where it would wait) or
/// with a limit (TimeoutError once the call as a whole has taken that long). A call interrupted by a signal goes on
/// with the time that is left. After close() each call raises ClosedError.
///
/// One thread may read while another writes. To wake a thread that waits in a call, shutdown() the socket; do not
/// close or move it under that thread.
class Socket {
public:
    /// IPv4 and stream unless told otherwise. SOCK_NONBLOCK in `kind` means a timeout of 0.
    explicit Socket(Family family = Family::inet, Kind kind = Kind::stream, int proto = 0);

    /// Takes charge of an open socket; family, kind and protocol are asked of the kernel.
    /// Raises ValueError for a negative number, OSError for one that is no socket (then it is left open).
    /// Whatever of the three is given is taken as it is.
    static Socket adopt(int fd, std::optional<Family> family = {}, std::optional<Kind> kind = {},
                        std::optional<int> proto = {});

    /// One that was closed before: a place for a socket to come.
    static Socket closed() noexcept { return Socket(nullptr); }

    Socket(Socket&&) noexcept;
    Socket& operator=(Socket&&) noexcept;
    ~Socket();

    // ---- As a server. -------------------------------------------------------------------------------------------------

    void bind(const Address& address);

    /// Resolves `where` for this socket's family, and binds to the first address found.
    void bind(const HostPort& where);

    /// How many connections the kernel may hold ready; the system's most (SOMAXCONN) unless told.
    void listen(std::optional<int> backlog = std::nullopt);

    /// Waits for a connection. The new socket has the default timeout (setdefaulttimeout), not that of the listener.
    Accepted accept();

    /// As accept(), with a timeout of its own for the new socket, which takes no further call.
    Accepted accept(Timeout timeout);

    // ---- As a client. -------------------------------------------------------------------------------------------------

    /// Waits until connected. After a failure the socket is good for closing only.
    void connect(const Address& address);

    /// Resolves `where` for this socket's family, and connects to the first address found.
    void connect(const HostPort& where);

    /// As connect(), but returns the errno, 0 if all went well. Raises GaiError where the name is unknown.
    [[nodiscard]] int connect_ex(const Address& address);
    [[nodiscard]] int connect_ex(const HostPort& where);

    // ---- Receiving. Nothing, from a stream, means that the peer has finished. -----------------------------------------

    /// What there is, at most `size` bytes, in memory of this thread's store.
    Buffer recv(std::size_t size, int flags = 0);

    /// As recv(), into memory of the caller's. Returns the part that was filled.
    MutableBytes recv_into(MutableBytes memory, int flags = 0);

    /// A datagram and who sent it. What is longer than `size` is cut off and lost.
    Datagram recvfrom(std::size_t size, int flags = 0);
    DatagramInto recvfrom_into(MutableBytes memory, int flags = 0);

    /// A message with its ancillary data, of which there is room for `ancillary_size` bytes: see bight/message.h.
    Message recvmsg(std::size_t size, std::size_t ancillary_size = 0, int flags = 0);

    /// As recvmsg(), into several pieces of memory, one after the other.
    MessageInto recvmsg_into(std::span<const MutableBytes> memory, std::size_t ancillary_size = 0, int flags = 0);

    /// Many datagrams in one call, at least one: see bight/batch.h.
    const ReceiveBatch& recvmmsg(ReceiveBatch& batch, int flags = 0);

    // ---- Sending. -----------------------------------------------------------------------------------------------------

    /// Sends some of `data`, and says how much.
    std::size_t send(Bytes data, int flags = 0);

    /// Sends all of `data`. One limit holds for the whole. Failed half-way, some of it was sent and there is no telling
    /// how much.
    void sendall(Bytes data, int flags = 0);

    /// Sends one datagram.
    std::size_t sendto(Bytes data, const Address& peer, int flags = 0);
    std::size_t sendto(Bytes data, const HostPort& peer, int flags = 0);

    /// Sends several pieces as one message, with what an AncillaryBuilder made beside it; to `peer` if there is one.
    std::size_t sendmsg(std::span<const Bytes> data, Bytes ancillary = {}, int flags = 0, const Address& peer = {});
    std::size_t sendmsg(std::initializer_list<Bytes> data, Bytes ancillary = {}, int flags = 0,
                        const Address& peer = {}) {
        return sendmsg(std::span(data.begin(), data.size()), ancillary, flags, peer);
    }

    /// sendmsg() for AF_ALG: data for the kernel's cryptography, with what is to be done to it, of <bight/message.h>.
    /// Raises TypeError for an operation that is missing or negative, and OSError on a socket of another family.
    std::size_t sendmsg_afalg(std::span<const Bytes> data, const AfalgOptions& options);
    std::size_t sendmsg_afalg(std::initializer_list<Bytes> data, const AfalgOptions& options) {
        return sendmsg_afalg(std::span(data.begin(), data.size()), options);
    }

    /// Sends all that waits in `batch`, and says how many datagrams that were. Those that were sent before an error
    /// wait no more.
    std::size_t sendmmsg(SendBatch& batch, int flags = 0);

    /// Sends a file from `offset` on, `count` bytes or all there are, over a stream, and says how much that was: less than
    /// `count` where the file ends before. A regular file then stands behind the last byte sent, also after an error.
    /// What the kernel cannot move (pipes are moved) is read and sent. Raises ValueError for a count that is not positive,
    /// and where the socket is non-blocking or no stream.
    std::uint64_t sendfile(int file, std::uint64_t offset = 0, std::optional<std::uint64_t> count = std::nullopt);
    std::uint64_t sendfile(const FileDescriptor& file, std::uint64_t offset = 0,
                           std::optional<std::uint64_t> count = std::nullopt);

    // ---- The verbs that fail in ordinary life, their errors returned instead of raised. -------------------------------
    // ETIMEDOUT is a limit that ran out, EAGAIN what would wait on a non-blocking socket, EBADF a closed one.

    Result<Accepted> try_accept();
    Result<Accepted> try_accept(Timeout timeout);
    Result<void> try_connect(const Address& address);
    Result<Buffer> try_recv(std::size_t size, int flags = 0);
    Result<MutableBytes> try_recv_into(MutableBytes memory, int flags = 0);
    Result<Datagram> try_recvfrom(std::size_t size, int flags = 0);
    Result<DatagramInto> try_recvfrom_into(MutableBytes memory, int flags = 0);
    Result<Message> try_recvmsg(std::size_t size, std::size_t ancillary_size = 0, int flags = 0);
    Result<MessageInto> try_recvmsg_into(std::span<const MutableBytes> memory, std::size_t ancillary_size = 0,
                                         int flags = 0);
    Result<std::size_t> try_send(Bytes data, int flags = 0);
    Result<void> try_sendall(Bytes data, int flags = 0);
    Result<std::size_t> try_sendto(Bytes data, const Address& peer, int flags = 0);
    Result<std::size_t> try_sendmsg(std::span<const Bytes> data, Bytes ancillary = {}, int flags = 0,
                                    const Address& peer = {});
    Result<std::size_t> try_recvmmsg(ReceiveBatch& batch, int flags = 0);
    Result<std::size_t> try_sendmmsg(SendBatch& batch, int flags = 0);
    Result<std::uint64_t> try_sendfile(int file, std::uint64_t offset = 0,
                                       std::optional<std::uint64_t> count = std::nullopt);
    Result<std::uint64_t> try_sendfile(const FileDescriptor& file, std::uint64_t offset = 0,
                                       std::optional<std::uint64_t> count = std::nullopt);

    // ---- Modes. -------------------------------------------------------------------------------------------------------

    /// Raises ValueError for a negative limit.
    void settimeout(Timeout timeout);
    Timeout gettimeout() const;

    /// settimeout(nullopt) or settimeout(0s).
    void setblocking(bool blocking);

    /// False only for a timeout of 0.
    bool getblocking() const;

    // ---- Options. See socket(7), tcp(7), ip(7), ipv6(7). --------------------------------------------------------------

    void setsockopt(int level, int option, int value);
    void setsockopt(int level, int option, Bytes value);

    /// No value at all, but a length: what AF_ALG takes for ALG_SET_AEAD_AUTHSIZE.
    void setsockopt(int level, int option, std::nullptr_t, std::size_t length);
    int getsockopt(int level, int option) const;

    /// The option's bytes, at most `size` (1 to 1024) of them.
    Buffer getsockopt(int level, int option, std::size_t size) const;

    /// Those of <bight/options.h>, typed and checked: `set(options::tcp_no_delay, true)`, `get(options::tcp_keep_idle)`.
    template <class Option, class Value = typename Option::Value>
    void set(const Option& option, const Value& value) {
        option.set_on(*this, value);
    }

    /// A constant, checked when it is compiled: `set(options::ip_ttl(64))`.
    template <class Setting>
    void set(const Setting& setting) {
        setting.set_on(*this);
    }
    template <class Option>
    typename Option::Value get(const Option& option) const {
        return option.get_from(*this);
    }

    // ---- Files. -------------------------------------------------------------------------------------------------------

    /// A buffered reader of this connection, with room for `buffering` bytes.
    BufferedReader makefile(socket::ReadMode, std::size_t buffering = default_buffer_size);

    /// A writer; with `buffering` 0 each write is sent at once.
    BufferedWriter makefile(socket::WriteMode, std::size_t buffering = default_buffer_size);

    /// Both. For text with C++'s own formatting there is SocketStream, in <bight/iostream.h>.
    BufferedRWPair makefile(socket::ReadWriteMode, std::size_t buffering = default_buffer_size);

    // ---- Queries. -----------------------------------------------------------------------------------------------------

    /// -1 once closed.
    int fileno() const noexcept;
    Family family() const;
    Kind kind() const;
    int proto() const;
    Address getsockname() const;
    Address getpeername() const;
    bool get_inheritable() const;
    void set_inheritable(bool inheritable);

    // ---- Ending. ------------------------------------------------------------------------------------------------------

    /// SHUT_RD, SHUT_WR or SHUT_RDWR: ends one way or both, and wakes who waits.
    void shutdown(int how);

    /// Ends the use of this object; the descriptor is closed unless a file still uses it. May be called again.
    /// Raises OSError where the kernel says that the descriptor was not open, or that data was lost.
    void close();

    /// A second Socket on the same connection, with a descriptor of its own.
    Socket dup() const;

    /// Gives the descriptor away without closing it: the caller owns it now.
    [[nodiscard]] int detach();

private:
    friend struct SocketAccess;  // for the library's own servers, which lend a handler the socket it answers on
    explicit Socket(std::shared_ptr<SocketState> state) noexcept;

    std::shared_ptr<SocketState> state_;  // null once closed or moved from; shared with the files of makefile()
};

struct Accepted {
    Socket socket;
    Address peer;
};

struct Datagram {
    Buffer data;
    Address peer;
};

struct DatagramInto {
    MutableBytes data;
    Address peer;
};

namespace socket {

/// Limit that new sockets get; none at the start of the program. Raises ValueError for a negative one.
void setdefaulttimeout(Timeout timeout);
Timeout getdefaulttimeout() noexcept;

struct ServerOptions {
    std::optional<Family> family{};  // unset: IPv6 where the host is IPv6 text, else IPv4
    std::optional<int> backlog{};    // unset: the system's most
    bool reuse_address = true;       // restart at once on a port that was in use; never takes a live one
    bool reuse_port = false;
    bool dualstack_ipv6 = false;  // an IPv6 socket that serves IPv4 as well
};

/// A socket that listens at `where`. A Unix path is bound as it is: see unlink_stale() for what a crash left behind.
Socket create_server(const HostPort& where, const ServerOptions& options = {});

/// One address that create_connection() tried in vain, and what the kernel said.
struct ConnectionAttempt {
    Address address;
    int errnum = 0;
};

struct ConnectionOptions {
    Timeout timeout = getdefaulttimeout();    // for the whole, resolving aside, and then for each call on the socket
    const Address* source_address = nullptr;  // bound before connecting
    bool all_errors = false;                  // raise an ExceptionGroup with the error of every attempt

    /// How long an address may keep silent before the next one is tried beside it, after RFC 8305; unset, the addresses
    /// are tried one after the other in the resolver's order, as in Python.
    Timeout happy_eyeballs_delay = std::chrono::milliseconds(250);

    std::vector<ConnectionAttempt>* failures = nullptr;  // gets every attempt that failed, also if another succeeded
};

/// A stream connected to the first address of `where` that answers. Where none does, raises the error of the last
/// attempt, and its message lists them all; GaiError where the name is unknown.
Socket create_connection(const HostPort& where, const ConnectionOptions& options = {});

struct SocketPair {
    Socket first;
    Socket second;
};

/// Two connected sockets. See socketpair(2).
SocketPair socketpair(Family family = Family::unix_domain, Kind kind = Kind::stream, int proto = 0);

/// A Socket with a duplicate of `fd`, which stays open. Raises as Socket::adopt() does.
Socket fromfd(int fd, Family family, Kind kind, int proto = 0);

/// A duplicate of a descriptor, close-on-exec, which is the caller's to close. Raises OSError.
[[nodiscard]] int dup(int fd);

/// Closes the descriptor of a socket that was detached. Raises OSError for one that is not open.
void close(int fd);

/// The library knows IPv6 addresses; whether the machine has some is another question.
inline constexpr bool has_ipv6 = true;

/// Whether create_server() can be told to serve IPv4 on an IPv6 socket as well.
bool has_dualstack_ipv6() noexcept;

/// Removes a Unix socket's path that nobody listens at any more. True if it is gone, or never was; false if somebody
/// answers there, it belongs to another user, or it is no socket. A `kind` other than stream tells how the owner would be asked.
bool unlink_stale(const Address& path, Kind kind = Kind::stream);

}  // namespace socket
}  // namespace bight
