// SPDX-License-Identifier: BSL-1.0
#include "sys/netdb.h"

#include "sys/checked.h"
#include "sys/sockaddr.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

namespace bight::sys {
namespace {

int injected(Call call) noexcept {
    if constexpr (seam::built) return seam::consult(call).errnum;
    return 0;
}

/// Makes a call of the _r kind with more and more room, as long as it asks for more. `function` returns the errno.
template <class Function>
int with_room(std::vector<char>& room, Function function) {
    room.resize(1024);
    while (true) {
        int errnum = function(room.data(), room.size());
        if (errnum != ERANGE) return errnum;
        room.resize(room.size() * 2);
    }
}

std::vector<std::string> texts_of(char** list) {
    std::vector<std::string> texts;
    for (; list && *list; ++list) texts.emplace_back(*list);
    return texts;
}

HostRecord record_of(const hostent& host) {
    HostRecord record{host.h_name ? host.h_name : "", texts_of(host.h_aliases), host.h_addrtype, {}};
    std::array<char, INET6_ADDRSTRLEN> text{};
    for (char** address = host.h_addr_list; address && *address; ++address)
        if (::inet_ntop(host.h_addrtype, *address, text.data(), text.size()))
            record.addresses.emplace_back(text.data());
    return record;
}

/// Asks for a host: `function` is given the room for it and returns the errno.
template <class Function>
std::expected<HostRecord, HostFailure> ask_for_host(Call call, Function function) {
    if (int errnum = injected(call); errnum != 0) return std::unexpected(HostFailure{NETDB_INTERNAL, errnum});
    std::vector<char> room;
    hostent host{};
    hostent* found = nullptr;
    int code = 0;
    int errnum = with_room(
        room, [&](char* memory, std::size_t size) { return function(&host, memory, size, &found, &code); });
    if (found) return record_of(*found);
    if (code == NETDB_INTERNAL) return std::unexpected(HostFailure{code, errnum != 0 ? errnum : errno});
    return std::unexpected(HostFailure{code, 0});
}

/// As ask_for_host(), for entries of files; `get` takes from the entry what is wanted.
template <class Entry, class Function, class Get>
auto ask_for_entry(Call call, Function function, Get get) -> Result<decltype(get(std::declval<Entry&>()))> {
    if (int errnum = injected(call); errnum != 0) return failed(errnum);
    std::vector<char> room;
    Entry entry{};
    Entry* found = nullptr;
    int errnum = with_room(room,
                           [&](char* memory, std::size_t size) { return function(&entry, memory, size, &found); });
    if (found) return get(*found);
    return failed(errnum != 0 ? errnum : ENOENT);
}

}  // namespace

// ---- Hosts. ------------------------------------------------------------------------------------------------------------

Result<std::string> gethostname() {
    std::array<char, 256> name{};  // Linux' longest has 64
    auto asked = checked_void(Call::gethostname, [&] { return ::gethostname(name.data(), name.size() - 1); });
    if (!asked) return std::unexpected(asked.error());
    return std::string(name.data());
}

Result<void> sethostname(const std::string& name) noexcept {
    return checked_void(Call::sethostname, [&] { return ::sethostname(name.data(), name.size()); });
}

std::expected<HostRecord, HostFailure> host_by_name(const char* name, Family family) {
    return ask_for_host(Call::gethostbyname,
                        [=](hostent* host, char* room, std::size_t size, hostent** found, int* code) {
                            return ::gethostbyname2_r(name, family.value, host, room, size, found, code);
                        });
}

std::expected<HostRecord, HostFailure> host_by_address(const Address& address) {
    in_addr v4{};
    in6_addr v6{};
    bool is_v4 = address.family() == Family::inet;
    if (is_v4)
        std::memcpy(&v4, address.sockaddr().data() + offsetof(sockaddr_in, sin_addr), sizeof v4);
    else
        std::memcpy(&v6, address.sockaddr().data() + offsetof(sockaddr_in6, sin6_addr), sizeof v6);
    const void* packed = is_v4 ? static_cast<const void*>(&v4) : &v6;
    socklen_t length = is_v4 ? sizeof v4 : sizeof v6;
    int family = address.family().value;
    return ask_for_host(Call::gethostbyaddr,
                        [=](hostent* host, char* room, std::size_t size, hostent** found, int* code) {
                            return ::gethostbyaddr_r(packed, length, family, host, room, size, found, code);
                        });
}

// ---- Services and protocols. -------------------------------------------------------------------------------------------

Result<int> service_port(const char* name, const char* protocol) {
    return ask_for_entry<servent>(
        Call::getservbyname,
        [=](servent* entry, char* room, std::size_t size, servent** found) {
            return ::getservbyname_r(name, protocol, entry, room, size, found);
        },
        [](const servent& entry) { return int{ntohs(static_cast<std::uint16_t>(entry.s_port))}; });
}

Result<std::string> service_name(int port, const char* protocol) {
    int in_network_order = htons(static_cast<std::uint16_t>(port));
    return ask_for_entry<servent>(
        Call::getservbyport,
        [=](servent* entry, char* room, std::size_t size, servent** found) {
            return ::getservbyport_r(in_network_order, protocol, entry, room, size, found);
        },
        [](const servent& entry) { return std::string(entry.s_name); });
}

Result<int> protocol_number(const char* name) {
    return ask_for_entry<protoent>(
        Call::getprotobyname,
        [=](protoent* entry, char* room, std::size_t size, protoent** found) {
            return ::getprotobyname_r(name, entry, room, size, found);
        },
        [](const protoent& entry) { return entry.p_proto; });
}

// ---- From an address to text. ------------------------------------------------------------------------------------------

std::expected<NamePair, ResolveError> name_info(const Address& address, int flags) {
    if (int errnum = injected(Call::getnameinfo); errnum != 0) return std::unexpected(ResolveError{EAI_SYSTEM, errnum});
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    int code = ::getnameinfo(sockaddr_of(address), size_of(address), host.data(), host.size(), service.data(),
                             service.size(), flags);
    if (code != 0) return std::unexpected(ResolveError{code, code == EAI_SYSTEM ? errno : 0});
    return NamePair{host.data(), service.data()};
}

// ---- Interfaces. -------------------------------------------------------------------------------------------------------

Result<std::vector<std::pair<unsigned, std::string>>> interfaces() {
    if (int errnum = injected(Call::if_nameindex); errnum != 0) return failed(errnum);
    struct if_nameindex* first = ::if_nameindex();
    if (!first) return failed(errno);
    std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> owner(first, ::if_freenameindex);
    std::vector<std::pair<unsigned, std::string>> found;
    for (auto* entry = first; entry->if_index != 0; ++entry) found.emplace_back(entry->if_index, entry->if_name);
    return found;
}

Result<unsigned> interface_index(const char* name) noexcept {
    if (int errnum = injected(Call::if_nametoindex); errnum != 0) return failed(errnum);
    unsigned index = ::if_nametoindex(name);
    if (index == 0) return failed(errno);
    return index;
}

Result<std::string> interface_name(unsigned index) {
    if (int errnum = injected(Call::if_indextoname); errnum != 0) return failed(errnum);
    std::array<char, IF_NAMESIZE> name{};
    if (!::if_indextoname(index, name.data())) return failed(errno);
    return std::string(name.data());
}

std::optional<std::array<std::byte, 4>> loose_ipv4(const char* text) noexcept {
    in_addr parsed{};
    if (::inet_aton(text, &parsed) == 0) return std::nullopt;
    std::array<std::byte, 4> packed{};
    std::memcpy(packed.data(), &parsed, packed.size());
    return packed;
}

}  // namespace bight::sys
