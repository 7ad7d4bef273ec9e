// SPDX-License-Identifier: BSL-1.0
// Names, against CPython's answers on the same machine.

#include <bight/error.h>
#include <bight/netdb.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <netdb.h>
#include <sched.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

namespace bight::socket {
namespace {

using testing::oracle;

constexpr const char* script = "tests/blocking/netdb_oracle.py";

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream text(line);
    for (std::string field; std::getline(text, field, '\t');) fields.push_back(field);
    if (line.ends_with('\t')) fields.emplace_back();
    return fields;
}

/// What it returns, or the class and number of what it raises, as the oracle writes it.
template <class Function>
std::string answer(Function function) {
    try {
        return function();
    } catch (const GaiError& error) {
        return "!gaierror " + std::to_string(error.errnum());
    } catch (const HError& error) {
        return "!herror " + std::to_string(error.errnum());
    } catch (const OSError& error) {
        return "!OSError " + std::to_string(error.errnum());
    } catch (const ValueError&) {
        return "!ValueError 0";
    } catch (const OverflowError&) {
        return "!OverflowError 0";
    }
}

int number(const std::string& text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::optional<std::string_view> unless_dash(const std::string& text) {
    return text == "-" ? std::nullopt : std::optional<std::string_view>(text);
}

/// Counts the lines that differ, and shows the first of them.
class Comparison {
public:
    void hold(const std::string& line, const std::string& expected, const std::string& got) {
        ++lines_;
        if (expected != got && ++different_ <= 5) ADD_FAILURE() << line << "\n  ours: " << got;
    }
    ~Comparison() { EXPECT_EQ(different_, 0) << "of " << lines_; }
    int lines() const { return lines_; }

private:
    int lines_ = 0;
    int different_ = 0;
};

// ---- Hosts. ------------------------------------------------------------------------------------------------------------

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (auto& text : texts) all += (all.empty() ? "" : ",") + text;
    return all;
}

std::string shown(const HostEntry& entry) {
    return entry.name + '|' + joined(entry.aliases) + '|' + joined(entry.addresses);
}

TEST(Hosts, are_those_of_cpython) {
    Comparison comparison;
    for (auto& line : oracle(script, {"hosts"})) {
        auto fields = fields_of(line);
        auto& what = fields.at(0);
        auto host = fields.at(1).substr(1);
        if (what == "interface")
            comparison.hold(line, fields.at(2), answer([&] { return if_indextoname(number(fields.at(1))); }));
        else if (what == "gethostname")
            comparison.hold(line, fields.at(1), gethostname());
        else
            comparison.hold(line, fields.at(2), answer([&] {
                                if (what == "gethostbyname") return gethostbyname(host);
                                if (what == "getfqdn") return getfqdn(host);
                                return shown(what == "gethostbyname_ex" ? gethostbyname_ex(host) : gethostbyaddr(host));
                            }));
    }
    EXPECT_GT(comparison.lines(), 50);
}

TEST(Hosts, known_and_unknown_ones) {  // seeds 1, 2, 4 and 16
    EXPECT_EQ(gethostbyname("localhost"), "127.0.0.1");
    EXPECT_EQ(gethostbyname("222.76.216.16"), "222.76.216.16");
    EXPECT_EQ(gethostbyname(""), "0.0.0.0");
    EXPECT_EQ(gethostbyname("<broadcast>"), "255.255.255.255");
    auto entry = gethostbyname_ex("localhost");
    EXPECT_EQ(entry.name, "localhost");
    EXPECT_EQ(entry.addresses, std::vector<std::string>{"127.0.0.1"});
    EXPECT_EQ(gethostbyaddr("127.0.0.1").name, "localhost");
    try {
        gethostbyname("no-such.invalid");
        FAIL() << "an unknown name was found";
    } catch (const GaiError& error) {
        EXPECT_TRUE(error.errnum() == EAI_NONAME || error.errnum() == EAI_AGAIN) << error.what();
    }
    EXPECT_THROW(gethostbyaddr("255.255.255.255"), HError);
    EXPECT_FALSE(getfqdn().empty());
}

TEST(Hosts, names_that_are_none_are_refused_whole) {
    auto broken = std::string_view("a\0b", 3);
    EXPECT_THROW(gethostbyname(broken), ValueError);
    EXPECT_THROW(gethostbyname_ex(broken), ValueError);
    EXPECT_THROW(gethostbyaddr(broken), ValueError);
    EXPECT_THROW(getfqdn(broken), ValueError);
    for (std::size_t size : {254u, 255u, 256u, 257u, 1024u, 65536u}) {
        std::string name(size, 'a');
        EXPECT_THROW(gethostbyname(name), ValueError);
        EXPECT_THROW(gethostbyname_ex(name), ValueError);
        EXPECT_THROW(gethostbyaddr(name), ValueError);
    }
    EXPECT_THROW(gethostbyname("127.0.0.1 evil"), OSError);
}

TEST(Hosts, threads_do_not_spoil_each_others_answers) {  // B026
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 16; ++i)
        threads.emplace_back([&wrong, i] {
            for (int round = 0; round < 100; ++round) {
                if (i % 2 == 0 && gethostbyname_ex("localhost").addresses != std::vector<std::string>{"127.0.0.1"})
                    ++wrong;
                if (i % 2 == 1 && gethostbyname_ex("127.0.0.2").addresses != std::vector<std::string>{"127.0.0.2"})
                    ++wrong;
                if (getservbyname("smtp", "tcp") != 25 || getservbyport(443, "tcp") != "https") ++wrong;
                if (getprotobyname("udp") != 17) ++wrong;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(Hosts, setting_the_name_is_for_the_administrator) {
    // Its own name is what any machine has already: nothing changes where it is allowed.
    try {
        sethostname(gethostname());
    } catch (const PermissionError&) {}
    EXPECT_THROW(sethostname(std::string(65, 'a')), OSError);
}

TEST(Hosts, a_port_of_any_type_keeps_its_value) {
    AddrInfoOptions numbers{.kind = Kind::stream, .flags = AI_NUMERICHOST};
    for (const Service& service : {Service(80), Service(std::uint16_t{80}), Service(80L), Service(80ULL)})
        EXPECT_EQ(getaddrinfo("127.0.0.1", service, numbers).front().address.port(), 80);
    EXPECT_THROW(Service(4'294'967'376L), OverflowError);  // 80 and 2 to the 32nd
    EXPECT_THROW(Service(18'446'744'073'709'551'615ULL), OverflowError);
    EXPECT_THROW(Service(-1L), OverflowError);
}

TEST(Hosts, what_can_be_no_name_is_not_looked_up) {
    EXPECT_NO_THROW(HostPort(std::string(63, 'a') + '.' + std::string(63, 'a') + '.', 80));
    EXPECT_NO_THROW(HostPort("fe80::1%lo.", 80));
    EXPECT_NO_THROW(HostPort("_service.host-1", 80));
    testing::Faults faults([](sys::Call call) {  // nobody is asked
        bool asks = call == sys::Call::getaddrinfo || call == sys::Call::gethostbyname;
        return asks ? (ADD_FAILURE(), sys::Fault{EIO}) : sys::Fault{};
    });
    auto look_ups = {+[](const std::string& name) { (void)getaddrinfo(name); },
                     +[](const std::string& name) { (void)gethostbyname(name); },
                     +[](const std::string& name) { (void)gethostbyname_ex(name); },
                     +[](const std::string& name) { (void)gethostbyaddr(name); },
                     +[](const std::string& name) { (void)create_connection({name, 80}); }};
    for (auto look_up : look_ups) {
        for (std::string host : {"a b", " localhost", "local\thost", "local\nhost", "local\x7fhost", "127.0.0.1 evil"})
            EXPECT_THROW(look_up(host), GaiError) << host;
        for (std::string host : {std::string("."), std::string(".."), std::string(".a"), std::string("a..b"),
                                 std::string(64, 'a') + ".invalid", "x." + std::string(64, 'a')})
            EXPECT_THROW(look_up(host), ValueError) << host;
    }
}

TEST(Hosts, a_name_with_a_nul_is_not_cut_short) {
    std::string outside = gethostname();
    std::optional<std::string> inside;
    std::thread([&] {  // in a UTS namespace of its own, which ends with the thread
        if (::unshare(CLONE_NEWUTS) != 0) return;
        sethostname("bight-test");
        EXPECT_THROW(sethostname(std::string_view("bight\0-other", 12)), ValueError);
        inside = gethostname();
    })
        .join();
    EXPECT_EQ(gethostname(), outside);
    if (!inside) GTEST_SKIP() << "no right to make a UTS namespace";
    EXPECT_EQ(inside, "bight-test");
}

// ---- Services and protocols. -------------------------------------------------------------------------------------------

TEST(Services, all_of_the_database_both_ways) {
    Comparison comparison;
    for (auto& line : oracle(script, {"services"})) {
        auto fields = fields_of(line);
        auto proto = unless_dash(fields.at(2));
        comparison.hold(line, fields.at(3), answer([&] {
                            return fields.at(0) == "name" ? std::to_string(getservbyname(fields.at(1), proto))
                                                          : getservbyport(number(fields.at(1)), proto);
                        }));
    }
    EXPECT_GT(comparison.lines(), 1000);
}

TEST(Services, the_seeds_figures) {  // seeds 5 and 6
    for (auto& [name, port] : {std::pair{"http", 80},
                               {"https", 443},
                               {"ftp", 21},
                               {"gopher", 70},
                               {"smtp", 25},
                               {"imap", 143},
                               {"imaps", 993},
                               {"pop3", 110},
                               {"pop3s", 995}}) {
        EXPECT_EQ(getservbyname(name), port) << name;
        EXPECT_EQ(getservbyport(port, "tcp").substr(0, 3), std::string(name).substr(0, 3));
    }
    EXPECT_EQ(getservbyname("telnet", "tcp"), 23);
    EXPECT_THROW(getservbyname("no-such-service"), OSError);
    EXPECT_THROW(getservbyname("http", "no-such-protocol"), OSError);
    EXPECT_THROW(getservbyport(666), OSError);  // doom is no entry of Debian's
    EXPECT_THROW(getservbyport(-1), OverflowError);
    EXPECT_THROW(getservbyport(65536), OverflowError);
    EXPECT_THROW(getservbyname(std::string_view("http\0x", 6)), ValueError);
    EXPECT_THROW(getservbyname("http", std::string_view("tcp\0x", 5)), ValueError);
    EXPECT_THROW(getservbyname(std::string(65536, 'a')), OSError);
}

TEST(Protocols, all_of_the_database) {  // seed 7
    Comparison comparison;
    for (auto& line : oracle(script, {"protocols"})) {
        auto fields = fields_of(line);
        comparison.hold(line, fields.at(2), answer([&] { return std::to_string(getprotobyname(fields.at(1))); }));
    }
    EXPECT_GT(comparison.lines(), 100);
    EXPECT_EQ(getprotobyname("icmp"), IPPROTO_ICMP);
    EXPECT_EQ(getprotobyname("udp"), IPPROTO_UDP);
    EXPECT_EQ(getprotobyname("tcp"), IPPROTO_TCP);
    EXPECT_THROW(getprotobyname(std::string_view("tcp\0x", 5)), ValueError);
}

// ---- Address info and name info. ---------------------------------------------------------------------------------------

std::string shown(const AddrInfo& info) {
    auto& address = info.address;
    bool is_v6 = info.family == Family::inet6;
    auto host = address.host();
    std::string text = std::to_string(info.family.value) + ',' + std::to_string(info.kind.value) + ',' +
                       std::to_string(info.proto) + ',' + info.canonname + ',' + host.substr(0, host.find('%')) + '/' +
                       std::to_string(address.port());
    if (is_v6) text += '/' + std::to_string(address.flow_info()) + '/' + std::to_string(address.scope_id());
    return text;
}

Service service_of(const std::string& field) {
    if (field == "-") return {};
    if (field.starts_with('#')) return number(field.substr(1));
    return field.substr(1);
}

TEST(AddressInfo, over_hosts_services_and_flags) {  // seeds 8 and 9
    Comparison comparison;
    for (auto& line : oracle(script, {"addrinfo"})) {
        auto fields = fields_of(line);
        std::optional<std::string_view> host;
        if (fields.at(1) != "-") host = std::string_view(fields.at(1)).substr(1);
        AddrInfoOptions options{number(fields.at(3)), number(fields.at(4)), number(fields.at(5)), number(fields.at(6))};
        comparison.hold(line, fields.at(7), answer([&] {
                            std::string all;
                            for (auto& info : getaddrinfo(host, service_of(fields.at(2)), options))
                                all += (all.empty() ? "" : " ") + shown(info);
                            return all;
                        }));
    }
    EXPECT_GT(comparison.lines(), 10'000);
}

TEST(AddressInfo, the_scope_of_an_interface_is_part_of_the_address) {  // B006
    auto lo = if_nametoindex("lo");
    auto found = getaddrinfo("fe80::1%lo", 80, {.kind = Kind::stream});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found.front().address, Address::inet6("fe80::1", 80, 0, static_cast<std::uint32_t>(lo)));
    EXPECT_EQ(getaddrinfo("fe80::1%" + std::to_string(lo), 80, {.kind = Kind::stream}).front().address,
              found.front().address);
}

TEST(NameInfo, over_addresses_and_flags) {  // seed 10
    Comparison comparison;
    for (auto& line : oracle(script, {"nameinfo"})) {
        auto fields = fields_of(line);
        auto address = Address::ip(fields.at(1), number(fields.at(2)));
        if (address.family() == Family::inet6)
            address = Address::inet6(fields.at(1), number(fields.at(2)),
                                     static_cast<std::uint32_t>(number(fields.at(3))),
                                     static_cast<std::uint32_t>(number(fields.at(4))));
        comparison.hold(line, fields.at(6), answer([&] {
                            auto found = getnameinfo(address, number(fields.at(5)));
                            return found.host + ' ' + found.service;
                        }));
    }
    EXPECT_GT(comparison.lines(), 100);
    EXPECT_EQ(getnameinfo(Address::inet6("fe80::1", 80, 0, 1), NI_NUMERICHOST | NI_NUMERICSERV).host, "fe80::1%lo");
    EXPECT_THROW(getnameinfo(Address::ip("127.0.0.1", 80), -1), GaiError);
    EXPECT_THROW(getnameinfo(Address(), 0), GaiError);
}

// ---- Failures of the system behind. ------------------------------------------------------------------------------------

TEST(NamesThatFail, say_what_the_system_said) {  // B025
    auto raised = [](sys::Call call, int errnum, auto function) {
        testing::Faults faults(testing::fail(call, errnum));
        try {
            function();
        } catch (const BlockingIOError&) {
            ADD_FAILURE() << "looks as if a socket would block";
        } catch (const OSError& error) {
            return error.errnum();
        }
        return 0;
    };
    using enum sys::Call;
    EXPECT_EQ(raised(sys::Call::getaddrinfo, EAGAIN, [] { socket::getaddrinfo("localhost"); }), EAGAIN);
    EXPECT_EQ(raised(sys::Call::getnameinfo, EAGAIN, [] { socket::getnameinfo(Address::ip("::1", 1)); }), EAGAIN);
    EXPECT_EQ(raised(sys::Call::gethostbyaddr, EMFILE, [] { socket::gethostbyaddr("127.0.0.1"); }), EMFILE);
    EXPECT_EQ(raised(sys::Call::gethostbyname, EMFILE, [] { socket::gethostbyname_ex("127.0.0.1"); }), EMFILE);
    EXPECT_EQ(raised(sys::Call::getservbyname, EMFILE, [] { socket::getservbyname("http"); }), EMFILE);
    EXPECT_EQ(raised(sys::Call::getservbyport, EMFILE, [] { socket::getservbyport(80); }), EMFILE);
    EXPECT_EQ(raised(sys::Call::getprotobyname, EMFILE, [] { socket::getprotobyname("tcp"); }), EMFILE);
    EXPECT_EQ(raised(sys::Call::gethostname, EFAULT, [] { socket::gethostname(); }), EFAULT);
    EXPECT_EQ(raised(sys::Call::if_nameindex, ENOBUFS, [] { socket::if_nameindex(); }), ENOBUFS);
    EXPECT_EQ(raised(sys::Call::if_indextoname, EMFILE, [] { socket::if_indextoname(1); }), EMFILE);
}

}  // namespace
}  // namespace bight::socket
