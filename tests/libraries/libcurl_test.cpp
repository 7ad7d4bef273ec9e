// SPDX-License-Identifier: BSL-1.0
// Another library's sockets on our loop: libcurl's multi interface, which says what it waits for and is told when that is
// ready, against a real server. Others that work so (libpq, hiredis, c-ares) are bound in the same way.

#include "asyncio/engines.h"

#include <curl/curl.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

/// libcurl's transfers, driven by the loop.
class CurlLoop {
public:
    CurlLoop() : multi_(curl_multi_init()) {
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &watch);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &set_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    }
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;
    ~CurlLoop() {
        if (timer_) timer_->cancel();
        curl_multi_cleanup(multi_);
    }

    /// Fetches a page. Cancelled, the transfer is taken back.
    Task<std::string> fetch(std::string url) {
        Transfer transfer(url);
        CURL* easy = transfer.easy;
        transfers_[easy] = &transfer;
        curl_multi_add_handle(multi_, easy);
        std::exception_ptr cancelled;
        try {
            co_await transfer.ended.wait();
        } catch (const Cancelled&) {
            cancelled = std::current_exception();
        }
        curl_multi_remove_handle(multi_, easy);
        transfers_.erase(easy);
        if (cancelled) std::rethrow_exception(cancelled);
        if (transfer.code != CURLE_OK) throw RuntimeError(curl_easy_strerror(transfer.code));
        co_return std::move(transfer.page);
    }

private:
    struct Transfer {
        explicit Transfer(const std::string& url) : easy(curl_easy_init()) {
            curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
            curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
            curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &write);
            curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
        }
        Transfer(const Transfer&) = delete;
        Transfer& operator=(const Transfer&) = delete;
        ~Transfer() { curl_easy_cleanup(easy); }

        static std::size_t write(char* data, std::size_t size, std::size_t count, void* transfer) {
            static_cast<Transfer*>(transfer)->page.append(data, size * count);
            return size * count;
        }

        CURL* easy;
        std::string page;
        CURLcode code = CURLE_OK;
        Event ended;
    };

    static int watch(CURL*, curl_socket_t fd, int what, void* self, void*) {
        auto& curl = *static_cast<CurlLoop*>(self);
        auto& loop = get_running_loop();
        if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
            loop.add_reader(fd, [&curl, fd] { curl.act(fd, CURL_CSELECT_IN); });
        else
            loop.remove_reader(fd);
        if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
            loop.add_writer(fd, [&curl, fd] { curl.act(fd, CURL_CSELECT_OUT); });
        else
            loop.remove_writer(fd);
        return 0;
    }

    static int set_timer(CURLM*, long milliseconds, void* self) {
        auto& curl = *static_cast<CurlLoop*>(self);
        if (curl.timer_) curl.timer_->cancel();
        curl.timer_.reset();
        if (milliseconds < 0) return 0;
        curl.timer_.emplace(get_running_loop().call_later(std::chrono::milliseconds(milliseconds),
                                                          [&curl] { curl.act(CURL_SOCKET_TIMEOUT, 0); }));
        return 0;
    }

    void act(curl_socket_t fd, int events) {
        int running = 0;
        curl_multi_socket_action(multi_, fd, events, &running);
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            Transfer& transfer = *transfers_.at(message->easy_handle);
            transfer.code = message->data.result;
            transfer.ended.set();
        }
    }

    CURLM* multi_;
    std::map<CURL*, Transfer*> transfers_;
    std::optional<TimerHandle> timer_;
};

/// CPython's server of this folder, a child of the loop's.
struct HttpServer {
    Process process;
    std::string url;
};

Task<HttpServer> start_http_server() {
    std::vector<std::string> command{"/usr/bin/python3.11", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"};
    auto process = create_subprocess_exec(
        command, {.stdout = subprocess::PIPE, .stderr = subprocess::DEVNULL, .cwd = "tests/libraries"});
    auto line =
        co_await process.stdout.readline();  // "Serving HTTP on 127.0.0.1 port 40001 (http://127.0.0.1:40001/) ..."
    std::string text(line.view());
    auto begin = text.find("(http://") + 1;
    co_return HttpServer{std::move(process), text.substr(begin, text.find(')') - begin)};
}

struct LibcurlTest : OnEveryEngine {};

TEST_P(LibcurlTest, fetches_many_pages_at_once) {
    auto talk = []() -> Task<> {
        auto server = co_await start_http_server();
        CurlLoop curl;
        {
            TaskGroup group;
            std::vector<TaskHandle<std::string>> pages;
            auto fetch = [](CurlLoop* with, std::string url) { return with->fetch(std::move(url)); };
            for (int i = 0; i < 20; ++i) pages.push_back(group.spawn(fetch, &curl, server.url + "libcurl_test.cpp"));
            co_await group.join();
            for (auto& page : pages) EXPECT_NE(page.result().find("fetches_many_pages_at_once"), std::string::npos);
        }
        server.process.kill();
        co_await server.process.wait();
    };
    run(talk());
}

TEST_P(LibcurlTest, errors_and_cancellations_come_back) {
    auto talk = []() -> Task<> {
        auto server = start_server(any_port, [](Stream client) -> Task<> {  // accepts, and says nothing
            while (auto data = co_await client.read()) {}
        });
        std::string silent = "http://" + server.addresses().front().to_string() + "/";
        Socket bound;
        bound.bind(Address::ip("127.0.0.1", 0));
        std::string nobody = "http://" + bound.getsockname().to_string() + "/";
        CurlLoop curl;
        try {
            co_await curl.fetch(nobody);
            ADD_FAILURE();
        } catch (const RuntimeError&) {}
        try {
            co_await wait_for(curl.fetch(silent), 50ms);
            ADD_FAILURE();
        } catch (const TimeoutError&) {}
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(LibcurlTest);

}  // namespace
}  // namespace bight::asyncio
