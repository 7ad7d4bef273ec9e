// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/inherited.h>
#include <bight/socket.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bight::handover {

// A new process takes the place of an old one, and nobody notices: the listeners themselves go over, by SCM_RIGHTS, so
// who waits in their queues waits on. The two meet at a Unix path of mode 0600, and each sees that the other is of its
// own user.
//
//     auto before = handover::Successor::find(path);
//     auto listener = before ? before->take("web") : std::nullopt;
//     TCPServer<Hello> server(listener ? std::move(*listener) : socket::create_server({"", 80}));
//     auto place = before ? before->confirm() : handover::Predecessor(path);
//     std::jthread waits([&, fd = server.fileno()] { if (place.hand_over({{"web", fd}})) server.stop(); });
//     server.serve_forever();
//     place.stop();
//
// Old and new say, in packets (SOCK_SEQPACKET) of at most 64 KiB: "bight-handover 1"; "sockets" and a name a line, with the
// meeting place's own listener and theirs beside it; "serving"; "yours".

/// A socket to give, and the name to find it by: no newline, at most 255 bytes.
struct Offer {
    std::string name;
    int fd = -1;  // stays open, and the caller's
};

inline constexpr std::size_t most_sockets = 250;
inline constexpr Duration default_answer_limit = std::chrono::seconds(5);
inline constexpr Duration default_start_limit = std::chrono::seconds(30);

/// The process that serves now: waits at the path for the one that is to follow.
class Predecessor {
public:
    /// Binds `path`, after removing what a crash left there. Raises OSError: EADDRINUSE where somebody answers, whose
    /// Successor one should rather be.
    explicit Predecessor(const std::string& path);

    Predecessor(Predecessor&&) noexcept;
    Predecessor& operator=(Predecessor&&) noexcept;

    /// Removes the path, unless a successor has it now, or may have it: one that stop() or the limit has left undecided.
    ~Predecessor();

    /// Waits for a successor, and gives it the sockets. True once it has said that it serves: from then on it has the
    /// path as well, and this process should accept no more and let its clients finish. False after stop(), unless a
    /// successor was quicker.
    ///
    /// One that is of another user, says something else, does not speak for five seconds, or was given the sockets and
    /// ends, or is not ready within `start_limit`, is passed over, and this process serves as before. Raises ValueError
    /// for names that cannot be sent and for more than most_sockets, BusyError after it was true, and OSError.
    bool hand_over(std::span<const Offer> sockets, Duration start_limit = default_start_limit);
    bool hand_over(std::initializer_list<Offer> sockets, Duration start_limit = default_start_limit) {
        return hand_over(std::span(sockets.begin(), sockets.size()), start_limit);
    }

    /// Makes hand_over() return, or the next one. From any thread; when it returns, no socket is on its way any more and
    /// none will be, so those that were offered may be closed.
    void stop() noexcept;

    /// Who came last and had the right to: its process number; 0 before.
    int successor() const noexcept;

    /// Whether a successor was given the sockets, and had not said that it serves when stop() or the limit came: then it
    /// may serve at their paths. After hand_over().
    bool undecided() const noexcept;

    /// How many were passed over.
    std::uint64_t refused() const noexcept;

    /// The listener at the path; -1 once it is the successor's. For children, which should not keep it.
    int fileno() const noexcept;

private:
    friend class Successor;
    struct State;
    explicit Predecessor(std::unique_ptr<State> state) noexcept;

    std::unique_ptr<State> state_;
};

/// The process that is to follow.
class Successor {
public:
    /// Asks the process that waits at `path` for its sockets; none if nobody waits there. `limit` is for each of its
    /// answers. Raises OSError: EPERM where it belongs to another user, EPROTO for what is no hand-over, ETIMEDOUT.
    static std::optional<Successor> find(const std::string& path, Duration limit = default_answer_limit);

    Successor(Successor&&) noexcept;
    Successor& operator=(Successor&&) noexcept;
    ~Successor();

    /// What it gave and nobody took yet, in its order.
    std::vector<inherited::NamedSocket>& sockets() noexcept;

    /// The first of that name, if there is one.
    std::optional<Socket> take(std::string_view name);

    /// The number of its process.
    int predecessor() const noexcept;

    /// Says that this process serves, or is about to and cannot fail any more, and waits until the other has let go. If it
    /// has ended meanwhile that is as good. Returns the place at the path, where the next successor is waited for.
    Predecessor confirm();

private:
    struct State;
    explicit Successor(std::unique_ptr<State> state) noexcept;

    std::unique_ptr<State> state_;
};

}  // namespace bight::handover
