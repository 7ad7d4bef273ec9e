// SPDX-License-Identifier: BSL-1.0
// The port of a service by its name, which for many is how a URL begins. The protocol may be left out.

#include <bight/netdb.h>

#include <iostream>
#include <string_view>

using namespace bight;

int main() {
    for (std::string_view url :
         {"http://example.org/", "https://example.org/", "ftp://files.example.org/", "gopher://old.example.org/",
          "smtp://mail.example.org/", "imap://mail.example.org/", "imaps://mail.example.org/",
          "pop3://mail.example.org/", "pop3s://mail.example.org/", "sealing-wax://example.org/"}) {
        auto scheme = url.substr(0, url.find(':'));
        try {
            int port = socket::getservbyname(scheme);
            std::cout << scheme << " is port " << port << '\n';
        } catch (const OSError& error) {
            std::cout << scheme << ": " << error.what() << '\n';
        }
    }
    std::cout << "telnet over tcp is port " << socket::getservbyname("telnet", "tcp") << '\n';
}
