// SPDX-License-Identifier: BSL-1.0
// Random sequences of registering, changing, removing, closing, taking the number again and waiting: what CPython's
// select and selectors accept, refuse and report, ours do.

#include <bight/selectors.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using selectors::Method;

constexpr int first = 100, slots = 8;  // the same numbers here and there

// ---- The plan. ---------------------------------------------------------------------------------------------------------

class Planner {
public:
    explicit Planner(unsigned seed) : random_(seed) {}

    std::vector<std::string> sequence(const std::string& waiter, int steps) {
        std::vector<std::string> plan{"new " + waiter};
        for (int i = 0; i < 3; ++i) plan.push_back(pair());
        while (static_cast<int>(plan.size()) < steps) plan.push_back(step(waiter));
        return plan;
    }

private:
    int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
    std::string fd() { return std::to_string(below(40) == 0 ? -1 : first + below(slots)); }
    std::string open_fd() { return std::to_string(first + below(slots)); }
    std::string pair() {
        int one = below(slots), other = (one + 1 + below(slots - 1)) % slots;
        return std::string("pair ") + (below(2) ? "pipe " : "socketpair ") + std::to_string(first + one) + ' ' +
               std::to_string(first + other);
    }

    std::string list() {
        std::string numbers;
        for (int left = below(5); left > 0; --left) numbers += std::to_string(first + below(slots)) + ',';
        return numbers;
    }

    std::string events(const std::string& waiter, bool adds) {
        static constexpr std::array poll{0, 1, 2, 3, 4, 5, 7, 0x2000, 0x2001, 0xffff, 0x10000, -1};
        static constexpr std::array<long, 9> epoll{0, 1, 4, 5, 7, 0x2001, 0x40000001, 0x80000005, 0x10000001};
        if (waiter == "poll") return std::to_string(poll[static_cast<std::size_t>(below(poll.size()))]);
        if (waiter == "epoll") return std::to_string(epoll[static_cast<std::size_t>(below(epoll.size()))]);
        return std::to_string(adds && below(20) == 0 ? below(2) * 4 : 1 + below(3));
    }

    std::string step(const std::string& waiter) {
        int choice = below(20);
        if (choice < 2) return pair();
        if (choice < 4) return "close " + open_fd();
        if (choice < 6) return "write " + open_fd();
        if (choice < 8) return "read " + open_fd();
        if (waiter == "select") return "select " + list() + '/' + list() + '/' + list();
        if (choice < 12) return "add " + fd() + ' ' + events(waiter, true);
        if (choice < 14) return "modify " + fd() + ' ' + events(waiter, false);
        if (choice < 16) return "remove " + fd();
        if (choice < 17 && waiter.ends_with("Selector")) return "get " + fd();
        return "select";
    }

    std::mt19937 random_;
};

// ---- What plays it. ----------------------------------------------------------------------------------------------------

/// "104:1 106:3", in order of the descriptors.
std::string text_of(std::map<int, long> ready) {
    std::string text;
    for (auto& [fd, events] : ready)
        text += (text.empty() ? "" : " ") + std::to_string(fd) + ':' + std::to_string(events);
    return text;
}

struct Waiter {
    virtual ~Waiter() = default;
    virtual void add(int, long) {}
    virtual void modify(int, long) {}
    virtual void remove(int) {}
    virtual std::string get(int) { return {}; }
    virtual std::string select() { return {}; }
};

struct OfPoll : Waiter {
    void add(int fd, long events) override { poll.add(fd, static_cast<int>(events)); }
    void modify(int fd, long events) override { poll.modify(fd, static_cast<int>(events)); }
    void remove(int fd) override { poll.remove(fd); }
    std::string select() override {
        std::map<int, long> ready;
        for (auto [fd, events] : poll.poll(0s)) ready[fd] = events.value;
        return text_of(ready);
    }
    select::Poll poll;
};

struct OfEpoll : Waiter {
    void add(int fd, long events) override { epoll.add(fd, static_cast<std::uint32_t>(events)); }
    void modify(int fd, long events) override { epoll.modify(fd, static_cast<std::uint32_t>(events)); }
    void remove(int fd) override { epoll.remove(fd); }
    std::string select() override {
        std::map<int, long> ready;
        for (auto [fd, events] : epoll.poll(0s)) ready[fd] = events.value;
        return text_of(ready);
    }
    select::Epoll epoll;
};

struct OfSelector : Waiter {
    explicit OfSelector(Method method) : selector(method) {}
    void add(int fd, long events) override { selector.add(fd, static_cast<Ready>(events), fd); }
    void modify(int fd, long events) override { selector.modify(fd, static_cast<Ready>(events), fd); }
    void remove(int fd) override { selector.remove(fd); }
    std::string get(int fd) override {
        auto key = selector.get_key(fd);
        EXPECT_EQ(key->data, fd);
        return std::to_string(key->fd()) + ':' + std::to_string(static_cast<unsigned>(key->events())) + " of " +
               std::to_string(selector.get_map().size());
    }
    std::string select() override {
        std::map<int, long> ready;
        for (auto& [key, events] : selector.select(0s)) {
            EXPECT_EQ(key->data, key->fd());
            ready[key->fd()] = static_cast<long>(events);
        }
        return text_of(ready);
    }
    Selector<int> selector;
};

std::unique_ptr<Waiter> make_waiter(const std::string& name) {
    if (name == "poll") return std::make_unique<OfPoll>();
    if (name == "epoll") return std::make_unique<OfEpoll>();
    if (name == "PollSelector") return std::make_unique<OfSelector>(Method::poll);
    if (name == "SelectSelector") return std::make_unique<OfSelector>(Method::select);
    if (name == "EpollSelector") return std::make_unique<OfSelector>(Method::epoll);
    return std::make_unique<Waiter>();
}

std::string joined(const std::vector<int>& numbers) {
    std::string text;
    for (int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
    return text;
}

/// "100,101,/102,/": the three lists.
std::string select_lists(const std::string& words) {
    std::array<std::vector<FileLike>, 3> lists;
    std::istringstream in(words);
    std::string list, number;
    for (auto& files : lists) {
        std::getline(in, list, '/');
        std::istringstream numbers(std::exchange(list, {}));
        while (std::getline(numbers, number, ',')) files.emplace_back(std::stoi(number));
    }
    auto ready = select::select(lists[0], lists[1], lists[2], 0s);
    return joined(ready.readable) + '/' + joined(ready.writable) + '/' + joined(ready.exceptional);
}

int checked(int answer) {
    if (answer < 0) throw OSError(errno, "step");
    return answer;
}

void make_pair(const std::string& kind, int a, int b) {
    int ends[2];
    checked(kind == "pipe" ? ::pipe(ends) : ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    for (auto [end, number] : {std::pair{ends[0], a}, std::pair{ends[1], b}}) {
        checked(::dup3(end, number, O_CLOEXEC));
        ::close(end);
        checked(::fcntl(number, F_SETFL, O_NONBLOCK));
    }
}

class Player {
public:
    ~Player() { close_all(); }

    std::string play(const std::string& line) {
        std::istringstream words(line);
        std::string verb, word;
        words >> verb;
        if (verb == "new") {
            words >> word;
            close_all();
            waiter_ = make_waiter(word);
            return "new";
        }
        try {
            return answer(verb, words);
        } catch (const OSError& error) {
            return "OSError " + std::to_string(error.errnum());
        } catch (const KeyError&) {
            return "KeyError";
        } catch (const ValueError&) {
            return "ValueError";
        } catch (const OverflowError&) {
            return "OverflowError";
        }
    }

private:
    std::string answer(const std::string& verb, std::istringstream& words) {
        std::string kind;
        int fd = 0, other = 0;
        long events = 0;
        if (verb == "pair") {
            words >> kind >> fd >> other;
            make_pair(kind, fd, other);
            return "ok";
        }
        if (verb == "select") return words >> kind ? select_lists(kind) : waiter_->select();
        words >> fd >> events;
        if (verb == "close") ::close(fd);
        if (verb == "write") return std::to_string(checked(static_cast<int>(::write(fd, "x", 1))));
        if (char bytes[100]; verb == "read") return std::to_string(checked(static_cast<int>(::read(fd, bytes, 100))));
        if (verb == "get") return waiter_->get(fd);
        if (verb == "add") waiter_->add(fd, events);
        if (verb == "modify") waiter_->modify(fd, events);
        if (verb == "remove") waiter_->remove(fd);
        return "ok";
    }

    void close_all() {
        for (int fd = first; fd < first + slots; ++fd) ::close(fd);
    }

    std::unique_ptr<Waiter> waiter_ = make_waiter("");
};

// ---- Both. -------------------------------------------------------------------------------------------------------------

class Differential : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, Differential,
                         ::testing::Values("select", "poll", "epoll", "SelectSelector", "PollSelector",
                                           "EpollSelector"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(Differential, answers_as_cpython_to_500_random_sequences) {
    Planner planner(20260);
    std::vector<std::string> plan;
    for (int i = 0; i < 500; ++i) std::ranges::copy(planner.sequence(GetParam(), 60), std::back_inserter(plan));
    testing::TemporaryFolder folder;
    {
        std::ofstream file(folder.path("plan"));
        for (auto& line : plan) file << line << '\n';
    }
    auto expected = testing::oracle("tests/blocking/selectors_oracle.py", {folder.path("plan")});
    ASSERT_EQ(expected.size(), plan.size());
    for (int fd = first; fd < first + slots; ++fd) ASSERT_EQ(::fcntl(fd, F_GETFD), -1) << fd << " is taken";
    auto before = std::signal(SIGPIPE, SIG_IGN);
    Player player;
    std::map<std::string, int> kinds;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        if (plan[i].starts_with("new")) begin = i;
        auto got = player.play(plan[i]);
        ++kinds[got.substr(0, got.find(' '))];
        if (got == expected[i]) continue;
        for (std::size_t step = begin; step < i; ++step) std::cout << plan[step] << " -> " << expected[step] << '\n';
        FAIL() << "step " << i << ": " << plan[i] << ": " << got << " and not " << expected[i];
    }
    std::signal(SIGPIPE, before);
    EXPECT_GT(kinds["OSError"], 100);
    EXPECT_GT(kinds.size(), 10u);
}

}  // namespace
}  // namespace bight
