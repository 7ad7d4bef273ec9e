// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/options/option.h>
#include <bight/options/values.h>

// Options of IPv4, IPv6 and UDP: ip(7), ipv6(7), udp(7). Membership in groups is <bight/multicast.h>'s. An IPv6 socket
// that serves IPv4 as well has both families' options.
namespace bight::options {

// ---- IPv4: where from, and where to. -----------------------------------------------------------------------------------

/// Hops that packets may make; -1 for the system's default.
inline constexpr Option<Whole<>> ip_ttl{IPPROTO_IP, IP_TTL, "IP_TTL", {.least = 1, .most = 255, .also = -1}};

/// The byte with the DiffServ code point above and ECN in its two low bits, which TCP keeps to itself.
inline constexpr Option<Whole<>> ip_tos{IPPROTO_IP, IP_TOS, "IP_TOS", {.least = 0, .most = 255}};

/// bind() to an address that is not of this machine, or not yet.
inline constexpr Option<Switch> ip_free_bind{IPPROTO_IP, IP_FREEBIND, "IP_FREEBIND"};

/// As that, and takes what is routed here for others; wants CAP_NET_ADMIN.
inline constexpr Option<Switch> ip_transparent{IPPROTO_IP, IP_TRANSPARENT, "IP_TRANSPARENT"};

/// bind() to port 0 leaves the choice of a port to connect().
inline constexpr Option<Switch> ip_bind_address_no_port{IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, "IP_BIND_ADDRESS_NO_PORT"};

/// Linux 6.3; for IPv6 sockets, too.
inline constexpr Option<Record<PortRange>> ip_local_port_range{IPPROTO_IP, 51, "IP_LOCAL_PORT_RANGE"};

/// The interface of what goes to a single host, by number; 0 for what the routes say.
inline constexpr Option<InterfaceIndex> ip_unicast_interface{IPPROTO_IP, IP_UNICAST_IF, "IP_UNICAST_IF"};

/// Packets that have made more hops than 255 less this are dropped: RFC 5082.
inline constexpr Option<Whole<>> ip_min_ttl{IPPROTO_IP, IP_MINTTL, "IP_MINTTL", {.least = 0, .most = 255}};

inline constexpr Option<Choice<MtuDiscover>> ip_mtu_discover{IPPROTO_IP, IP_MTU_DISCOVER, "IP_MTU_DISCOVER"};

/// Of the way to the peer, once connected.
inline constexpr Option<Whole<>, Access::read> ip_mtu{IPPROTO_IP, IP_MTU, "IP_MTU", {.unit = "bytes"}};

/// Raw sockets: the caller writes the header; fragments are not put together; the router alert is for us.
inline constexpr Option<Switch> ip_header_included{IPPROTO_IP, IP_HDRINCL, "IP_HDRINCL"};
inline constexpr Option<Switch> ip_no_defragment{IPPROTO_IP, IP_NODEFRAG, "IP_NODEFRAG"};
inline constexpr Option<Switch> ip_router_alert{IPPROTO_IP, IP_ROUTER_ALERT, "IP_ROUTER_ALERT"};

// ---- IPv4: groups. -----------------------------------------------------------------------------------------------------

inline constexpr Option<Whole<>> ip_multicast_ttl{
    IPPROTO_IP, IP_MULTICAST_TTL, "IP_MULTICAST_TTL", {.least = 0, .most = 255, .also = -1}};
inline constexpr Option<Switch> ip_multicast_loop{IPPROTO_IP, IP_MULTICAST_LOOP, "IP_MULTICAST_LOOP"};

/// Gets what any socket here is a member for; on unless told.
inline constexpr Option<Switch> ip_multicast_all{IPPROTO_IP, IP_MULTICAST_ALL, "IP_MULTICAST_ALL"};

/// By an address that the interface has; multicast::set_interface() takes a name or a number.
inline constexpr Option<HostAddress> ip_multicast_interface{IPPROTO_IP, IP_MULTICAST_IF, "IP_MULTICAST_IF"};

// ---- IPv4: what comes beside a datagram. -------------------------------------------------------------------------------

inline constexpr Option<Switch> ip_packet_info{IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO"};  // AncillaryView::packet_info()
inline constexpr Option<Switch> ip_receive_ttl{IPPROTO_IP, IP_RECVTTL, "IP_RECVTTL"};  // ttl()
inline constexpr Option<Switch> ip_receive_tos{IPPROTO_IP, IP_RECVTOS, "IP_RECVTOS"};  // traffic_class(), ecn()
inline constexpr Option<Switch> ip_receive_options{IPPROTO_IP, IP_RECVOPTS, "IP_RECVOPTS"};
inline constexpr Option<Switch> ip_receive_original_destination{IPPROTO_IP, IP_RECVORIGDSTADDR,
                                                                "IP_RECVORIGDSTADDR"};  // original_destination()
inline constexpr Option<Switch> ip_receive_fragment_size{IPPROTO_IP, IP_RECVFRAGSIZE, "IP_RECVFRAGSIZE"};
inline constexpr Option<Switch> ip_checksum{IPPROTO_IP, IP_CHECKSUM, "IP_CHECKSUM"};
inline constexpr Option<Switch> ip_pass_security{IPPROTO_IP, IP_PASSSEC, "IP_PASSSEC"};

/// Errors of single datagrams, by MSG_ERRQUEUE: AncillaryView::extended_error().
inline constexpr Option<Switch> ip_receive_errors{IPPROTO_IP, IP_RECVERR, "IP_RECVERR"};
inline constexpr Option<Switch> ip_receive_errors_rfc4884{IPPROTO_IP, IP_RECVERR_RFC4884, "IP_RECVERR_RFC4884"};

// ---- IPv6: where from, and where to. -----------------------------------------------------------------------------------

/// Serves IPv6 alone. Before bind() only.
inline constexpr Option<Switch> ipv6_only{IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY"};

/// As ip_ttl.
inline constexpr Option<Whole<>> ipv6_unicast_hops{
    IPPROTO_IPV6, IPV6_UNICAST_HOPS, "IPV6_UNICAST_HOPS", {.least = -1, .most = 255}};

/// As ip_tos; -1 for the system's default.
inline constexpr Option<Whole<>> ipv6_traffic_class{
    IPPROTO_IPV6, IPV6_TCLASS, "IPV6_TCLASS", {.least = -1, .most = 255}};
inline constexpr Option<Switch> ipv6_free_bind{IPPROTO_IPV6, IPV6_FREEBIND, "IPV6_FREEBIND"};
inline constexpr Option<Switch> ipv6_transparent{IPPROTO_IPV6, IPV6_TRANSPARENT, "IPV6_TRANSPARENT"};
inline constexpr Option<InterfaceIndex> ipv6_unicast_interface{IPPROTO_IPV6, IPV6_UNICAST_IF, "IPV6_UNICAST_IF"};
inline constexpr Option<Whole<>> ipv6_min_hop_count{
    IPPROTO_IPV6, IPV6_MINHOPCOUNT, "IPV6_MINHOPCOUNT", {.least = 0, .most = 255}};
inline constexpr Option<Choice<MtuDiscover>> ipv6_mtu_discover{IPPROTO_IPV6, IPV6_MTU_DISCOVER, "IPV6_MTU_DISCOVER"};

/// Read: of the way to the peer, once connected. Set: the most to be used; 0 for the way's.
inline constexpr Option<Whole<>> ipv6_mtu{
    IPPROTO_IPV6, IPV6_MTU, "IPV6_MTU", {.least = 1280, .unit = "bytes", .also = 0}};
inline constexpr Option<Switch> ipv6_dont_fragment{IPPROTO_IPV6, IPV6_DONTFRAG, "IPV6_DONTFRAG"};

/// A flow label of the kernel's making in each packet.
inline constexpr Option<Switch> ipv6_auto_flow_label{IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, "IPV6_AUTOFLOWLABEL"};

/// Which of this machine's addresses to come from: the flags of RFC 5014.
inline constexpr Option<Whole<>> ipv6_address_preferences{
    IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, "IPV6_ADDR_PREFERENCES", {.least = 0}};

/// Raw sockets: where the checksum stands that the kernel shall fill in, -1 for nowhere; the caller writes the header.
inline constexpr Option<Whole<>> ipv6_checksum{
    IPPROTO_IPV6, IPV6_CHECKSUM, "IPV6_CHECKSUM", {.least = -1, .unit = "bytes"}};
inline constexpr Option<Switch> ipv6_header_included{IPPROTO_IPV6, IPV6_HDRINCL, "IPV6_HDRINCL"};

// ---- IPv6: groups. -----------------------------------------------------------------------------------------------------

inline constexpr Option<Whole<>> ipv6_multicast_hops{
    IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "IPV6_MULTICAST_HOPS", {.least = -1, .most = 255}};
inline constexpr Option<Switch> ipv6_multicast_loop{IPPROTO_IPV6, IPV6_MULTICAST_LOOP, "IPV6_MULTICAST_LOOP"};
inline constexpr Option<Switch> ipv6_multicast_all{IPPROTO_IPV6, IPV6_MULTICAST_ALL, "IPV6_MULTICAST_ALL"};
inline constexpr Option<Whole<>> ipv6_multicast_interface{
    IPPROTO_IPV6, IPV6_MULTICAST_IF, "IPV6_MULTICAST_IF", {.least = 0}};

// ---- IPv6: what comes beside a datagram. See those of IPv4. ------------------------------------------------------------

inline constexpr Option<Switch> ipv6_receive_packet_info{IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO"};
inline constexpr Option<Switch> ipv6_receive_hop_limit{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT"};
inline constexpr Option<Switch> ipv6_receive_traffic_class{IPPROTO_IPV6, IPV6_RECVTCLASS, "IPV6_RECVTCLASS"};
inline constexpr Option<Switch> ipv6_receive_original_destination{IPPROTO_IPV6, IPV6_RECVORIGDSTADDR,
                                                                  "IPV6_RECVORIGDSTADDR"};
inline constexpr Option<Switch> ipv6_receive_fragment_size{IPPROTO_IPV6, IPV6_RECVFRAGSIZE, "IPV6_RECVFRAGSIZE"};
inline constexpr Option<Switch> ipv6_receive_path_mtu{IPPROTO_IPV6, IPV6_RECVPATHMTU, "IPV6_RECVPATHMTU"};
inline constexpr Option<Switch> ipv6_receive_hop_options{IPPROTO_IPV6, IPV6_RECVHOPOPTS, "IPV6_RECVHOPOPTS"};
inline constexpr Option<Switch> ipv6_receive_destination_options{IPPROTO_IPV6, IPV6_RECVDSTOPTS, "IPV6_RECVDSTOPTS"};
inline constexpr Option<Switch> ipv6_receive_routing_header{IPPROTO_IPV6, IPV6_RECVRTHDR, "IPV6_RECVRTHDR"};
inline constexpr Option<Switch> ipv6_receive_errors{IPPROTO_IPV6, IPV6_RECVERR, "IPV6_RECVERR"};
inline constexpr Option<Switch> ipv6_receive_errors_rfc4884{IPPROTO_IPV6, IPV6_RECVERR_RFC4884, "IPV6_RECVERR_RFC4884"};

// ---- UDP. --------------------------------------------------------------------------------------------------------------

/// Gathers what is sent into one datagram, until it is turned off.
inline constexpr Option<Switch> udp_cork{IPPROTO_UDP, 1, "UDP_CORK"};

/// Sends what is handed over as datagrams of this length, 0 for as it is; see AncillaryBuilder::segment_size().
inline constexpr Option<Whole<>> udp_segment{
    IPPROTO_UDP, 103, "UDP_SEGMENT", {.least = 0, .most = 65535, .unit = "bytes"}};

/// Receives trains of datagrams in one piece, which ReceiveBatch takes apart.
inline constexpr Option<Switch> udp_gro{IPPROTO_UDP, 104, "UDP_GRO"};

/// Packets of IPsec, L2TP or GTP in UDP: UDP_ENCAP_… of <linux/udp.h>.
inline constexpr Option<Whole<>> udp_encapsulation{IPPROTO_UDP, 100, "UDP_ENCAP", {.least = 0}};

/// Over IPv6: sends without checksums; takes what has none.
inline constexpr Option<Switch> udp_no_check6_tx{IPPROTO_UDP, 101, "UDP_NO_CHECK6_TX"};
inline constexpr Option<Switch> udp_no_check6_rx{IPPROTO_UDP, 102, "UDP_NO_CHECK6_RX"};

}  // namespace bight::options
