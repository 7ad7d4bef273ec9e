# SPDX-License-Identifier: BSL-1.0
# The methods of a socket that are used every day: as a server, as a client, sending and receiving, options, queries, ends.

import errno
import socket
from socket import AF_INET, SHUT_WR, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET


def listener():
    s = socket.socket(AF_INET, SOCK_STREAM)
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    print("setsockopt, getsockopt: address reuse is", "on" if s.getsockopt(SOL_SOCKET, SO_REUSEADDR) else "off")
    s.bind(("127.0.0.1", 0))
    s.listen(5)
    print("bind, listen: at %s:%d" % s.getsockname())
    return s


def streams():
    server = listener()
    client = socket.socket()
    client.connect(server.getsockname())
    connection, peer = server.accept()
    print("connect, accept: peer is", "the client" if peer == client.getsockname() else "somebody else")
    print("getsockname, getpeername:", "agree" if connection.getsockname() == client.getpeername() else "differ")

    print("send:", client.send(b"one piece"), "bytes")
    print("recv:", connection.recv(1024).decode())
    client.sendall(b"all pieces")
    memory = bytearray(1024)
    print("sendall, recv_into:", memory[:connection.recv_into(memory)].decode())

    file = connection.makefile("rb")
    client.sendall(b"a line\nand the rest")
    client.shutdown(SHUT_WR)
    print("makefile:", file.readline().decode(), end="")
    print("shutdown:", file.read().decode())

    address = server.getsockname()
    file.close()
    connection.close()
    server.close()
    late = socket.socket()
    error = late.connect_ex(address)
    print("close, fileno:", server.fileno())
    print("connect_ex:", "refused, and nothing raised" if error == errno.ECONNREFUSED else "something else")
    late.close()
    client.close()


def datagrams():
    one, other = socket.socket(AF_INET, SOCK_DGRAM), socket.socket(AF_INET, SOCK_DGRAM)
    one.bind(("127.0.0.1", 0))
    other.bind(("127.0.0.1", 0))
    print("sendto:", one.sendto(b"a datagram", other.getsockname()), "bytes")
    data, sender = other.recvfrom(1024)
    print("recvfrom:", data.decode(), "from", "the sender" if sender == one.getsockname() else "somebody else")
    other.setblocking(False)
    print("setblocking, gettimeout:", int(other.gettimeout()))
    other.settimeout(None)
    print("settimeout, getblocking:", "yes" if other.getblocking() else "no")
    taken = socket.socket(fileno=one.detach())
    print("detach, fileno:", f"{one.fileno()}; what it was still sends",
          taken.sendto(b"more", other.getsockname()), "bytes")
    taken.close()
    other.close()


streams()
datagrams()
