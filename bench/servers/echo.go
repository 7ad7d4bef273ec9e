// SPDX-License-Identifier: BSL-1.0
// A goroutine for each connection, on the cores that the process may use. echo FD serves on an inherited listener.
package main

import (
	"log"
	"net"
	"os"
	"strconv"
)

func echo(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 64<<10)
	for {
		size, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:size]); err != nil {
			return
		}
	}
}

func main() {
	fd, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.FileListener(os.NewFile(uintptr(fd), "listener"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(connection)
	}
}
