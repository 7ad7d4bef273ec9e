// SPDX-License-Identifier: BSL-1.0
#include "blocking/received_fds.h"

#include <bight/error.h>

#include "values/cmsg_layout.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace bight::socket {

std::size_t room_for_fds(std::size_t max_fds) {
    constexpr std::size_t kernels_most = 253;
    // Room for what may come beside descriptors: credentials, a pidfd, a time stamp, a security label. In Python these
    // take the room of the descriptors.
    constexpr std::size_t others = 256;
    if (max_fds > kernels_most) throw ValueError("at most 253 descriptors travel with a message");
    return cmsg_space(static_cast<std::ptrdiff_t>(max_fds * sizeof(int))) + others;
}

ReceivedFds received_fds(Message message, std::size_t max_fds) {
    std::vector<int> passed;
    for (const AncillaryItem& item : message.ancillary)
        if (item.is(cmsg::socket, cmsg::rights)) {
            auto before = passed.size();
            passed.resize(before + item.data.size() / sizeof(int));
            std::memcpy(passed.data() + before, item.data.data(), (passed.size() - before) * sizeof(int));
        }
    ReceivedFds received{std::move(message.data), message.ancillary.take_fds(), message.flags, message.address};
    // A pidfd of the sender (SO_PASSPIDFD) is the kernel's, and was not passed.
    std::erase_if(received.fds, [&](const FileDescriptor& fd) { return std::ranges::count(passed, fd.fileno()) == 0; });
    if (received.fds.size() > max_fds) {
        received.fds.resize(max_fds);
        received.flags |= MSG_CTRUNC;
    }
    return received;
}

}  // namespace bight::socket
