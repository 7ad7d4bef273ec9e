// SPDX-License-Identifier: BSL-1.0
// Claim: a request that is read and answered allocates nothing. Client and server are tasks of one loop; what is counted
// is every operator new of the program, once things have settled.
#include <bight/asyncio.h>

#include "support/figures.h"

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {
long allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
    ++allocations;
    if (void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return memory;
    throw std::bad_alloc();
}
}  // namespace

// The others are made of these.
void* operator new(std::size_t size) { return counted(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using bight::Stream;
using bight::Task;
namespace asyncio = bight::asyncio;

constexpr long requests = 10'000;

Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}

Task<> ask(Stream& server, bight::Bytes request, long times) {
    for (long i = 0; i < times; ++i) {
        co_await server.write(request);
        for (std::size_t got = 0; got < request.size();) {
            auto data = co_await server.read();
            if (!data) throw std::runtime_error("the server has closed");
            got += data.size();
        }
    }
}

Task<double> for_each_request(std::size_t size) {
    auto server = asyncio::start_server(bight::HostPort("127.0.0.1", 0), echo);
    auto client = co_await asyncio::open_connection(bight::HostPort(server.addresses().front()));
    std::vector<std::byte> request(size);
    co_await ask(client, request, requests / 10);
    long before = allocations;
    co_await ask(client, request, requests);
    long made = allocations - before;
    co_await client.close();
    co_await server.stop(std::chrono::seconds(1));
    co_return static_cast<double>(made) / requests;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<bench::Figure> figures;
    for (std::size_t size : {std::size_t{64}, std::size_t{16384}})
        for (auto engine : {asyncio::EngineChoice::uring, asyncio::EngineChoice::epoll}) {
            auto name = engine == asyncio::EngineChoice::uring ? "uring" : "epoll";
            figures.push_back({"allocations, " + std::to_string(size) + " B, " + name, 0, "a request",
                               [=] { return asyncio::run(for_each_request(size), {.engine = engine}); }});
        }
    return bench::run_figures(argc, argv, figures);
}
