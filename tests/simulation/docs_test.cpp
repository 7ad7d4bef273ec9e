// SPDX-License-Identifier: BSL-1.0
// The programs of docs/testing.md, as they stand there.
#include <bight/asyncio.h>
#include <bight/testing.h>

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace docs {

// begin
using namespace bight;
using namespace std::chrono_literals;

Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}
Task<> serve(HostPort where) { co_await asyncio::serve(where, echo); }
Task<> ask() {
    Stream stream = co_await asyncio::open_connection({"server", 7});
    co_await stream.write("hello");
    auto answer = co_await stream.readexactly(5);
    if (answer.view() != "hello") throw std::runtime_error("that is no echo");
    co_await stream.close();
}

int main() {
    bight::testing::for_each_seed("an echo", {.count = 1000}, [](bight::testing::Simulation& sim) {
        auto& server = sim.host("server", {"10.0.0.1"});
        sim.link(sim.main(), server, {.delay = 20ms, .jitter = 10ms, .loss = 0.05});
        server.run(serve, HostPort("", 7));
        sim.run(ask());
    });
    // end
    return 0;
}

std::size_t cancelled() {
    return bight::testing::cancel_everywhere([](bight::testing::Simulation& sim) {
        sim.host("server", {"10.0.0.1"}).run(serve, HostPort("", 7));
        return ask();
    });
}

}  // namespace docs

TEST(Docs, the_simulated_echo_runs) { EXPECT_EQ(docs::main(), 0); }
TEST(Docs, cancelling_everywhere_runs) { EXPECT_GT(docs::cancelled(), 5u); }

TEST(Docs, the_page_shows_what_runs_here) {
    auto text_of = [](const char* path) {
        std::ifstream file(path);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    };
    std::string page = text_of("docs/testing.md"), here = text_of("tests/simulation/docs_test.cpp");
    std::size_t begin = here.find("// begin\n") + 9, end = here.find("    // end\n");
    std::string shown;
    std::istringstream lines(here.substr(begin, end - begin));
    for (std::string line; std::getline(lines, line);) {
        for (std::size_t at; (at = line.find("bight::testing::")) != std::string::npos;) line.erase(at, 7);
        shown += line + '\n';
    }
    EXPECT_NE(page.find(shown), std::string::npos) << shown;
}
