// SPDX-License-Identifier: BSL-1.0
// Protocols of what only a kernel has: pipes, children, sockets of others.
#include <bight/asyncio/connection.h>
#include <bight/socket.h>

#include "asyncio/protocols.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct KernelProtocolTest : OnEveryEngine {};

TEST_P(KernelProtocolTest, an_error_of_a_datagram_is_told_and_ends_nothing) {
    auto talk = []() -> Task<> {
        Address nobody;
        {
            auto gone = open_datagrams({.local_addr = &loopback_port});
            nobody = gone.local();
        }
        auto client = co_await create_datagram_endpoint(factory_of<Port>, {.remote_addr = &nobody});
        client.transport->sendto("is anybody there?");
        co_await client.protocol->until(2);
        EXPECT_EQ(client.protocol->calls, (Calls{"made", "error"}));
        EXPECT_FALSE(client.transport->is_closing());
    };
    run(talk());
}

TEST_P(KernelProtocolTest, datagrams_that_must_wait_go_out_in_their_order) {
    auto talk = []() -> Task<> {
        auto [near, far] = socket::socketpair(Family::unix_domain, Kind::datagram);
        far.setblocking(true);
        auto port = open_datagrams(std::move(near));
        auto slow = std::make_shared<Port>();
        auto transport = co_await detail::begin_port(std::move(port), true, slow);
        transport->set_write_buffer_limits(1000);
        int count = 0;
        for (; transport->get_write_buffer_size() < 5000; ++count) transport->sendto(std::to_string(count));
        for (int i = 0; i < count; ++i) {
            co_await readable(far.fileno());
            EXPECT_EQ(far.recv(100).view(), std::to_string(i));
        }
        EXPECT_EQ(transport->get_write_buffer_size(), 0u);
        transport->close();
        co_await slow->until(2);
    };
    run(talk());
}

TEST_P(KernelProtocolTest, pipes_are_read_and_written) {
    auto talk = []() -> Task<> {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        auto reading = co_await connect_read_pipe(factory_of<Recorder>, FileDescriptor(ends[0]));
        auto writing = co_await connect_write_pipe(factory_of<Recorder>, FileDescriptor(ends[1]));
        std::string data(1 << 20, 'x');
        writing.transport->write(data);
        auto has_all = [](const Recorder& recorder) { return recorder.received.size() == 1 << 20; };
        co_await wait_until(reading.protocol.get(), has_all);
        writing.transport->write_eof();
        co_await wait_until_lost(writing.protocol.get());
        co_await wait_until_lost(reading.protocol.get());
        EXPECT_EQ(reading.protocol->calls, (Calls{"made", "data", "eof", "lost none"}));
        EXPECT_EQ(writing.protocol->calls, (Calls{"made", "pause", "resume", "lost none"}));
    };
    run(talk());
}

TEST_P(KernelProtocolTest, a_pipe_that_nobody_reads_any_more_is_lost) {
    for (bool has_written : {false, true}) {
        auto talk = [](bool writes) -> Task<> {
            int ends[2];
            EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
            FileDescriptor reader(ends[0]);
            auto writing = co_await connect_write_pipe(factory_of<Recorder>, FileDescriptor(ends[1]));
            std::string data(1 << 20, 'x');
            if (writes) writing.transport->write(data);
            co_await sleep(Duration::zero());
            reader.close();
            co_await wait_until_lost(writing.protocol.get());
            EXPECT_EQ(writing.protocol->calls.back(), writes ? "lost ConnectionError" : "lost none");
        };
        run(talk(has_written));
    }
}

TEST_P(KernelProtocolTest, a_socket_of_somebody_elses_becomes_a_connection) {
    auto talk = []() -> Task<> {
        auto [near, far] = socket::socketpair();
        auto connection = co_await connect_accepted_socket(factory_of<Echo>, std::move(near));
        Stream other = open_stream(std::move(far));
        co_await other.write("there");
        auto answer = co_await other.read();
        EXPECT_EQ(answer.view(), "there");
        co_await other.close();
        while (connection.transport->get_protocol()) co_await sleep(Duration::zero());
    };
    run(talk());
}

struct Child : SubprocessProtocol {
    void connection_made(SubprocessTransport&) override { note("made"); }
    void pipe_data_received(int fd, Bytes data) override { written[static_cast<std::size_t>(fd)] += data.view(); }
    void pipe_connection_lost(int fd, std::exception_ptr error) override {
        lost[static_cast<std::size_t>(fd)] = text_of(error);
    }
    void process_exited() override { note("exited"); }
    void connection_lost(std::exception_ptr error) override {
        note("lost " + text_of(error));
        is_over.set();
    }
    void note(std::string call) { calls.push_back(std::move(call)); }

    std::vector<std::string> calls;
    std::array<std::string, 3> written;
    std::array<std::string, 3> lost;
    Event is_over;
};

std::vector<std::string> long_sleep() { return {"sleep", "1000"}; }

TEST_P(KernelProtocolTest, a_child_is_talked_to_through_its_pipes) {
    auto talk = []() -> Task<> {
        auto child = co_await subprocess_shell(factory_of<Child>, "cat; echo done >&2; exit 3");
        EXPECT_GT(child.transport->get_pid(), 0);
        EXPECT_FALSE(child.transport->get_returncode());
        std::string data(1 << 20, 'x');
        child.transport->get_pipe_transport(0)->write(data);
        child.transport->get_pipe_transport(0)->close();
        co_await child.protocol->is_over.wait();
        EXPECT_EQ(child.protocol->calls, (Calls{"made", "exited", "lost none"}));
        EXPECT_TRUE(child.protocol->written[1] == data);
        EXPECT_EQ(child.protocol->written[2], "done\n");
        EXPECT_EQ(child.protocol->lost, (std::array<std::string, 3>{"none", "none", "none"}));
        EXPECT_EQ(child.transport->get_returncode(), 3);
        EXPECT_EQ(child.transport->get_pipe_transport(7), nullptr);
    };
    run(talk());
}

/// Keeps the loop busy as soon as it is asked for a protocol.
struct BusyFactory {
    std::shared_ptr<Child> operator()() const {
        struct timespec while_it_writes{0, 50'000'000};
        ::nanosleep(&while_it_writes, nullptr);
        return std::make_shared<Child>();
    }
};

TEST_P(KernelProtocolTest, what_a_child_writes_at_once_is_not_lost) {
    auto talk = []() -> Task<> {
        std::vector<std::string> command{"echo", "hi"};
        auto child = co_await subprocess_exec(BusyFactory(), command);
        co_await child.protocol->is_over.wait();
        EXPECT_EQ(child.protocol->written[1], "hi\n");
        EXPECT_EQ(child.protocol->calls, (Calls{"made", "exited", "lost none"}));
    };
    run(talk());
}

TEST_P(KernelProtocolTest, a_file_is_no_pipe_and_a_terminal_is_one) {
    auto talk = []() -> Task<> {
        for (bool reads : {true, false}) {
            FileDescriptor file(::memfd_create("file", MFD_CLOEXEC));
            try {
                if (reads)
                    co_await connect_read_pipe(factory_of<Recorder>, std::move(file));
                else
                    co_await connect_write_pipe(factory_of<Recorder>, std::move(file));
                ADD_FAILURE();
            } catch (const ValueError&) {}
        }
        FileDescriptor keyboard(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        EXPECT_EQ(::grantpt(keyboard.fileno()) + ::unlockpt(keyboard.fileno()), 0);
        FileDescriptor terminal(::open(::ptsname(keyboard.fileno()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        EXPECT_EQ(::write(keyboard.fileno(), "typed\n", 6), 6);  // is no sign that nobody reads
        auto writing = co_await connect_write_pipe(factory_of<Recorder>, std::move(terminal));
        co_await sleep(5ms);
        EXPECT_FALSE(writing.transport->is_closing());
        writing.transport->write("shown");
        writing.transport->close();
        co_await wait_until_lost(writing.protocol.get());
        EXPECT_EQ(writing.protocol->calls, (Calls{"made", "lost none"}));
    };
    run(talk());
}

TEST_P(KernelProtocolTest, a_child_whose_transport_is_closed_is_killed) {
    auto talk = []() -> Task<> {
        auto child = co_await subprocess_exec(factory_of<Child>, long_sleep());
        child.transport->close();
        EXPECT_TRUE(child.transport->is_closing());
        co_await child.protocol->is_over.wait();
        EXPECT_EQ(child.transport->get_returncode(), -SIGKILL);
        EXPECT_EQ(child.protocol->calls, (Calls{"made", "exited", "lost none"}));
    };
    run(talk());
}

TEST_P(KernelProtocolTest, a_child_does_not_outlive_the_loop) {
    auto protocol = std::make_shared<Child>();
    int pid = 0;
    auto talk = [&pid](std::shared_ptr<Child> kept) -> Task<> {
        auto keep = [kept] { return kept; };
        auto child = co_await subprocess_exec(keep, long_sleep());
        pid = child.transport->get_pid();
    };
    run(talk(protocol));
    EXPECT_EQ(protocol->calls, (Calls{"made", "lost none"}));
    EXPECT_EQ(protocol->transport().get_returncode(), -SIGKILL);
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

BIGHT_ON_KERNEL_ENGINES(KernelProtocolTest);

}  // namespace
}  // namespace bight::asyncio
