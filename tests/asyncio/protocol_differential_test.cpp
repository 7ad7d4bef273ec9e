// SPDX-License-Identifier: BSL-1.0
// Random scripts, played here and by CPython (protocol_oracle.py) over real sockets: each step calls the same hooks in the
// same order, and moves the same bytes.

#include "asyncio/protocols.h"
#include "support/descriptors.h"

#include <bight/socket.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

namespace bight::asyncio {
namespace {

using Lines = std::vector<std::string>;

Lines words_of(const std::string& line) {
    std::istringstream stream(line);
    Lines words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

std::string joined(const Lines& parts, const char* between) {
    std::string all;
    for (auto& part : parts) all += (all.empty() ? "" : between) + part;
    return all;
}

// ---- Writing scripts. --------------------------------------------------------------------------------------------------

class Writer {
public:
    explicit Writer(unsigned seed) : random_(seed) {}

    Lines script() {
        std::string wire = pick({"tcp", "unix"}), end = pick({"keeps", "closes"});
        raising_ = pick({"none", "none", "none", "data", "eof", "pause", "resume", "lost"});
        Lines lines{"== " + wire + " " + end + " " + raising_ + " " +
                    std::to_string(raising_ == "data" ? 1 : 1 + below(2))};  // in how many parts it comes is open
        for (unsigned step = 3 + below(15); step > 0; --step) lines.push_back(operation());
        return lines;
    }

private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
    std::string pick(std::initializer_list<std::string> from) {
        return *(from.begin() + below(static_cast<unsigned>(from.size())));
    }

    // What is small always has room in the kernel, what is large never.
    std::string operation() {
        switch (below(16)) {
            case 0:
            case 1:
            case 2: return "psend " + std::to_string(1 + below(2000));
            case 3:
            case 4: return "pread";
            case 5: return pick({"peof", "peof", "preset", "pclose"});
            case 6:
            case 7:
            case 8: return "write " + std::to_string(below(300));
            case 9:
            case 10: return raising_ == "eof" ? "write 200" : "write 150000";  // see without_prelude_of_a_reset()
            case 11:
                return pick(
                    {"limits", "limits 0", "limits 1000", "limits 50000 20000", "limits 200000 0", "limits 5 10"});
            case 12: return pick({"write_eof", "close", "abort"});
            case 13: return "pause_reading";
            default: return "resume_reading";
        }
    }

    std::mt19937 random_;
    std::string raising_;
};

// ---- Playing them. -----------------------------------------------------------------------------------------------------

/// What has come or goes as the bytes from `begin` on.
std::string_view pattern(std::size_t begin, std::size_t size) {
    static const std::string repeated = [] {
        std::string all(251'000, '\0');
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i % 251);
        return all;
    }();
    return std::string_view(repeated).substr(begin % 251, size);
}

std::string name_of(const std::exception_ptr& error) {
    try {
        if (error) std::rethrow_exception(error);
        return "none";
    } catch (const ConnectionError&) {
        return "ConnectionError";
    } catch (const OSError&) {
        return "OSError";
    } catch (const ValueError&) {
        return "ValueError";
    } catch (const RuntimeError&) {
        return "RuntimeError";
    } catch (...) {
        return "another error";
    }
}

class Scripted : public Protocol {
public:
    explicit Scripted(const Lines& words)
        : keeps_(words[2] == "keeps"), raising_(words[3]), number_(std::stoi(words[4])) {}

    void connection_made(Transport&) override { called("made", "made"); }
    void data_received(Bytes data) override {
        if (data.view() != pattern(received_, data.size())) calls_.emplace_back("wrong bytes");
        received_ += data.size();
        std::size_t before = 0;
        if (!calls_.empty() && calls_.back().starts_with("data ")) {
            before = std::stoul(calls_.back().substr(5));
            calls_.pop_back();
        }
        called("data", raising_ == "data" ? "data" : "data " + std::to_string(before + data.size()));
    }
    bool eof_received() override {
        called("eof", "eof");
        return keeps_;
    }
    void pause_writing() override { called("pause", "pause"); }
    void resume_writing() override { called("resume", "resume"); }
    void connection_lost(std::exception_ptr error) override {
        is_lost_ = true;
        is_cut_short = is_cut_short || error;
        called("lost", "lost " + name_of(error));
    }

    bool is_cut_short = false;  // how much of what was written the kernel has taken is open

    bool is_lost() const noexcept { return is_lost_; }
    std::string take_calls() { return joined(std::exchange(calls_, {}), ", "); }

private:
    void called(std::string_view hook, std::string text) {
        calls_.push_back(std::move(text));
        if (hook == raising_ && --number_ == 0) throw ValueError(std::string(hook));
    }

    Lines calls_;
    std::size_t received_ = 0;
    bool is_lost_ = false;
    bool keeps_;
    std::string raising_;
    int number_;
};

struct Ends {
    Socket peer;  // does not wait
    Socket ours;
};

/// With buffers that do not grow.
Ends make_ends(const std::string& wire) {
    std::optional<Ends> ends;
    if (wire == "unix") {
        auto [a, b] = socket::socketpair();
        ends.emplace(std::move(a), std::move(b));
    } else {
        Socket listener(AF_INET, SOCK_STREAM), peer(AF_INET, SOCK_STREAM);
        listener.bind(loopback_port);
        listener.listen();
        peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 14);
        peer.connect(listener.getsockname());
        ends.emplace(std::move(peer), std::move(listener.accept().socket));
        for (Socket* end : {&ends->peer, &ends->ours}) end->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    }
    for (Socket* end : {&ends->peer, &ends->ours}) {
        end->setblocking(false);
        end->setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 14);
    }
    return std::move(*ends);
}

class Player {
public:
    Player(const Lines& words, socket::SocketPair* trips)
        : trips_(trips), ends_(make_ends(words[1])), protocol_(std::make_shared<Scripted>(words)) {}

    Task<> begin() {
        auto factory = [this] { return protocol_; };
        auto connecting = connect_accepted_socket(std::ref(factory), std::move(ends_.ours));
        auto connection = co_await std::move(connecting);
        transport_ = connection.transport;
        fileno_ = transport_->fileno();
        co_await trip();
    }

    Task<> step(Lines words) {
        std::string said;
        bool of_the_peer = words[0][0] == 'p' && words[0] != "pause_reading";
        try {
            if (of_the_peer ? end_ != "closed" : !protocol_->is_lost()) {  // CPython's know their loop no more
                if (words[0] == "pread")
                    co_await read_all();
                else
                    perform(words);
            }
        } catch (const std::exception&) {
            // The peer may find ours open for a while yet, to part politely.
            if (!of_the_peer) said = " raised " + name_of(std::current_exception());
        }
        co_await trip();
        tell(said);
    }

    Task<> finish() {
        if (end_ != "closed") ends_.peer.close();
        transport_->abort();
        co_await trip();
        tell();
        auto end = std::chrono::steady_clock::now() + 10s;
        while (!protocol_->is_lost() && std::chrono::steady_clock::now() < end) co_await sleep(0s);
        if (!protocol_->is_lost()) told.push_back("never lost");
    }

    void tell(const std::string& said = "") {
        std::string state = transport_->is_closing() ? "closing " : "";
        if (transport_->is_reading()) state += "reading";
        // CPython's reset where it closes on unread input may overtake what it has written; ours does not.
        bool is_whole = end_ == "ended" && !protocol_->is_cut_short;
        EXPECT_TRUE(!is_whole || got_ == written_) << got_ << " of " << written_;
        std::string got = protocol_->is_cut_short || has_ended_ ? "some" : std::to_string(got_);
        told.push_back(protocol_->take_calls() + " | " + state + " | " + got + " " + end_ + said);
    }

    Lines told;

private:
    static constexpr int round_trips = 4;

    /// What has happened before is seen before this returns.
    Task<> trip(int count = round_trips) {
        for (int i = 0; i < count; ++i) {
            trips_->second.send("x");
            co_await readable(trips_->first.fileno());
            (void)trips_->first.recv(1);
        }
    }

    void perform(const Lines& words) {
        const std::string& verb = words[0];
        std::vector<std::size_t> numbers;
        for (std::size_t i = 1; i < words.size(); ++i) numbers.push_back(std::stoul(words[i]));
        if (verb == "psend") {
            ends_.peer.send(pattern(sent_, numbers[0]));
            sent_ += numbers[0];
        } else if (verb == "peof") {
            ends_.peer.shutdown(SHUT_WR);
        } else if (verb == "preset" || verb == "pclose") {
            ::linger at_once{.l_onoff = 1, .l_linger = 0};
            if (verb == "preset")
                ends_.peer.setsockopt(SOL_SOCKET, SO_LINGER, Bytes(std::as_bytes(std::span(&at_once, 1))));
            ends_.peer.close();
            end_ = "closed";
        } else if (verb == "write") {
            transport_->write(pattern(written_, numbers[0]));
            if (!protocol_->is_lost()) written_ += numbers[0];
        } else if (verb == "limits") {
            std::optional<std::size_t> high, low;
            if (!numbers.empty()) high = numbers[0];
            if (numbers.size() > 1) low = numbers[1];
            transport_->set_write_buffer_limits(high, low);
        } else if (verb == "write_eof") {
            transport_->write_eof();
        } else if (verb == "close") {
            transport_->close();
        } else if (verb == "abort") {
            if (transport_->get_write_buffer_size() > 0) protocol_->is_cut_short = true;
            transport_->abort();
        } else if (verb == "pause_reading") {
            transport_->pause_reading();
        } else if (verb == "resume_reading") {
            transport_->resume_reading();
        } else {
            FAIL() << verb;
        }
    }

    /// What there is, to the end: whether there was anything.
    bool read_now() {
        bool any_came = false;
        std::string memory(1 << 16, '\0');
        while (end_ == "open") {
            ssize_t size = ::recv(ends_.peer.fileno(), memory.data(), memory.size(), 0);
            if (size < 0 && errno == EAGAIN) break;
            if (size <= 0) {
                has_ended_ = true;
                end_ = "ended";  // or was reset: that depends on whether the kernel still had something to be read
                break;
            }
            std::string_view data(memory.data(), static_cast<std::size_t>(size));
            if (data != pattern(got_, data.size())) end_ = "wrong bytes";
            got_ += data.size();
            any_came = true;
        }
        return any_came;
    }

    bool is_on_its_way() const {
        if (protocol_->is_lost()) return end_ == "open";
        int unsent = 0;
        EXPECT_EQ(::ioctl(fileno_, TIOCOUTQ, &unsent), 0);
        return transport_->get_write_buffer_size() > 0 || unsent > 0;
    }

    Task<> read_all() {
        int quiet = 0;
        auto end = std::chrono::steady_clock::now() + 10s;  // the kernel may keep an acknowledgement for 40 ms
        while (std::chrono::steady_clock::now() < end) {
            bool any_came = read_now();
            quiet = any_came || is_on_its_way() ? 0 : quiet + 1;
            if (quiet == 2 || end_ != "open") co_return;
            co_await trip(1);
        }
        end_ = "never quiet";
    }

    socket::SocketPair* trips_;
    Ends ends_;
    std::shared_ptr<Scripted> protocol_;
    std::shared_ptr<Transport> transport_;
    int fileno_ = -1;
    std::size_t sent_ = 0, written_ = 0, got_ = 0;
    std::string end_ = "open";
    bool has_ended_ = false;
};

Task<Lines> play(const Lines* script, socket::SocketPair* trips) {
    get_running_loop().set_exception_handler([](void*, std::exception_ptr, std::string_view) {});
    Player player(words_of(script->front()), trips);
    co_await player.begin();
    player.tell();
    for (std::size_t i = 1; i < script->size(); ++i) co_await player.step(words_of((*script)[i]));
    co_await player.finish();
    co_return std::move(player.told);
}

// ---- Comparing. --------------------------------------------------------------------------------------------------------

struct ProtocolDifferentialTest : OnEveryEngine {};

/// What is heard of a peer that has reset while something waited to be sent: the error, always; before it what the kernel
/// says. Here the write itself finds it, which tries again where a part was taken; in CPython the turn after it does, and so
/// after pause_writing(). A send of io_uring's that has moved a part keeps the error to itself, and input then just ends.
std::string without_prelude_of_a_reset(std::string line) {
    constexpr std::string_view end = "lost ConnectionError";
    for (std::string_view prelude : {"pause, ", "eof, "}) {
        auto at = line.find(std::string(prelude) + std::string(end));
        if (at != std::string::npos) line.erase(at, prelude.size());
    }
    return line;
}

TEST_P(ProtocolDifferentialTest, each_step_calls_what_cpython_calls) {
    constexpr unsigned scripts = 300;
    testing::TemporaryFolder folder;
    std::string path = folder.path("scripts");
    std::vector<Lines> all;
    std::ofstream file(path);
    for (unsigned seed = 1; seed <= scripts; ++seed) {
        all.push_back(Writer(seed).script());
        file << joined(all.back(), "\n") << '\n';
    }
    file.close();
    auto expected = testing::oracle("tests/asyncio/protocol_oracle.py", {path});
    auto trips = socket::socketpair();
    std::size_t line = 0;
    for (auto& script : all) {
        Lines told = run(play(&script, &trips));
        ASSERT_EQ(told.size(), script.size() + 1);
        ASSERT_LE(line + told.size(), expected.size());
        for (std::size_t step = 0; step < told.size(); ++step)
            ASSERT_EQ(without_prelude_of_a_reset(told[step]), without_prelude_of_a_reset(expected[line + step]))
                << "after step " << step << " of\n"
                << joined(script, "\n") << "\ntold\n"
                << joined(told, "\n");
        line += told.size();
    }
    EXPECT_EQ(line, expected.size());
}

BIGHT_ON_KERNEL_ENGINES(ProtocolDifferentialTest);

}  // namespace
}  // namespace bight::asyncio
