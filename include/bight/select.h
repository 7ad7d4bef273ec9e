// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_descriptor.h>
#include <bight/time.h>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bight {

/// Anything with a descriptor: an int, or an object that has a fileno(). Where the descriptor is gone, an object is
/// still known by where it stands.
class FileLike {
public:
    constexpr FileLike(int fd) noexcept : fd_(fd) {}

    /// For an object that stands elsewhere, as those of a host language do.
    constexpr FileLike(int fd, const void* object) noexcept : fd_(fd), object_(object) {}

    template <class Object>
        requires requires(const Object& object) {
            { object.fileno() } -> std::convertible_to<int>;
        }
    FileLike(const Object& object) noexcept(noexcept(object.fileno()))
        : fd_(object.fileno()), object_(static_cast<const void*>(&object)) {}

    constexpr int fileno() const noexcept { return fd_; }

    /// Null for a plain descriptor.
    constexpr const void* object() const noexcept { return object_; }

private:
    int fd_;
    const void* object_ = nullptr;
};

// Python's select. It has three ways to wait, and bight/selectors.h one face for them all, which is what most programs
// want. Each goes on after a signal with the time that is left (bight/lowlevel.h), and allocates nothing once its lists
// have grown to their size.
namespace select {

// ---- select(2). --------------------------------------------------------------------------------------------------------

/// The descriptors of each list that are ready, in the order of the lists; one that stands there twice comes twice.
struct Selected {
    std::vector<int> readable;
    std::vector<int> writable;
    std::vector<int> exceptional;
};

/// Waits until one is ready, or the limit has passed: then all three are empty. With empty lists it sleeps. See
/// select(2).
///
/// Raises ValueError for a descriptor that is negative, or FD_SETSIZE (1024) or above, which poll and epoll take, and
/// for a negative limit; OSError (EBADF) for one that is not open.
Selected select(const std::vector<FileLike>& readers, const std::vector<FileLike>& writers,
                const std::vector<FileLike>& exceptional, Timeout timeout = {});

/// The same into lists of the caller's, whose memory is used again. What was in them is gone also where it raises.
void select_into(Selected& ready, std::span<const FileLike> readers, std::span<const FileLike> writers,
                 std::span<const FileLike> exceptional, Timeout timeout = {});

// ---- poll(2). ----------------------------------------------------------------------------------------------------------

/// Events of poll(2). Any int converts to it, so that <poll.h>'s names work as they are: `POLLIN | POLLOUT`.
struct PollEvents {
    int value = 0;

    constexpr PollEvents() noexcept = default;
    constexpr PollEvents(int bits) noexcept : value(bits) {}

    static const PollEvents in, pri, out, rdnorm, rdband, wrnorm, wrband, msg, rdhup;
    static const PollEvents err, hup, nval;  // come without being asked for; nval: the descriptor is not open

    /// "POLLIN|POLLHUP"; "0" for none.
    std::string to_string() const;

    constexpr explicit operator bool() const noexcept { return value != 0; }
    friend constexpr bool operator==(PollEvents, PollEvents) noexcept = default;
    friend constexpr PollEvents operator|(PollEvents a, PollEvents b) noexcept { return a.value | b.value; }
    friend constexpr PollEvents operator&(PollEvents a, PollEvents b) noexcept { return a.value & b.value; }
    /// Whether `events` has any of `wanted`.
    friend constexpr bool has(PollEvents events, PollEvents wanted) noexcept { return bool(events & wanted); }
};

inline constexpr PollEvents PollEvents::in{0x001};
inline constexpr PollEvents PollEvents::pri{0x002};
inline constexpr PollEvents PollEvents::out{0x004};
inline constexpr PollEvents PollEvents::err{0x008};
inline constexpr PollEvents PollEvents::hup{0x010};
inline constexpr PollEvents PollEvents::nval{0x020};
inline constexpr PollEvents PollEvents::rdnorm{0x040};
inline constexpr PollEvents PollEvents::rdband{0x080};
inline constexpr PollEvents PollEvents::wrnorm{0x100};
inline constexpr PollEvents PollEvents::wrband{0x200};
inline constexpr PollEvents PollEvents::msg{0x400};
inline constexpr PollEvents PollEvents::rdhup{0x2000};

/// A descriptor and what came for it.
struct PollEvent {
    int fd;
    PollEvents events;

    friend bool operator==(const PollEvent&, const PollEvent&) = default;
};

/// Python's select.poll(): descriptors of any number, none of them its own. One thread waits; others may change what is
/// registered meanwhile, which counts from the next poll() on.
class Poll {
public:
    Poll();
    Poll(Poll&& other) noexcept;  // from then on `other` raises ClosedError
    Poll& operator=(Poll&& other) noexcept;
    ~Poll();

    /// Asks for `events` of a descriptor, open or not; a second time it changes them. Raises ValueError for a negative
    /// descriptor or negative events, OverflowError for events of more than 16 bits.
    void add(FileLike file, PollEvents events = PollEvents::in | PollEvents::pri | PollEvents::out);

    /// Raises OSError (FileNotFoundError, ENOENT) for what is not registered, and what add() does.
    void modify(FileLike file, PollEvents events);

    /// Raises KeyError for what is not registered, ValueError for a negative descriptor.
    void remove(FileLike file);

    /// Waits until something came, or the limit has passed: then the list is empty. A negative limit is none, as in
    /// Python. A descriptor that is not open is no error: PollEvents::nval comes for it.
    ///
    /// The list, in order of registration, is lent: it is good until the next poll(). Raises BusyError if another
    /// thread is in poll(), OSError (EINVAL) for more descriptors than RLIMIT_NOFILE.
    std::span<const PollEvent> poll(Timeout timeout = {});

private:
    struct State;
    State& state() const;

    std::unique_ptr<State> state_;
};

// ---- epoll(7). ---------------------------------------------------------------------------------------------------------

/// Events and modes of epoll(7). Numbers convert to it, so that <sys/epoll.h>'s names work: `EPOLLIN | EPOLLET`.
struct EpollEvents {
    std::uint32_t value = 0;

    constexpr EpollEvents() noexcept = default;
    constexpr EpollEvents(std::uint32_t bits) noexcept : value(bits) {}

    static const EpollEvents in, pri, out, rdnorm, rdband, wrnorm, wrband, msg, rdhup;
    static const EpollEvents err, hup;                        // come without being asked for
    static const EpollEvents exclusive, wakeup, oneshot, et;  // how to report, for add() and modify()

    /// "EPOLLIN|EPOLLET"; "0" for none.
    std::string to_string() const;

    constexpr explicit operator bool() const noexcept { return value != 0; }
    friend constexpr bool operator==(EpollEvents, EpollEvents) noexcept = default;
    friend constexpr EpollEvents operator|(EpollEvents a, EpollEvents b) noexcept { return a.value | b.value; }
    friend constexpr EpollEvents operator&(EpollEvents a, EpollEvents b) noexcept { return a.value & b.value; }
    /// Whether `events` has any of `wanted`.
    friend constexpr bool has(EpollEvents events, EpollEvents wanted) noexcept { return bool(events & wanted); }
};

inline constexpr EpollEvents EpollEvents::in{0x001};
inline constexpr EpollEvents EpollEvents::pri{0x002};
inline constexpr EpollEvents EpollEvents::out{0x004};
inline constexpr EpollEvents EpollEvents::err{0x008};
inline constexpr EpollEvents EpollEvents::hup{0x010};
inline constexpr EpollEvents EpollEvents::rdnorm{0x040};
inline constexpr EpollEvents EpollEvents::rdband{0x080};
inline constexpr EpollEvents EpollEvents::wrnorm{0x100};
inline constexpr EpollEvents EpollEvents::wrband{0x200};
inline constexpr EpollEvents EpollEvents::msg{0x400};
inline constexpr EpollEvents EpollEvents::rdhup{0x2000};
inline constexpr EpollEvents EpollEvents::exclusive{1u << 28};
inline constexpr EpollEvents EpollEvents::wakeup{1u << 29};
inline constexpr EpollEvents EpollEvents::oneshot{1u << 30};
inline constexpr EpollEvents EpollEvents::et{1u << 31};

/// A descriptor, by the number it was registered under, and what came for it.
struct EpollEvent {
    int fd = -1;
    EpollEvents events;

    friend bool operator==(const EpollEvent&, const EpollEvent&) = default;
};

/// Python's select.epoll: a set of descriptors that the kernel keeps. Its own descriptor is close-on-exec, and closed
/// with the object.
///
/// The kernel keys on the open file, not on the number: remove a descriptor before you close it, for while a duplicate
/// of it lives it goes on being reported. bight::Selector looks after that.
class Epoll {
public:
    /// `sizehint` is checked and ignored: -1 or positive, else ValueError. `flags` is 0 or EPOLL_CLOEXEC, which is set
    /// in any case; else OSError (EINVAL). Raises OSError where the kernel refuses (EMFILE …).
    explicit Epoll(int sizehint = -1, int flags = 0);

    /// Takes charge of an open epoll descriptor; that it is one is seen when it is used. Raises ValueError for a
    /// negative one.
    static Epoll fromfd(int fd);

    Epoll(Epoll&& other) noexcept;  // `other` is closed from then on
    Epoll& operator=(Epoll&& other) noexcept;
    ~Epoll() = default;

    /// Can be repeated. Raises OSError where close(2) does; it is closed all the same. Everything but close() and
    /// closed() raises ClosedError from then on.
    void close();
    bool closed() const noexcept { return !epoll_; }
    int fileno() const;

    /// Raises ValueError for a negative descriptor; OSError for one that is not open (EBADF), is registered already
    /// (EEXIST), cannot be waited for as a regular file cannot (EPERM), or is this one's own (EINVAL).
    void add(FileLike file, EpollEvents events = EpollEvents::in | EpollEvents::pri | EpollEvents::out);

    /// Raises OSError for what is not registered (ENOENT), is not open (EBADF), or is exclusive (EINVAL).
    void modify(FileLike file, EpollEvents events);

    /// Raises OSError for what is not registered (ENOENT), or not open any more (EBADF).
    void remove(FileLike file);

    /// Waits until something came, or the limit has passed: then the list is empty. A negative limit is none, as in
    /// Python. At most `maxevents` come, FD_SETSIZE - 1 for -1; ValueError for other numbers below 1.
    ///
    /// The list is lent: it is good until the next poll(). Raises BusyError if another thread is in poll(): many threads
    /// that wait on one Epoll use poll_into().
    std::span<const EpollEvent> poll(Timeout timeout = {}, int maxevents = -1);

    /// As poll(), into the caller's memory: returns the part that was filled. Any number of threads may be in it.
    std::span<EpollEvent> poll_into(std::span<EpollEvent> room, Timeout timeout = {});

private:
    explicit Epoll(FileDescriptor epoll) noexcept : epoll_(std::move(epoll)) {}
    void require_open(const char* call) const;
    void control(const char* call, int operation, FileLike file, EpollEvents events);

    FileDescriptor epoll_;
    std::vector<EpollEvent> ready_;
    std::atomic<bool> busy_ = false;  // a thread is in poll()
};

std::ostream& operator<<(std::ostream& out, PollEvents events);
std::ostream& operator<<(std::ostream& out, EpollEvents events);

}  // namespace select
}  // namespace bight
