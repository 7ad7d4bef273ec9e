// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/signals.h>
#include <bight/asyncio/subprocess.h>
#include <bight/file_descriptor.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "support/descriptors.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace bight::asyncio {
namespace {

using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::STDOUT;

struct SubprocessTest : OnEveryEngine {};

/// What `command` of the shell writes.
Task<std::string> output_of(std::string command) {
    Process process = create_subprocess_shell(command, {.stdout = PIPE});
    auto output = co_await process.communicate();
    co_return output.stdout.to_string();
}

TEST_P(SubprocessTest, communicate_gives_input_and_brings_both_outputs_and_the_returncode) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"/bin/sh", "-c", "cat; echo oops >&2; exit 3"};
        Process process = create_subprocess_exec(argv, {.stdin = PIPE, .stdout = PIPE, .stderr = PIPE});
        EXPECT_GT(process.pid(), 0);
        EXPECT_FALSE(process.returncode());
        std::string input(3'000'000, 'x');  // more than any pipe holds
        auto output = co_await process.communicate(input);
        EXPECT_TRUE(output.stdout.view() == input);
        EXPECT_EQ(output.stderr.view(), "oops\n");
        EXPECT_EQ(process.returncode(), 3);
    };
    auto before = testing::open_descriptors();
    run(talk());
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST_P(SubprocessTest, pipes_are_streams) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"cat"};
        Process process = create_subprocess_exec(argv, {.stdin = PIPE, .stdout = PIPE});
        for (std::string line : {"one\n", "two\n"}) {
            co_await process.stdin.write(line);
            auto answer = co_await process.stdout.readline();
            EXPECT_EQ(answer.view(), line);
        }
        bool timed_out = false;
        try {
            co_await wait_for(process.stdout.read(), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        process.stdin.write_eof();
        auto end = co_await process.stdout.read();
        EXPECT_FALSE(end);
        int code = co_await process.wait();
        EXPECT_EQ(code, 0);
        int again = co_await process.wait();
        EXPECT_EQ(again, 0);
    };
    run(talk());
}

TEST_P(SubprocessTest, what_is_unread_is_read_in_small_pieces_in_its_order) {
    auto talk = []() -> Task<> {
        Process process = create_subprocess_shell("seq 1000 9999; cat", {.stdin = PIPE, .stdout = PIPE});
        auto line = co_await process.stdout.readuntil("9999\n", 1 << 20);
        EXPECT_EQ(line.size(), 45000u);
        std::string expected = line.to_string(), got;
        co_await process.stdin.write(expected);
        auto first = co_await process.stdout.readline();
        got += first.view();
        char memory[100];
        while (got.size() < expected.size()) {
            if (got.size() % 2 == 0) {
                auto part = co_await process.stdout.read(101);
                got += part.view();
            } else {
                auto part = co_await process.stdout.read_into(std::as_writable_bytes(std::span(memory)));
                got.append(memory, part.size());
            }
        }
        EXPECT_TRUE(got == expected);
        process.stdin.write_eof();
        auto end = co_await process.stdout.read();
        EXPECT_TRUE(end.empty());
    };
    run(talk());
}

TEST_P(SubprocessTest, a_second_reader_is_told_so_and_a_cancelled_one_has_lost_nothing) {
    auto talk = []() -> Task<> {
        Process process = create_subprocess_exec({"cat"}, {.stdin = PIPE, .stdout = PIPE});
        TaskGroup group;
        auto waits = [](Stream* output) -> Task<std::size_t> { co_return (co_await output->readline()).size(); };
        auto waiting = group.spawn(waits, &process.stdout);
        co_await settle();
        int refused = 0;
        for (int i = 0; i < 200; ++i) {
            try {
                (void)co_await process.stdout.read(1);
            } catch (const BusyError&) {
                ++refused;
            }
        }
        EXPECT_EQ(refused, 200);
        std::string text = "a line\n" + std::string(1000, 'x');
        co_await process.stdin.write(text);
        std::size_t got = co_await waiting;
        auto nibble = [&](Stream* output) -> Task<> {
            while (true) got += (co_await output->read(1)).size();
        };
        for (int i = 0; i < 5; ++i) {
            auto nibbling = group.spawn(nibble, &process.stdout);
            co_await settle(i % 3 + 1);
            nibbling.cancel();
            co_await nibbling.ended();
        }
        process.stdin.write_eof();
        while (auto rest = co_await process.stdout.read()) got += rest.size();
        EXPECT_EQ(got, text.size());
        co_await group.join();
    };
    run(talk());
}

TEST_P(SubprocessTest, one_that_goes_wakes_who_waits_for_it) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"sleep", "1000"};
        auto process = std::make_unique<Process>(create_subprocess_exec(argv));
        auto waits = [&]() -> Task<int> { co_return co_await process->wait(); };
        TaskGroup group;
        auto waiting = group.spawn(waits);
        co_await settle();
        process.reset();
        int code = co_await waiting;
        EXPECT_EQ(code, -SIGKILL);
        co_await group.join();
    };
    run(talk());
}

TEST(SubprocessBetweenRuns, goes_with_whoever_held_it) {
    EventLoop loop;
    auto begin = []() -> Task<Process> {
        std::vector<std::string> argv{"cat"};
        co_return create_subprocess_exec(argv, {.stdin = PIPE, .stdout = PIPE});
    };
    int pid = 0;
    {
        Process process = loop.run_until_complete(begin());
        pid = process.pid();
    }
    auto pause = []() -> Task<> { co_await sleep(1ms); };
    for (int i = 0; i < 20'000 && ::kill(pid, 0) == 0; ++i) loop.run_until_complete(pause());
    EXPECT_EQ(::kill(pid, 0), -1);  // killed, and collected
}

TEST_P(SubprocessTest, a_child_that_reads_no_input_is_no_error_and_sends_no_SIGPIPE) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"true"};
        Process process = create_subprocess_exec(argv, {.stdin = PIPE});
        auto output = co_await process.communicate(std::string(1'000'000, 'x'));
        EXPECT_EQ(process.returncode(), 0);
        EXPECT_TRUE(output.stdout.empty());
    };
    run(talk());
}

TEST_P(SubprocessTest, signals_end_it_and_their_number_is_told) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"sleep", "1000"};
        Process one = create_subprocess_exec(argv);
        Process two = create_subprocess_exec(argv);
        Process three = create_subprocess_exec(argv);
        one.terminate();
        two.kill();
        three.send_signal(SIGINT);
        int first = co_await one.wait();
        int second = co_await two.wait();
        int third = co_await three.wait();
        EXPECT_EQ((std::vector{first, second, third}), (std::vector{-SIGTERM, -SIGKILL, -SIGINT}));
        one.kill();  // nothing: it has ended
    };
    run(talk());
}

TEST_P(SubprocessTest, what_cannot_be_started_raises_and_leaves_nothing) {
    auto talk = []() -> Task<> {
        std::vector<std::string> none, missing{"/no/such/program"}, forbidden{"/etc/passwd"}, fine{"true"};
        EXPECT_THROW(create_subprocess_exec(none), ValueError);
        EXPECT_THROW(create_subprocess_exec(missing, {.stdout = PIPE}), FileNotFoundError);
        EXPECT_THROW(create_subprocess_exec(forbidden, {.stdin = PIPE}), PermissionError);
        EXPECT_THROW(create_subprocess_exec(fine, {.stdout = STDOUT}), ValueError);
        EXPECT_THROW(create_subprocess_exec(fine, {.cwd = "/no/such/folder"}), FileNotFoundError);
        co_return;
    };
    auto before = testing::open_descriptors();
    run(talk());
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_P(SubprocessTest, folder_environment_and_redirections) {
    auto talk = []() -> Task<> {
        std::vector<std::string> env{"GREETING=hello"};
        std::string command = "pwd; echo $GREETING; echo problem >&2; cat";
        Process process = create_subprocess_shell(
            command, {.stdin = DEVNULL, .stdout = PIPE, .stderr = STDOUT, .cwd = "/", .env = &env});
        auto output = co_await process.communicate();
        EXPECT_EQ(output.stdout.view(), "/\nhello\nproblem\n");
    };
    run(talk());
}

TEST_P(SubprocessTest, a_child_has_no_descriptor_but_the_three) {
    auto talk = []() -> Task<> {
        FileDescriptor loose(::dup(0));  // inheritable
        auto listed = co_await output_of("ls /proc/self/fd | tr '\\n' ' '");
        EXPECT_EQ(listed, "0 1 2 3 ");  // the last is the folder that ls reads
    };
    run(talk());
}

// B099: neither the mask of the loop's signals nor an ignored SIGPIPE reaches a child.
TEST_P(SubprocessTest, a_child_gets_a_clean_mask) {
    auto talk = []() -> Task<> {
        SignalReceiver ours({SIGUSR1, SIGTERM});
        auto status = co_await output_of("grep SigBlk /proc/self/status");
        EXPECT_NE(status.find("0000000000000000"), std::string::npos) << status;
    };
    run(talk());
}

TEST_P(SubprocessTest, no_zombie_is_left_by_a_process_that_is_let_go) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"sleep", "1000"};
        for (int i = 0; i < 10; ++i) Process process = create_subprocess_exec(argv, {.stdin = PIPE});
        co_return;
    };
    auto before = testing::open_descriptors();
    run(talk());
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_P(SubprocessTest, a_cancelled_communicate_leaves_a_child_that_can_be_killed) {
    auto talk = []() -> Task<> {
        std::vector<std::string> argv{"cat"};
        Process process = create_subprocess_exec(argv, {.stdin = PIPE, .stdout = PIPE});
        bool timed_out = false;
        try {
            co_await wait_for(process.stdout.read_all(100), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        process.kill();
        int code = co_await process.wait();
        EXPECT_EQ(code, -SIGKILL);
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(SubprocessTest);

}  // namespace
}  // namespace bight::asyncio
