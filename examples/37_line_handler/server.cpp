// SPDX-License-Identifier: BSL-1.0
// Answers one line: "time" with the time, anything else in capitals. The handler has a file to read and a file to
// write, be it a connection or a datagram, so one class does for both. One client at a time.

#include <bight/bight.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <iostream>
#include <string>

using namespace bight;

std::string answer_to(std::string_view line) {
    std::string text(line.substr(0, line.find_last_not_of("\r\n") + 1));
    if (text == "time") {
        const auto now = std::time(nullptr);
        return std::string(std::ctime(&now), 24);  // without its newline
    }
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

template <class RequestHandler>
struct Answer : RequestHandler {
    void handle() override {
        std::cout << "asked by " << this->client_address << std::endl;
        this->wfile.write(answer_to(this->rfile.readline().view()) + "\r\n");
    }
};

template <class Server>
void serve(int port) {
    Server server({"127.0.0.1", port}, {.allow_reuse_address = true});
    std::cout << "listening on " << server.server_address() << std::endl;
    server.serve_forever();
}

int main(int argc, char** argv) {
    const int port = argc > 1 ? std::stoi(argv[1]) : 0;
    if (argc > 2 && argv[2] == std::string_view("udp"))
        serve<socketserver::UDPServer<Answer<socketserver::DatagramRequestHandler>>>(port);
    else
        serve<socketserver::TCPServer<Answer<socketserver::StreamRequestHandler>>>(port);
}
