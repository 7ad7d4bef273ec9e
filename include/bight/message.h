// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/ancillary.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/file_descriptor.h>
#include <bight/socket.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

// What Socket::recvmsg() and its like give, and descriptors on their way between processes.
namespace bight {

/// Ancillary data that was received: a range of AncillaryItem.
///
/// Owns the descriptors that came with it (SCM_RIGHTS, SCM_PIDFD), each of them close-on-exec: those that nobody takes
/// are closed with it.
class Ancillary : public AncillaryView {
public:
    Ancillary() noexcept = default;

    /// The first `size` bytes of `memory`, as the kernel wrote them; takes charge of the descriptors in there.
    Ancillary(Buffer memory, std::size_t size) noexcept;

    Ancillary(Ancillary&& other) noexcept;
    Ancillary& operator=(Ancillary&& other) noexcept;
    ~Ancillary() {
        if (owns_fds_) close_fds();
    }

    /// All descriptors that came and were not taken yet, in their order.
    std::vector<FileDescriptor> take_fds();

    /// Leaves the descriptors to the caller, who finds their numbers in the items: Python's way.
    void disown_fds() noexcept { owns_fds_ = false; }

private:
    void close_fds() noexcept;

    Buffer memory_;
    bool owns_fds_ = false;
};

struct Message {
    Buffer data;
    Ancillary ancillary;
    int flags = 0;    // MSG_TRUNC: the data was cut; MSG_CTRUNC: the ancillary data was; MSG_EOR, MSG_OOB, MSG_ERRQUEUE
    Address address;  // of the sender; of nothing, on a connected stream
};

struct MessageInto {
    std::size_t size = 0;  // of the data; where MSG_TRUNC was asked for, of the whole datagram, however much of it fits
    Ancillary ancillary;
    int flags = 0;
    Address address;
};

/// What Socket::sendmsg_afalg() tells the kernel beside the data; the names are Python's. See the kernel's
/// crypto/userspace-if.rst.
struct AfalgOptions {
    int op = -1;                    // must be given: ALG_OP_ENCRYPT, ALG_OP_DECRYPT of <linux/if_alg.h>
    std::optional<Bytes> iv{};      // the initial vector
    std::optional<int> assoclen{};  // how many bytes of associated data the message begins with; not negative
    int flags = 0;                  // MSG_MORE: there is more to come
};

namespace socket {

/// Sends `data`, and descriptors for the peer's process, which gets duplicates. At least a byte of data must go with
/// them over a stream.
std::size_t send_fds(Socket& socket, std::span<const Bytes> data, std::span<const int> fds, int flags = 0,
                     const Address& peer = {});
std::size_t send_fds(Socket& socket, Bytes data, std::span<const int> fds, int flags = 0, const Address& peer = {});

struct ReceivedFds {
    Buffer data;
    std::vector<FileDescriptor> fds;
    int flags = 0;
    Address address;
};

/// Receives up to `size` bytes and up to `max_fds` descriptors. What is more is closed, and MSG_CTRUNC tells so.
/// Raises ValueError for more than 253, the kernel's most.
ReceivedFds recv_fds(Socket& socket, std::size_t size, std::size_t max_fds, int flags = 0);

}  // namespace socket
}  // namespace bight
