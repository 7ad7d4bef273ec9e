// SPDX-License-Identifier: BSL-1.0
// Many clients in one thread: select() says who can be read and who can be written. Each client has a queue of answers
// and is watched for writing only while something is in it, so that an idle server sleeps.

#include <bight/bight.h>

#include <deque>
#include <iostream>
#include <map>
#include <string>
#include <vector>

using namespace bight;

struct Client {
    Socket socket;
    Address peer;
    std::deque<std::string> answers{};
};

int main(int argc, char** argv) {
    auto listener = socket::create_server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    listener.setblocking(false);
    std::cout << "listening on " << listener.getsockname() << std::endl;
    std::map<int, Client> clients;
    auto leave = [&](int fd, const char* how) {
        std::cout << clients.at(fd).peer << how << std::endl;
        clients.erase(fd);
    };

    while (true) {
        std::vector<FileLike> readers{listener}, writers;
        for (auto& [fd, client] : clients) {
            readers.push_back(fd);
            if (!client.answers.empty()) writers.push_back(fd);
        }
        auto [readable, writable, exceptional] = select::select(readers, writers, readers);

        for (int fd : readable) {
            if (fd == listener.fileno()) {
                auto accepted = listener.try_accept();
                if (!accepted) continue;  // gone again before we came to it
                auto& [newcomer, peer] = *accepted;
                newcomer.setblocking(false);
                std::cout << "connected from " << peer << std::endl;
                const int number = newcomer.fileno();
                clients.emplace(number, Client{std::move(newcomer), peer});
                continue;
            }
            auto data = clients.at(fd).socket.try_recv(1024);
            if (data && *data) {
                std::cout << clients.at(fd).peer << " says: " << *data << std::endl;
                clients.at(fd).answers.push_back(data->to_string() + " (received)");
            } else {
                leave(fd, data ? " left" : " broke the connection");
            }
        }
        for (int fd : writable) {
            if (!clients.contains(fd)) continue;  // left a moment ago
            auto& [socket, peer, answers] = clients.at(fd);
            auto sent = socket.try_send(answers.front());
            if (!sent) {
                leave(fd, " broke the connection");
                continue;
            }
            answers.front().erase(0, *sent);
            if (answers.front().empty()) answers.pop_front();
            if (answers.empty()) std::cout << "nothing more for " << peer << std::endl;
        }
        for (int fd : exceptional)
            if (clients.contains(fd)) leave(fd, " sent urgent data");
    }
}
