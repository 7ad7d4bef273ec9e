// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/handover.h>
#include <bight/message.h>
#include <bight/options.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "sys/calls.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

namespace bight::handover {
namespace {

constexpr std::string_view hello = "bight-handover 1", offer = "sockets", serving = "serving", yours = "yours";
constexpr std::size_t longest_packet = std::size_t{64} << 10;
constexpr std::size_t longest_name = 255;
constexpr unsigned for_this_user = 0600;

std::string packet_of(std::span<const Offer> sockets) {
    if (sockets.size() > most_sockets)
        throw ValueError(std::to_string(sockets.size()) + " sockets are too many to hand over");
    std::string packet(offer);
    for (const auto& [name, fd] : sockets) {
        if (name.size() > longest_name || name.find('\n') != name.npos)
            throw ValueError("a name of a newline, or of more than 255 bytes, cannot be handed over");
        (packet += '\n') += name;
    }
    return packet;
}

/// The names of a packet; none where it is something else.
std::optional<std::vector<std::string>> names_of(std::string_view packet) {
    if (!packet.starts_with(offer)) return std::nullopt;
    packet.remove_prefix(offer.size());
    std::vector<std::string> names;
    while (!packet.empty()) {
        if (packet.front() != '\n') return std::nullopt;
        packet.remove_prefix(1);
        names.emplace_back(packet.substr(0, packet.find('\n')));
        if (names.back().size() > longest_name || names.size() > most_sockets) return std::nullopt;
        packet.remove_prefix(names.back().size());
    }
    return names;
}

bool is_ours(const Socket& connection) { return connection.get(options::peer_credentials).uid == sys::user(); }

}  // namespace

// ---- The process that serves now. --------------------------------------------------------------------------------------

struct Predecessor::State {
    explicit State(Socket listener) : control(std::move(listener)), wake(or_raise(sys::eventfd(), "eventfd")) {
        control.settimeout(Duration::zero());
        number = control.fileno();
        path = control.getsockname().path();
        if (auto found = sys::identify(path.c_str())) identity = *found;
    }

    ~State() {
        if (undecided || number < 0) return;
        auto found = sys::identify(path.c_str());
        if (found && found->inode == identity.inode && found->device == identity.device)
            (void)sys::unlink(path.c_str());
    }

    /// Until the socket is readable: then true; false at the deadline, and after stop().
    bool wait(const Socket& socket, const Deadline& deadline) {
        std::array<pollfd, 2> descriptors{pollfd{wake.fileno(), POLLIN, 0}, pollfd{socket.fileno(), POLLIN, 0}};
        while (true) {
            auto ready = sys::poll(descriptors, deadline.left());
            if (ready) return *ready > 0 && !stopped;
            if (ready.error().number() != EINTR) raise_os_error(ready.error(), "wait for a successor");
            interrupted();
        }
    }

    /// Whether the other has said just this; EAGAIN if it has said nothing.
    static Result<bool> has_said(Socket& connection, std::string_view expected) {
        std::array<std::byte, 64> memory;
        auto said = connection.try_recv_into(MutableBytes(memory));
        if (!said) return std::unexpected(said.error());
        return Bytes(*said).view() == expected;
    }

    /// No socket goes out after stop() has returned.
    bool send(Socket& connection, std::string_view packet, std::span<const Offer> sockets) {
        std::vector<int> fds{control.fileno()};
        for (const auto& socket : sockets) fds.push_back(socket.fd);
        AncillaryBuilder beside;
        beside.fds(fds);
        Bytes data(packet);
        std::lock_guard lock(mutex);
        if (stopped) return false;
        auto sent = connection.try_sendmsg(std::span(&data, 1), beside);
        if (!sent && sent.error() == std::errc::bad_file_descriptor) raise_os_error(sent.error(), "hand over");
        return undecided = sent.has_value();
    }

    bool attend(Socket& connection, std::string_view packet, std::span<const Offer> sockets, Duration start_limit) {
        connection.settimeout(Duration::zero());
        auto who = connection.get(options::peer_credentials);
        if (who.uid != sys::user()) return false;
        successor = who.pid;
        if (!wait(connection, Deadline(default_answer_limit)) || !has_said(connection, hello).value_or(false))
            return false;
        if (!send(connection, packet, sockets)) return false;
        (void)wait(connection, Deadline(start_limit));
        auto serves = has_said(connection, serving);
        undecided = !serves &&
                    serves.error() == std::errc::resource_unavailable_try_again;  // it may serve, and may not
        if (!serves.value_or(false)) return false;
        {
            std::lock_guard lock(mutex);
            number = -1;
            control.close();
        }
        (void)connection.try_send(Bytes(yours));  // one that ends at this moment has the sockets all the same
        return true;
    }

    Socket control;
    FileDescriptor wake;
    std::string path;
    sys::FileIdentity identity{};
    std::mutex mutex;
    std::atomic<bool> stopped = false;
    std::atomic<int> number = -1;  // of `control`; -1 once it is the successor's
    bool undecided = false;        // a successor has the sockets, and has not said that it serves
    std::atomic<int> successor = 0;
    std::atomic<std::uint64_t> refused = 0;
};

Predecessor::Predecessor(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Predecessor::Predecessor(Predecessor&&) noexcept = default;
Predecessor& Predecessor::operator=(Predecessor&&) noexcept = default;
Predecessor::~Predecessor() = default;

Predecessor::Predecessor(const std::string& path) {
    auto address = Address::unix_path(path);
    socket::unlink_stale(address, Kind::seqpacket);
    Socket listener(Family::unix_domain, Kind::seqpacket);
    // Before it is bound, so that the path never is for others.
    or_raise(sys::set_mode(listener.fileno(), for_this_user), "fchmod");
    listener.bind(address);
    try {
        state_ = std::make_unique<State>(std::move(listener));
        state_->control.listen();
    } catch (...) {
        if (!state_) (void)sys::unlink(path.c_str());
        throw;
    }
}

bool Predecessor::hand_over(std::span<const Offer> sockets, Duration start_limit) {
    auto& state = *state_;
    if (state.number < 0) throw BusyError("the sockets were handed over before");
    auto packet = packet_of(sockets);
    while (state.wait(state.control, Deadline(std::nullopt))) {
        auto newcomer = state.control.try_accept();
        if (!newcomer) {
            // Gone again, or no descriptor to spare: then a newcomer waits, and this thread for a while.
            if (newcomer.error() != std::errc::resource_unavailable_try_again)
                (void)sys::poll({}, std::chrono::milliseconds(100));
            continue;
        }
        if (state.attend(newcomer->socket, packet, sockets, start_limit)) return true;
        if (!state.stopped) ++state.refused;
    }
    return false;
}

void Predecessor::stop() noexcept {
    std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    std::uint64_t one = 1;
    (void)sys::write(state_->wake.fileno(), std::as_bytes(std::span(&one, 1)));
}

int Predecessor::successor() const noexcept { return state_->successor; }
bool Predecessor::undecided() const noexcept { return state_->undecided; }
std::uint64_t Predecessor::refused() const noexcept { return state_->refused; }
int Predecessor::fileno() const noexcept { return state_->number; }

// ---- The process that is to follow. ------------------------------------------------------------------------------------

struct Successor::State {
    Socket connection;
    Socket control = Socket::closed();
    int predecessor = 0;
    std::vector<inherited::NamedSocket> sockets;
};

namespace {

/// What came, unless it is no hand-over: then its descriptors are closed, and nothing is returned.
std::optional<std::vector<inherited::NamedSocket>> read_offer(socket::ReceivedFds received, Socket& control) {
    auto names = names_of(received.data.view());
    bool cut = (received.flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    if (cut || !names || received.fds.size() != names->size() + 1) return std::nullopt;
    std::vector<inherited::NamedSocket> sockets;
    try {
        auto next = received.fds.begin();
        auto adopt = [&] {
            auto socket = Socket::adopt(next->fileno());
            (void)(next++)->detach();
            (void)inherited::role_of(socket);
            return socket;
        };
        control = adopt();
        if (control.kind() != Kind::seqpacket || inherited::role_of(control) != inherited::Role::listener)
            return std::nullopt;
        for (auto& name : *names) sockets.push_back({std::move(name), adopt()});
    } catch (const OSError&) {  // what is no socket
        return std::nullopt;
    } catch (const ValueError&) {  // or none that anything comes in at
        return std::nullopt;
    }
    return sockets;
}

}  // namespace

Successor::Successor(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Successor::Successor(Successor&&) noexcept = default;
Successor& Successor::operator=(Successor&&) noexcept = default;
Successor::~Successor() = default;

std::optional<Successor> Successor::find(const std::string& path, Duration limit) {
    auto context = [&] { return "take over from " + path; };
    Socket connection(Family::unix_domain, Kind::seqpacket);
    connection.settimeout(limit);
    if (auto connected = connection.try_connect(Address::unix_path(path)); !connected) {
        using enum std::errc;
        if (connected.error() == no_such_file_or_directory || connected.error() == connection_refused)
            return std::nullopt;
        raise_os_error(connected.error(), context());
    }
    if (!is_ours(connection)) raise_os_error(EPERM, context() + ", which is another user's");
    connection.sendall(Bytes(hello));
    auto received = socket::recv_fds(connection, longest_packet, most_sockets + 1);
    if (received.data.empty()) raise_os_error(ECONNRESET, context());
    auto state = std::make_unique<State>(std::move(connection));
    auto sockets = read_offer(std::move(received), state->control);
    if (!sockets) raise_os_error(EPROTO, context());
    state->sockets = std::move(*sockets);
    state->predecessor = state->connection.get(options::peer_credentials).pid;
    return Successor(std::move(state));
}

std::vector<inherited::NamedSocket>& Successor::sockets() noexcept { return state_->sockets; }
int Successor::predecessor() const noexcept { return state_->predecessor; }

std::optional<Socket> Successor::take(std::string_view name) {
    auto found = std::ranges::find(state_->sockets, name, &inherited::NamedSocket::name);
    if (found == state_->sockets.end()) return std::nullopt;
    auto socket = std::move(found->socket);
    state_->sockets.erase(found);
    return socket;
}

Predecessor Successor::confirm() {
    auto& [connection, control, predecessor, sockets] = *state_;
    if (control.fileno() < 0) throw BusyError("the hand-over was confirmed before");
    auto place = std::make_unique<Predecessor::State>(std::move(control));
    control = Socket::closed();
    // Whether it answers or has ended, its sockets are here, and so is the place at the path.
    if (connection.try_sendall(Bytes(serving))) (void)connection.try_recv(yours.size());
    connection.close();
    return Predecessor(std::move(place));
}

}  // namespace bight::handover
