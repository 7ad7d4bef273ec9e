// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/engine/timer.h>
#include <bight/error.h>
#include <bight/time.h>

#include "engine/engine.h"
#include "engine/sim/random.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bight::engine::sim {

class Datagrams;
class Endpoint;
class Listener;

/// The way between two hosts, the same in both directions.
struct Link {
    Duration delay{};
    Duration jitter{};          // at most, on top of it
    double loss = 0;            // of datagrams; what is lost of a stream is sent again, and so comes late
    double duplicate = 0;       // of datagrams
    std::uint64_t rate = 0;     // bytes in a second; 0: as many as there are
    bool is_cut = false;        // nothing passes
    TimePoint busy_until[2]{};  // for each direction
};

struct Host {
    std::string name;
    std::uint32_t number = 0;
    std::vector<Address> addresses;  // with port 0; loopback besides
    std::vector<Listener*> listeners;
    std::vector<Datagrams*> datagrams;
    std::vector<std::weak_ptr<Endpoint>> endpoints;
    std::uint16_t last_port = 0;
    bool is_down = false;

    bool has(const Address& address) const noexcept;

    /// The connection is one of its own, until it has gone.
    void remember(const std::shared_ptr<Endpoint>& endpoint);

private:
    std::size_t look_through_at_ = 64;  // so many, for those that have gone
};

/// What the kernels of a simulation do to programs.
struct Habits {
    Duration turn = std::chrono::microseconds(20);         // what a turn of the loop takes, at the most
    double late = 0.25;                                    // what has happened is told some turns later
    double short_transfers = 0.25;                         // reads and writes move less than they could
    std::size_t stream_buffer = std::size_t{128} << 10;    // what a stream takes that its reader has not read
    std::size_t datagram_buffer = std::size_t{200} << 10;  // what a port holds
    std::size_t channels = 20'000;                         // past these: EMFILE
    bool shuffles = true;                                  // what is ready runs, and arrives, in any order
};

struct Totals {
    std::uint64_t bytes_written = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_lost = 0;  // with connections that were reset, or closed on unread input
    std::uint64_t bytes_held = 0;  // on their way now: what remains of the written
    std::uint64_t most_bytes_held = 0;
    std::uint64_t datagrams_sent = 0;
    std::uint64_t datagrams_received = 0;
    std::uint64_t datagrams_lost = 0;
    std::uint64_t datagrams_doubled = 0;
    std::uint64_t operations_started = 0;  // those that had to wait
    std::uint64_t operations_completed = 0;
};

/// Hosts, the links between them, and what is on its way: all of it by one virtual clock and one source of chance.
class Network {
public:
    Network(std::uint64_t seed, TimePoint start, const Habits& habits);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // ---- Time. -------------------------------------------------------------------------------------------------------

    TimePoint now() const noexcept { return now_; }

    /// Moves the clock on. Nothing happens before run_due().
    void advance(Duration by) noexcept;
    void advance_to(TimePoint when) noexcept;

    /// Something to happen at a time. Of one time, in any order, unless nothing is shuffled.
    void at(TimePoint when, std::move_only_function<void()> event);

    /// Does what is due: true if there was something.
    bool run_due();
    std::optional<TimePoint> next_event() const noexcept;

    // ---- Places. -----------------------------------------------------------------------------------------------------

    /// Where a task of no host is: 192.0.2.1 and 2001:db8::1.
    Host& main() noexcept { return *hosts_.front(); }
    Host& add_host(std::string_view name, std::vector<Address> addresses);
    const std::vector<std::unique_ptr<Host>>& hosts() const noexcept { return hosts_; }

    /// Whose address it is, seen from `from`; null for nobody's.
    Host* owner(const Address& address, Host& from) noexcept;

    /// The address that `from` sends from to `to`: ENETUNREACH where it has none of that family.
    Result<Address> source(const Host& from, const Address& to) const noexcept;

    Link& link(const Host& a, const Host& b);
    Link defaults;  // of links that nobody has described

    /// Whether a packet between them arrives now.
    bool passes(const Host& from, const Host& to);

    /// When what is sent now arrives.
    TimePoint arrival(const Host& from, const Host& to, std::size_t size);

    /// A free port of the host's, beyond the last one that was picked.
    int pick_port(Host& host) noexcept;

    void name(std::string_view host, Resolved answer);
    Resolved resolve(const HostPort& where) const;

    /// Ends its connections without a word; what it listens at is gone.
    void crash(Host& host);

    /// Resets the connections between two hosts; how many.
    std::size_t reset(const Host& a, const Host& b);

    Habits habits;
    Random random;
    Trace trace;
    Totals totals;

private:
    struct Event {
        TimePoint when;
        std::uint64_t order;
        std::uint64_t number;
        std::move_only_function<void()> act;
    };
    static bool is_later(const Event& a, const Event& b) noexcept;

    TimePoint now_;
    std::vector<Event> events_;  // a heap, the next one on top
    std::uint64_t event_numbers_ = 0;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Link> links_;
    std::map<std::string, Resolved, std::less<>> names_;
};

}  // namespace bight::engine::sim
