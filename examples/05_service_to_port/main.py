# SPDX-License-Identifier: BSL-1.0
# The port of a service by its name, which for many is how a URL begins. The protocol may be left out.

import socket
from urllib.parse import urlsplit

for url in ["http://example.org/", "https://example.org/", "ftp://files.example.org/", "gopher://old.example.org/",
            "smtp://mail.example.org/", "imap://mail.example.org/", "imaps://mail.example.org/",
            "pop3://mail.example.org/", "pop3s://mail.example.org/", "sealing-wax://example.org/"]:
    scheme = urlsplit(url).scheme
    try:
        print(scheme, "is port", socket.getservbyname(scheme))
    except OSError as error:
        print(f"{scheme}: {error}")
print("telnet over tcp is port", socket.getservbyname("telnet", "tcp"))
