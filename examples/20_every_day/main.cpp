// SPDX-License-Identifier: BSL-1.0
// The methods of a socket that are used every day: as a server, as a client, sending and receiving, options, queries, ends.

#include <bight/socket.h>

#include <cerrno>
#include <cstddef>
#include <iostream>
#include <optional>

using namespace bight;

Socket listener() {
    Socket s(AF_INET, SOCK_STREAM);
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    std::cout << "setsockopt, getsockopt: address reuse is " << (s.getsockopt(SOL_SOCKET, SO_REUSEADDR) ? "on" : "off")
              << '\n';
    s.bind({"127.0.0.1", 0});
    s.listen(5);
    std::cout << "bind, listen: at " << s.getsockname() << '\n';
    return s;
}

void streams() {
    Socket server = listener();
    Socket client;
    client.connect(server.getsockname());
    auto [connection, peer] = server.accept();
    std::cout << "connect, accept: peer is " << (peer == client.getsockname() ? "the client" : "somebody else") << '\n'
              << "getsockname, getpeername: " << (connection.getsockname() == client.getpeername() ? "agree" : "differ")
              << '\n';

    std::cout << "send: " << client.send("one piece") << " bytes\n"
              << "recv: " << connection.recv(1024) << '\n';
    client.sendall("all pieces");
    std::cout << "sendall, recv_into: ";
    std::byte memory[1024];
    std::cout << Bytes(connection.recv_into(memory)) << '\n';

    auto file = connection.makefile(socket::rb);
    client.sendall("a line\nand the rest");
    client.shutdown(SHUT_WR);
    std::cout << "makefile: " << file.readline() << "shutdown: " << file.read_all() << '\n';

    const Address address = server.getsockname();
    connection.close();
    server.close();
    const int error = Socket().connect_ex(address);
    std::cout << "close, fileno: " << server.fileno() << '\n'
              << "connect_ex: " << (error == ECONNREFUSED ? "refused, and nothing raised" : "something else") << '\n';
}

void datagrams() {
    Socket one(AF_INET, SOCK_DGRAM), other(AF_INET, SOCK_DGRAM);
    one.bind({"127.0.0.1", 0});
    other.bind({"127.0.0.1", 0});
    std::cout << "sendto: " << one.sendto("a datagram", other.getsockname()) << " bytes\n";
    auto [data, sender] = other.recvfrom(1024);
    std::cout << "recvfrom: " << data << " from " << (sender == one.getsockname() ? "the sender" : "somebody else")
              << '\n';
    other.setblocking(false);
    std::cout << "setblocking, gettimeout: " << other.gettimeout()->count() << '\n';
    other.settimeout(std::nullopt);
    std::cout << "settimeout, getblocking: " << (other.getblocking() ? "yes" : "no") << '\n';
    Socket taken = Socket::adopt(one.detach());
    std::cout << "detach, fileno: " << one.fileno() << "; what it was still sends "
              << taken.sendto("more", other.getsockname()) << " bytes\n";
}

int main() {
    streams();
    datagrams();
}
