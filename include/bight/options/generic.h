// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/options/option.h>
#include <bight/options/values.h>

// Options of the level SOL_SOCKET: socket(7), unix(7). Where the platform's header of the base is too old for a name, its
// number stands here, as it is on all machines but Alpha, MIPS, PA-RISC and SPARC.
namespace bight::options {

// ---- Addresses. --------------------------------------------------------------------------------------------------------

/// Bind to a port whose last connections are still in TIME_WAIT.
inline constexpr Option<Switch> reuse_address{SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"};

/// Several sockets of one user on one port, among which the kernel spreads what comes. Set on each before bind().
inline constexpr Option<Switch> reuse_port{SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT"};

/// Only what passes through this interface, "" for any. Changing it once set wants CAP_NET_RAW.
inline constexpr Option<Word> bind_to_device{SOL_SOCKET, SO_BINDTODEVICE, "SO_BINDTODEVICE"};
inline constexpr Option<Whole<>> bind_to_interface{SOL_SOCKET, 62, "SO_BINDTOIFINDEX", {.least = 0}};

/// Datagrams may go to broadcast addresses.
inline constexpr Option<Switch> broadcast{SOL_SOCKET, SO_BROADCAST, "SO_BROADCAST"};

/// To hosts on the same link only, past the routes.
inline constexpr Option<Switch> dont_route{SOL_SOCKET, SO_DONTROUTE, "SO_DONTROUTE"};

// ---- Memory. The kernel doubles what is set, for its own book-keeping, and cuts it to net.core.[rw]mem_max; what is read
// is the doubled number. 65536 is read back as 131072. ---------------------------------------------------------------------

inline constexpr Option<Whole<>> send_buffer{SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF", {.least = 0, .unit = "bytes"}};
inline constexpr Option<Whole<>> receive_buffer{SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF", {.least = 0, .unit = "bytes"}};

/// As these, past the limits; wants CAP_NET_ADMIN.
inline constexpr Option<Whole<>, Access::write> send_buffer_force{
    SOL_SOCKET, 32, "SO_SNDBUFFORCE", {.least = 0, .unit = "bytes"}};
inline constexpr Option<Whole<>, Access::write> receive_buffer_force{
    SOL_SOCKET, 33, "SO_RCVBUFFORCE", {.least = 0, .unit = "bytes"}};

/// Bit 0: the kernel leaves the send buffer's size alone; bit 1: the receive buffer's. Linux 5.15.
inline constexpr Option<Whole<>> buffer_lock{SOL_SOCKET, 72, "SO_BUF_LOCK", {.least = 0, .most = 3}};

/// Memory kept for this socket; it does not shrink. Linux 5.16.
inline constexpr Option<Whole<>> reserve_memory{SOL_SOCKET, 73, "SO_RESERVE_MEM", {.least = 0, .unit = "bytes"}};

/// A stream is readable from so many bytes on; 1 unless told.
inline constexpr Option<Whole<>> receive_low_water{
    SOL_SOCKET, SO_RCVLOWAT, "SO_RCVLOWAT", {.least = 0, .unit = "bytes"}};
inline constexpr Option<Whole<>, Access::read> send_low_water{
    SOL_SOCKET, SO_SNDLOWAT, "SO_SNDLOWAT", {.unit = "bytes"}};
inline constexpr Option<Record<MemoryInfo>, Access::read> memory_info{SOL_SOCKET, 55, "SO_MEMINFO"};

// ---- Time. -------------------------------------------------------------------------------------------------------------

inline constexpr Option<Record<Linger>> linger{SOL_SOCKET, SO_LINGER, "SO_LINGER"};
/// Limits on the kernel's own waiting, 0 for none. A Socket's limit is settimeout(), which holds for a call as a whole;
/// with these a call that has waited so long in the kernel raises BlockingIOError. The kernel rounds up to its ticks, which
/// are some milliseconds.
inline constexpr Option<KernelTime> receive_timeout{SOL_SOCKET, SO_RCVTIMEO, "SO_RCVTIMEO"};
inline constexpr Option<KernelTime> send_timeout{SOL_SOCKET, SO_SNDTIMEO, "SO_SNDTIMEO"};

/// Asks a silent peer whether it lives; when, and how often, is told by tcp_keep_idle and the two beside it.
inline constexpr Option<Switch> keep_alive{SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE"};

/// A time stamp beside each message, AncillaryView::timestamp(): to the microsecond, or to the nanosecond.
inline constexpr Option<Switch> timestamp{SOL_SOCKET, SO_TIMESTAMP, "SO_TIMESTAMP"};
inline constexpr Option<Switch> timestamp_ns{SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS"};

/// AncillaryView::timestamps(); those of sent messages come by the error queue, MSG_ERRQUEUE. Of the first messages that
/// come the kernel may know no time, where no socket asked before.
inline constexpr Option<Choice<Timestamping>> timestamping{SOL_SOCKET, SO_TIMESTAMPING, "SO_TIMESTAMPING"};
inline constexpr Option<Record<TransmitTime>> transmit_time{SOL_SOCKET, 61, "SO_TXTIME"};

// ---- Data on its way. --------------------------------------------------------------------------------------------------

/// Urgent bytes come among the others.
inline constexpr Option<Switch> oob_inline{SOL_SOCKET, SO_OOBINLINE, "SO_OOBINLINE"};

/// Above 6 wants CAP_NET_ADMIN.
inline constexpr Option<Whole<>> priority{SOL_SOCKET, SO_PRIORITY, "SO_PRIORITY", {.least = 0}};

/// For routes and filters; wants CAP_NET_ADMIN or CAP_NET_RAW.
inline constexpr Option<Whole<std::uint32_t>> mark{SOL_SOCKET, SO_MARK, "SO_MARK"};

/// Beside each message: AncillaryView::mark(). Linux 5.19.
inline constexpr Option<Switch> receive_mark{SOL_SOCKET, 75, "SO_RCVMARK"};

/// Beside each datagram: AncillaryView::drops().
inline constexpr Option<Switch> receive_overflow{SOL_SOCKET, SO_RXQ_OVFL, "SO_RXQ_OVFL"};

/// Where MSG_PEEK looks, and moves on; -1 for the begin, always.
inline constexpr Option<Whole<>> peek_offset{SOL_SOCKET, SO_PEEK_OFF, "SO_PEEK_OFF", {.least = -1, .unit = "bytes"}};

/// Allows MSG_ZEROCOPY.
inline constexpr Option<Switch> zero_copy{SOL_SOCKET, 60, "SO_ZEROCOPY"};

/// The largest number for no limit.
inline constexpr Option<Whole<std::uint64_t>> max_pacing_rate{
    SOL_SOCKET, 47, "SO_MAX_PACING_RATE", {.unit = "bytes/s"}};

/// UDP over IPv4 goes without checksums.
inline constexpr Option<Switch> no_check{SOL_SOCKET, 11, "SO_NO_CHECK"};

/// An error in the queue of MSG_ERRQUEUE counts as POLLPRI for select(2).
inline constexpr Option<Switch> select_error_queue{SOL_SOCKET, SO_SELECT_ERR_QUEUE, "SO_SELECT_ERR_QUEUE"};

/// A new way through the network after timeouts: 1 on, 0 off, -1 for the system's, which may be read as 255. Linux 5.18.
inline constexpr Option<Whole<>> transmit_rehash{SOL_SOCKET, 74, "SO_TXREHASH", {.least = -1, .most = 1}};

// ---- Processors. -------------------------------------------------------------------------------------------------------

/// How long a call spins on the device instead of sleeping.
inline constexpr Option<Time<std::chrono::microseconds>> busy_poll{SOL_SOCKET, SO_BUSY_POLL, "SO_BUSY_POLL"};
inline constexpr Option<Switch> prefer_busy_poll{SOL_SOCKET, 69, "SO_PREFER_BUSY_POLL"};
inline constexpr Option<Whole<>, Access::write> busy_poll_budget{
    SOL_SOCKET, 70, "SO_BUSY_POLL_BUDGET", {.least = 0, .most = 65535, .unit = "packets"}};

/// The processor that handled the connection's packets last; set on the listeners of a reuse_port group, the one whose
/// connections each wants. -1 while unknown.
inline constexpr Option<Whole<>> incoming_cpu{SOL_SOCKET, SO_INCOMING_CPU, "SO_INCOMING_CPU", {.least = -1}};
inline constexpr Option<Whole<>, Access::read> incoming_napi_id{SOL_SOCKET, 56, "SO_INCOMING_NAPI_ID"};

// ---- Filters. ----------------------------------------------------------------------------------------------------------

/// Which packets get in.
inline constexpr Option<Record<BpfProgram>, Access::write> attach_filter{SOL_SOCKET, SO_ATTACH_FILTER,
                                                                         "SO_ATTACH_FILTER"};
inline constexpr Option<Switch> lock_filter{SOL_SOCKET, SO_LOCK_FILTER, "SO_LOCK_FILTER"};

/// Which socket of a reuse_port group gets a connection: the program's answer is its place in the order of bind().
inline constexpr Option<Record<BpfProgram>, Access::write> attach_reuse_port_filter{SOL_SOCKET, 51,
                                                                                    "SO_ATTACH_REUSEPORT_CBPF"};

// ---- The peer on a Unix socket. ----------------------------------------------------------------------------------------

/// Who connected, or made the pair, at that time. On other sockets pid 0.
inline constexpr Option<Answer<Credentials, detail::read_credentials>, Access::read> peer_credentials{
    SOL_SOCKET, SO_PEERCRED, "SO_PEERCRED"};

/// That user's other groups.
inline constexpr Option<Answer<std::vector<std::uint32_t>, detail::read_numbers>, Access::read> peer_groups{
    SOL_SOCKET, 59, "SO_PEERGROUPS"};

/// The label of a security module; ENOPROTOOPT where there is none.
inline constexpr Option<Answer<std::string, detail::read_label>, Access::read> peer_security{SOL_SOCKET, SO_PEERSEC,
                                                                                             "SO_PEERSEC"};

/// A descriptor of the process, readable once it has ended: pidfd_open(2), without the race for its number. Linux 6.5.
inline constexpr Option<Answer<FileDescriptor, detail::read_descriptor, sizeof(int)>, Access::read> peer_pidfd{
    SOL_SOCKET, 77, "SO_PEERPIDFD"};

/// Beside each message: AncillaryView::credentials(), security(); a descriptor of the process, Ancillary::take_fds().
inline constexpr Option<Switch> pass_credentials{SOL_SOCKET, SO_PASSCRED, "SO_PASSCRED"};
inline constexpr Option<Switch> pass_security{SOL_SOCKET, SO_PASSSEC, "SO_PASSSEC"};
inline constexpr Option<Switch> pass_pidfd{SOL_SOCKET, 76, "SO_PASSPIDFD"};

/// Whether descriptors are let in at all; on unless told. Linux 6.16.
inline constexpr Option<Switch> pass_rights{SOL_SOCKET, 83, "SO_PASSRIGHTS"};

// ---- What a socket is. -------------------------------------------------------------------------------------------------

inline constexpr Option<Answer<Family, detail::read_family, sizeof(int)>, Access::read> domain{SOL_SOCKET, SO_DOMAIN,
                                                                                               "SO_DOMAIN"};
inline constexpr Option<Answer<Kind, detail::read_kind, sizeof(int)>, Access::read> type{SOL_SOCKET, SO_TYPE,
                                                                                         "SO_TYPE"};
inline constexpr Option<Whole<>, Access::read> protocol{SOL_SOCKET, SO_PROTOCOL, "SO_PROTOCOL"};
inline constexpr Option<Switch, Access::read> accept_connections{SOL_SOCKET, SO_ACCEPTCONN, "SO_ACCEPTCONN"};

/// What went wrong since it was asked last, 0 for nothing: reading clears it.
inline constexpr Option<Answer<Errno, detail::read_errno, sizeof(int)>, Access::read> error{SOL_SOCKET, SO_ERROR,
                                                                                            "SO_ERROR"};

/// A number that no other socket gets until the machine starts anew.
inline constexpr Option<Whole<std::uint64_t>, Access::read> cookie{SOL_SOCKET, 57, "SO_COOKIE"};
inline constexpr Option<Whole<std::uint64_t>, Access::read> network_namespace_cookie{SOL_SOCKET, 71, "SO_NETNS_COOKIE"};
inline constexpr Option<Switch> debug{SOL_SOCKET, SO_DEBUG, "SO_DEBUG"};

}  // namespace bight::options
