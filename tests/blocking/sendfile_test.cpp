// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/lowlevel.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/disturbances.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::Faults;

std::string noise(std::size_t size) {
    std::mt19937 random(5);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

/// The end to read from of a pipe that holds these bytes, and then the end.
FileDescriptor pipe_of(std::string_view contents) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    FileDescriptor in(ends[1]);
    EXPECT_EQ(::write(in.fileno(), contents.data(), contents.size()), static_cast<ssize_t>(contents.size()));
    return FileDescriptor(ends[0]);
}

/// A file with these contents, and a connection to send it over.
class Sendfile : public ::testing::Test {
protected:
    FileDescriptor file_of(const std::string& contents) {
        path = folder.path("file");
        std::ofstream(path, std::ios::binary) << contents;
        return FileDescriptor::open(path);
    }

    /// What arrives of one sendfile(), and what it returned.
    std::string arrives(const FileDescriptor& file, std::uint64_t offset = 0,
                        std::optional<std::uint64_t> count = std::nullopt) {
        auto listener = socket::create_server({"127.0.0.1", 0});
        auto client = socket::create_connection(listener.getsockname());
        auto server = listener.accept().socket;
        client.settimeout(limit);
        std::string received;
        std::thread reader([&] {
            while (auto data = server.recv(65'536)) received += data.view();
        });
        auto end = [&] {
            client.close();
            reader.join();
        };
        try {
            sent = client.sendfile(file, offset, count);
        } catch (...) {
            end();
            throw;
        }
        end();
        return received;
    }

    static std::uint64_t position(const FileDescriptor& file) {
        return static_cast<std::uint64_t>(::lseek(file.fileno(), 0, SEEK_CUR));
    }

    testing::TemporaryFolder folder;
    std::string path;
    Timeout limit;
    std::uint64_t sent = 0;
};

TEST_F(Sendfile, sends_it_all_and_leaves_the_file_at_the_end) {
    auto contents = noise(std::size_t{10} << 20);
    auto file = file_of(contents);
    for (Timeout mode : {Timeout(), Timeout(20s)}) {
        limit = mode;
        EXPECT_TRUE(arrives(file) == contents);
        EXPECT_EQ(sent, contents.size());
        EXPECT_EQ(position(file), contents.size());
    }
}

TEST_F(Sendfile, from_an_offset_and_as_much_as_is_asked_for) {
    auto contents = noise(100'000);
    auto file = file_of(contents);
    EXPECT_TRUE(arrives(file, 5000) == contents.substr(5000));
    EXPECT_TRUE(arrives(file, 0, 5000) == contents.substr(0, 5000));
    EXPECT_EQ(position(file), 5000u);
    EXPECT_TRUE(arrives(file, 3000, 50'000) == contents.substr(3000, 50'000));
    EXPECT_EQ(position(file), 53'000u);
    EXPECT_TRUE(arrives(file, 90'000, 50'000) == contents.substr(90'000));  // it ends before
    EXPECT_EQ(sent, 10'000u);
    EXPECT_EQ(arrives(file, 200'000), "");  // nothing was sent: the position stays
    EXPECT_EQ(position(file), 100'000u);
    EXPECT_EQ(arrives(file_of("")), "");
    EXPECT_EQ(sent, 0u);
}

TEST_F(Sendfile, refuses_what_python_refuses) {
    auto file = file_of("contents");
    auto [near, far] = socket::socketpair();
    EXPECT_THROW(near.sendfile(file, 0, 0), ValueError);
    EXPECT_THROW(near.sendfile(file, 0, -1), ValueError);
    near.setblocking(false);
    EXPECT_THROW(near.sendfile(file), ValueError);
    Socket udp(Family::inet, Kind::datagram);
    EXPECT_THROW(udp.sendfile(file), ValueError);
    near.settimeout(std::nullopt);
    EXPECT_THROW(near.sendfile(-1), OSError);
    near.close();
    EXPECT_THROW(near.sendfile(file), ClosedError);
}

TEST_F(Sendfile, has_one_limit_for_the_whole) {
    auto file = file_of(noise(std::size_t{8} << 20));
    auto [near, far] = socket::socketpair();
    near.settimeout(100ms);
    std::atomic<bool> stop = false;
    std::thread slow([&stop, &reader = far] {  // takes a little all the time, so that no single wait is long
        while (!stop) {
            reader.recv(4096);
            std::this_thread::yield();
        }
    });
    auto begin = std::chrono::steady_clock::now();
    {
        Faults faults([](sys::Call call) { return call == sys::Call::sendfile ? sys::Fault{0, 16} : sys::Fault{}; });
        EXPECT_THROW(near.sendfile(file), TimeoutError);
    }
    auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(took, 100ms);
    EXPECT_LT(took, 10s);
    EXPECT_GT(position(file), 0u);  // behind what was sent
    stop = true;
    near.close();
    slow.join();
}

// B048: a file that becomes shorter ends; nothing spins.
TEST_F(Sendfile, of_a_file_that_shrinks_ends_early) {
    auto file = file_of(noise(std::size_t{1} << 20));
    int calls = 0;
    Faults faults([&](sys::Call call) -> sys::Fault {
        if (call != sys::Call::sendfile) return {};
        if (++calls == 3) std::filesystem::resize_file(path, 10'000);
        return {0, 4096};
    });
    EXPECT_EQ(arrives(file, 0, 1 << 20).size(), 10'000u);
    EXPECT_LT(calls, 10);
}

TEST_F(Sendfile, of_files_that_do_not_tell_their_length) {
    auto version = FileDescriptor::open("/proc/version");
    std::ifstream in("/proc/version");
    std::string expected{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(arrives(version), expected);
    EXPECT_EQ(arrives(FileDescriptor::open("/dev/null")), "");
    EXPECT_EQ(arrives(FileDescriptor::open("/dev/zero"), 0, 100'000), std::string(100'000, '\0'));
}

TEST_F(Sendfile, from_a_pipe_until_its_end) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    FileDescriptor out(ends[0]);
    auto contents = noise(300'000);
    std::thread writer([&, in = FileDescriptor(ends[1])] {
        for (std::size_t at = 0; at < contents.size();)
            at += static_cast<std::size_t>(::write(in.fileno(), contents.data() + at, contents.size() - at));
    });
    EXPECT_TRUE(arrives(out, 0, contents.size()) == contents);
    writer.join();
    auto [near, far] = socket::socketpair();
    EXPECT_THROW(near.sendfile(out, 5), OSError);  // there is no skipping
}

TEST_F(Sendfile, falls_back_to_copying) {
    auto contents = noise(300'000);
    auto file = file_of(contents);
    for (int refusal : {EINVAL, ENOSYS, EOPNOTSUPP}) {
        Faults faults(testing::fail(sys::Call::sendfile, refusal));
        EXPECT_TRUE(arrives(file, 1000, 200'000) == contents.substr(1000, 200'000));
        EXPECT_EQ(position(file), 201'000u);
    }
    Faults faults(testing::fail(sys::Call::sendfile, EIO));
    EXPECT_THROW(arrives(file), OSError);
}

TEST_F(Sendfile, copying_in_vain_leaves_the_file_where_it_was_to_begin) {
    auto file = file_of(noise(100'000));
    for (auto offset : {0u, 10u}) {
        auto [near, far] = socket::socketpair();
        far.close();
        Faults faults(testing::fail(sys::Call::sendfile, EINVAL));
        EXPECT_THROW(near.sendfile(file, offset), BrokenPipeError);
        EXPECT_EQ(position(file), offset);
    }
}

TEST_F(Sendfile, goes_on_after_signals_and_short_counts) {
    auto contents = noise(3000);
    auto file = file_of(contents);
    Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
        if (call != sys::Call::sendfile) return {};
        return ++calls % 3 == 0 ? sys::Fault{EINTR} : sys::Fault{0, 7};
    });
    EXPECT_TRUE(arrives(file) == contents);
}

int hook_calls = 0;

// A blocking sendfile(2) that a signal ends early says how far it came, and nothing of the signal.
TEST_F(Sendfile, asks_the_interrupt_hook_after_a_short_count) {
    auto contents = noise(3000);
    auto file = file_of(contents);
    hook_calls = 0;
    Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
        return call == sys::Call::sendfile && ++calls <= 2 ? sys::Fault{0, 7} : sys::Fault{};
    });
    auto before = lowlevel::set_interrupt_hook([] { ++hook_calls; });
    EXPECT_TRUE(arrives(file, 0, contents.size()) == contents);
    EXPECT_EQ(hook_calls, 2);
    lowlevel::set_interrupt_hook([] { throw 7; });
    Faults again([](sys::Call call) { return call == sys::Call::sendfile ? sys::Fault{0, 100} : sys::Fault{}; });
    EXPECT_THROW(arrives(file), int);
    lowlevel::set_interrupt_hook(before);
    EXPECT_EQ(position(file), 100u);  // behind what was sent
}

TEST_F(Sendfile, has_a_twin_that_returns_its_errors) {
    auto contents = noise(100'000);
    auto file = file_of(contents);
    auto [near, far] = socket::socketpair();
    near.settimeout(20s);
    EXPECT_EQ(near.try_sendfile(file, 10, 50), 50u);
    EXPECT_EQ(far.recv(100), contents.substr(10, 50));
    EXPECT_EQ(near.try_sendfile(file.fileno(), 0, 3), 3u);
    EXPECT_EQ(position(file), 3u);
    EXPECT_EQ(near.try_sendfile(-1).error(), std::errc::bad_file_descriptor);
    EXPECT_THROW((void)near.try_sendfile(file, 0, 0), ValueError);  // bugs are raised by twins too
    near.settimeout(20ms);
    far.close();
    EXPECT_EQ(near.try_sendfile(file).error(), std::errc::broken_pipe);
    auto [slow, reader] = socket::socketpair();
    slow.settimeout(20ms);
    auto large = FileDescriptor::open("/dev/zero");
    EXPECT_EQ(slow.try_sendfile(large).error(), std::errc::timed_out);
    slow.close();
    EXPECT_EQ(slow.try_sendfile(file).error(), std::errc::bad_file_descriptor);
}

TEST_F(Sendfile, to_a_peer_that_is_gone_raises_no_signal) {
    auto file = file_of(noise(std::size_t{1} << 20));
    auto [near, far] = socket::socketpair();
    far.close();
    EXPECT_THROW(near.sendfile(file), BrokenPipeError);  // SIGPIPE is at its default here
    EXPECT_EQ(position(file), 0u);
}

// The kernel tells of a signal by a short count where some bytes had gone out already.
TEST_F(Sendfile, a_signal_in_the_middle_is_not_lost) {
    auto contents = noise(300'000);
    auto out = pipe_of(std::string_view(contents).substr(0, 30'000));
    auto regular = file_of(contents), device = FileDescriptor::open("/dev/zero");
    for (auto [file, call] :
         {std::pair{&regular, sys::Call::sendfile}, {&device, sys::Call::send}, {&out, sys::Call::splice}}) {
        auto [near, far] = socket::socketpair();
        testing::RaisingHook hook;
        Faults faults([call](sys::Call made) { return made == call ? sys::Fault{0, 1000} : sys::Fault{}; });
        EXPECT_THROW(near.sendfile(*file), testing::RaisingHook::Signal);
        EXPECT_EQ(far.recv(100'000).size(), 1000u);
    }
    EXPECT_EQ(position(regular), 1000u);
}

TEST_F(Sendfile, a_file_that_keeps_silent_does_not_outlast_the_limit) {
    auto [quiet, writer] = socket::socketpair();
    timeval most{10, 0};  // without a limit of ours, the kernel's
    quiet.setsockopt(SOL_SOCKET, SO_RCVTIMEO, std::as_bytes(std::span(&most, 1)));
    auto [near, far] = socket::socketpair();
    near.settimeout(20ms);
    EXPECT_LT(testing::time_of(
                  [&, &from = near, &file = quiet] { EXPECT_THROW(from.sendfile(file.fileno()), TimeoutError); }),
              5s);
    writer.sendall("what came");
    EXPECT_THROW(near.sendfile(quiet.fileno()), TimeoutError);
    EXPECT_EQ(far.recv(100), "what came");
}

TEST_F(Sendfile, the_limit_holds_where_nobody_has_to_wait) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    FileDescriptor out(ends[0]), device = FileDescriptor::open("/dev/zero");
    ASSERT_EQ(::write(FileDescriptor(ends[1]).fileno(), noise(70'000).data(), 60'000), 60'000);
    for (auto [file, call, piece] :
         {std::tuple{&device, sys::Call::read, 70'000u}, {&out, sys::Call::splice, 20'000u}}) {
        auto [near, far] = socket::socketpair();
        near.settimeout(20ms);
        auto late = std::chrono::steady_clock::now() + 50ms;
        Faults faults([=, slow = call, most = piece](sys::Call made) {  // the first piece takes all the time
            while (made == slow && std::chrono::steady_clock::now() < late) {}
            return made == slow ? sys::Fault{0, most} : sys::Fault{};
        });
        EXPECT_THROW(near.sendfile(*file, 0, 70'000), TimeoutError);
        EXPECT_LT(far.recv(100'000).size(), 70'000u);
    }
}

TEST_F(Sendfile, that_is_complete_when_the_limit_passes_is_no_time_out) {
    auto contents = noise(30'000);
    auto out = pipe_of(contents);
    auto moved = file_of(contents), copied = FileDescriptor::open(path);
    for (auto [file, call] :
         {std::pair{&moved, sys::Call::sendfile}, {&copied, sys::Call::send}, {&out, sys::Call::splice}}) {
        auto [near, far] = socket::socketpair();
        near.settimeout(20ms);
        Faults faults([=, copies = call == sys::Call::send](sys::Call made) -> sys::Fault {
            if (made == sys::Call::sendfile && copies) return {EINVAL};
            if (made == call) std::this_thread::sleep_for(20ms);  // all the time is over once it has moved
            return {};
        });
        EXPECT_EQ(near.try_sendfile(*file), contents.size());
    }
}

TEST_F(Sendfile, a_duplicate_does_not_take_the_limit_away) {
    auto regular = file_of(noise(std::size_t{8} << 20)), device = FileDescriptor::open("/dev/zero");
    for (auto* file : {&regular, &device}) {
        auto [near, far] = socket::socketpair();
        near.settimeout(20ms);
        testing::make_blocking_behind_its_back(near);
        EXPECT_LT(testing::time_of([&file, &from = near] { EXPECT_THROW(from.sendfile(*file), TimeoutError); }), 5s);
    }
}

// B049: past 2 GiB and 4 GiB of a sparse file.
TEST_F(Sendfile, counts_past_four_gigabytes) {
    auto file = file_of("begin");
    std::filesystem::resize_file(path, (std::uint64_t{5} << 30));
    {
        std::ofstream end(path, std::ios::binary | std::ios::app);
        end << "the end";
    }
    EXPECT_EQ(arrives(file, (std::uint64_t{5} << 30) - 1), std::string(1, '\0') + "the end");
    EXPECT_EQ(position(file), (std::uint64_t{5} << 30) + 7);
    EXPECT_EQ(arrives(file, (std::uint64_t{1} << 31) - 1, 2), std::string(2, '\0'));
    EXPECT_THROW(arrives(file, UINT64_MAX), OverflowError);
}

// B049: a 32-bit count would end at 2 GiB. The holes of a file in memory take no room, and the reader keeps nothing.
TEST_F(Sendfile, moves_more_than_two_gigabytes) {
    testing::TemporaryFolder memory("/dev/shm");
    path = memory.path("file");
    constexpr std::uint64_t size = (std::uint64_t{1} << 31) + 4097;
    std::ofstream(path, std::ios::binary) << "begin";
    std::filesystem::resize_file(path, size);
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(listener.getsockname());
    auto server = listener.accept().socket;
    std::uint64_t received = 0;
    std::thread reader([&] {  // tcp(7): MSG_TRUNC throws away what there is
        ssize_t count = 0;
        while ((count = ::recv(server.fileno(), nullptr, std::size_t{1} << 20, MSG_TRUNC)) > 0)
            received += static_cast<std::uint64_t>(count);
    });
    auto file = FileDescriptor::open(path);
    EXPECT_EQ(client.sendfile(file), size);
    EXPECT_EQ(position(file), size);
    client.close();
    reader.join();
    EXPECT_EQ(received, size);
}

}  // namespace
}  // namespace bight
