# SPDX-License-Identifier: BSL-1.0
# Flags of a single call: look without taking, send a byte ahead of the others, stay on the own network.

import os
import select
import socket
from socket import AF_INET, MSG_DONTROUTE, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, SOCK_DGRAM

with socket.create_server(("127.0.0.1", 0)) as listener:
    client = socket.create_connection(listener.getsockname())
    connection, peer = listener.accept()
    address = listener.getsockname()

with client, connection:
    client.sendall(b"Hello")
    print("peek:", connection.recv(1024, MSG_PEEK).decode())
    print("peek again:", connection.recv(1024, MSG_PEEK).decode())
    print("take:", connection.recv(1024).decode())
    try:
        connection.recv(1024, MSG_DONTWAIT)
        print("then: more")
    except BlockingIOError:
        print("then: nothing")

    client.sendall(b"slow")
    client.send(b"!", MSG_OOB)
    select.select([], [], [connection])  # urgent data is what select() calls exceptional
    print("urgent:", connection.recv(1, MSG_OOB).decode())
    print("the rest:", connection.recv(1024).decode())

    print("without routing:", client.send(b"near", MSG_DONTROUTE), "bytes,",
          len(connection.recv(1024, MSG_PEEK)), "came")

with socket.socket(AF_INET, SOCK_DGRAM) as datagrams:
    datagrams.connect(address)
    try:
        datagrams.send(b"!", MSG_OOB)
    except OSError as error:
        print("urgent datagrams:", os.strerror(error.errno))
