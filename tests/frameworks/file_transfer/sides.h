// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_transfer.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "values/file_transfer/frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace bight::file_transfer {

using namespace std::chrono_literals;
using testing::TemporaryFolder;

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// The names in a folder, in order.
inline std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

/// Bytes that do not repeat.
inline std::string noise(std::size_t size, unsigned seed = 1) {
    std::mt19937_64 numbers(seed);
    std::string bytes;
    while (bytes.size() < size) {
        auto number = numbers();
        bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    bytes.resize(size);
    return bytes;
}

/// A receiver in a thread of its own, and the other end of its connection.
class Receiving {
public:
    explicit Receiving(const Inbox& inbox) : pair_(socket::socketpair()), thread_([this, &inbox] { run(inbox); }) {
        pair_.first.settimeout(20s);
    }
    ~Receiving() {
        if (thread_.joinable()) end();
    }

    Socket& peer() { return pair_.first; }

    /// Says that nothing more will come, and waits for the receiver.
    Receiving& end() {
        try {
            pair_.first.shutdown(SHUT_WR);
        } catch (const OSError&) {}
        thread_.join();
        return *this;
    }

    std::vector<Transfer> transfers;
    std::exception_ptr error;

private:
    void run(const Inbox& inbox) {
        try {
            Receiver receiver(pair_.second, inbox);
            while (auto transfer = receiver.receive()) transfers.push_back(std::move(*transfer));
        } catch (...) {
            error = std::current_exception();
        }
        pair_.second.close();
    }

    socket::SocketPair pair_;
    std::thread thread_;
};

/// A sender that says what it is told to, and reads frames.
class RawSender {
public:
    explicit RawSender(Socket& connection) : connection_(connection) { connection_.sendall(greeting); }

    RawSender& say(const Frame& frame) { return send(encode(frame)); }
    RawSender& send(Bytes bytes) {
        connection_.sendall(bytes);
        return *this;
    }

    /// The next frame; none at the end.
    std::optional<Frame> hear() {
        while (true) {
            Bytes input(unread_);
            auto frame = reader_.read(input);
            unread_.erase(0, unread_.size() - input.size());
            if (!frame) throw std::runtime_error("the receiver sent no frame");
            if (*frame) return std::move(*frame);
            auto data = connection_.recv(4096);
            if (!data) return std::nullopt;
            unread_ += data.view();
        }
    }

    template <class Kind>
    Kind hear() {
        auto frame = hear();
        if (!frame || !std::holds_alternative<Kind>(*frame)) throw std::runtime_error("another frame was expected");
        return std::get<Kind>(*frame);
    }

private:
    Socket& connection_;
    FrameReader reader_{FrameReader::From::receiver};
    std::string unread_;
};

/// A root for an inbox, and files to send beside it.
struct Folders {
    Folders() { std::filesystem::create_directory(root()); }
    std::string root() const { return folder.path("root"); }
    std::string in(const std::string& name) const { return root() + '/' + name; }
    std::string source(const std::string& name, std::string_view content) const {
        write_file(folder.path(name), content);
        return folder.path(name);
    }

    TemporaryFolder folder;
};

template <class Error>
bool is(const std::exception_ptr& error) {
    if (!error) return false;
    try {
        std::rethrow_exception(error);
    } catch (const Error&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace bight::file_transfer
