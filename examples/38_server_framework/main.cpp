// SPDX-License-Identifier: BSL-1.0
// socketserver as a framework: four kinds of servers, each with threads and with processes. Which hooks are called, in
// which order, by whom; a request that is refused, a handler that fails, and a server made for one protocol.

#include <bight/bight.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include <unistd.h>

using namespace bight;
using namespace std::chrono_literals;

// Hooks say their names here, from threads and child processes too.
auto [said, heard] = socket::socketpair(Family::unix_domain, Kind::datagram);
const auto main_thread = std::this_thread::get_id();
const auto main_process = ::getpid();

void say(std::string_view hook) {
    const bool here = std::this_thread::get_id() == main_thread && ::getpid() == main_process;
    said.send((here ? "here " : "there ") + std::string(hook));
}

/// What was said, in the order in which each side said it.
void print_hooks() {
    std::string here, there;
    heard.settimeout(0s);
    while (auto line = heard.try_recv(100)) {
        const auto blank = line->view().find(' ');
        (line->view().starts_with("here") ? here : there) += line->view().substr(blank);
    }
    std::cout << "  server: " << here << "\n  request:" << there << std::endl;
}

template <class Server>
struct Logged : Server {
    explicit Logged(const HostPort& where) : Server(where, {.bind_and_activate = false}) { this->bind_and_activate(); }
    explicit Logged(const Address& where) : Server(where, {.bind_and_activate = false}) { this->bind_and_activate(); }
    ~Logged() override { this->server_close(); }

    void server_bind() override { say("bind"), Server::server_bind(); }
    void server_activate() override { say("activate"), Server::server_activate(); }
    socketserver::Incoming get_request() override {
        say("get");
        return Server::get_request();
    }
    bool verify_request(socketserver::Request& request, const Address& client) override {
        say("verify");
        return Server::verify_request(request, client);
    }
    void process_request(socketserver::Request& request, const Address& client) override {
        say("process");
        Server::process_request(request, client);
    }
    void finish_request(socketserver::Request& request, const Address& client) override {
        say("finish_request");
        Server::finish_request(request, client);
    }
};

template <class RequestHandler>
struct Shout : RequestHandler {
    void setup() override { say("setup"), RequestHandler::setup(); }
    void handle() override {
        say("handle" + std::to_string(++times));  // a new handler for each request
        auto line = this->rfile.readline().to_string();
        std::ranges::transform(line, line.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        this->wfile.write(line);
    }
    void finish() override { say("finish"), RequestHandler::finish(); }
    int times = 0;
};
using ShoutStream = Shout<socketserver::StreamRequestHandler>;
using ShoutDatagram = Shout<socketserver::DatagramRequestHandler>;

const auto folder = std::filesystem::temp_directory_path() / ("bight-" + std::to_string(::getpid()));

/// Two requests, each of a client of its own, and each served by one call of handle_request().
template <class Server, class Where>
void serve(const char* name, Kind kind, const Where& where) {
    std::cout << name << std::endl;
    {
        Logged<Server> server(where);
        for (const std::string word : {"one", "two"}) {
            Socket client(server.server_address().family(), kind);
            if (kind == Kind::datagram && client.family() == Family::unix_domain)
                client.bind(Address::unix_path((folder / word).string()));
            client.connect(server.server_address());
            client.sendall(word + '\n');
            server.handle_request();
            const auto answer = client.recv(100);
            while (kind == Kind::stream && client.recv(100)) {}  // until its end: then the handler has finished
            std::cout << "  " << answer.view() << std::flush;
        }
        server.server_close();  // waits for the threads, or the processes
    }
    print_hooks();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
}

struct Picky : socketserver::TCPServer<ShoutStream> {
    using TCPServer::TCPServer;
    bool verify_request(socketserver::Request&, const Address&) override { return ++requests % 2 == 0; }
    int requests = 0;
};

struct Clumsy : socketserver::BaseRequestHandler {
    void handle() override {
        if (auto word = request.recv(100); word == "fail") throw ValueError("cannot do that");
        request.sendall("well");
    }
};

struct Patient : socketserver::TCPServer<Clumsy> {
    using TCPServer::TCPServer;
    void handle_error(socketserver::Request&, const Address&) override {
        try {
            throw;
        } catch (const std::exception& error) {
            std::cout << "  handle_error: " << error.what() << std::endl;
        }
    }
};

template <class Server>
void ask(Server& server, const std::string& question) {
    auto client = socket::create_connection(server.server_address());
    client.sendall(question);
    client.shutdown(SHUT_WR);
    server.handle_request();
    auto answer = client.makefile(socket::rb).read_all(1000);
    std::cout << "  answer: '" << answer << '\'' << std::endl;
}

struct MailHandler : socketserver::StreamRequestHandler {
    void handle() override {
        wfile.write("220 post.example\n");
        while (auto line = rfile.readline()) {
            const auto word = line.view().substr(0, 4);
            const std::string answer = word == "HELO"   ? "250 post.example"
                                       : word == "QUIT" ? "221 goodbye"
                                                        : "500 what?";
            wfile.write(answer + '\n');
            if (word == "QUIT") return;
        }
    }
};

/// At port 25 as such servers are, if it is given no other.
struct MailServer : socketserver::TCPServer<MailHandler> {
    explicit MailServer(const std::string& host, int port = 25) : TCPServer({host, port}) {}
};

int main() {
    using namespace socketserver;
    std::filesystem::create_directory(folder);
    const HostPort any("127.0.0.1", 0);
    const auto path = Address::unix_path((folder / "server").string());
    serve<ThreadingTCPServer<ShoutStream>>("TCP, threads", Kind::stream, any);
    serve<ForkingTCPServer<ShoutStream>>("TCP, processes", Kind::stream, any);
    serve<ThreadingUDPServer<ShoutDatagram>>("UDP, threads", Kind::datagram, any);
    serve<ForkingUDPServer<ShoutDatagram>>("UDP, processes", Kind::datagram, any);
    serve<ThreadingUnixStreamServer<ShoutStream>>("Unix streams, threads", Kind::stream, path);
    serve<ForkingUnixStreamServer<ShoutStream>>("Unix streams, processes", Kind::stream, path);
    serve<ThreadingUnixDatagramServer<ShoutDatagram>>("Unix datagrams, threads", Kind::datagram, path);
    serve<ForkingUnixDatagramServer<ShoutDatagram>>("Unix datagrams, processes", Kind::datagram, path);
    std::filesystem::remove_all(folder);

    std::cout << "every other request is refused, quietly" << std::endl;
    Picky picky(any);
    for (const char* word : {"one", "two"}) ask(picky, word);
    std::cout << "a handler that fails, and the next one" << std::endl;
    Patient patient(any);
    for (const char* word : {"fail", "go on"}) ask(patient, word);
    std::cout << "a mail server" << std::endl;
    MailServer mail("127.0.0.1", 0);
    ask(mail, "HELO desk\nNOOP\nQUIT\n");
}
