// SPDX-License-Identifier: BSL-1.0
#include "values/tcp_info_layout.h"

#include <bight/tcp_info.h>

#include <cstddef>

#include <linux/tcp.h>  // the C library's <netinet/tcp.h> has only the oldest part of it, and cannot stand beside it

// What the values layer wrote down about the platform, held against the platform.
namespace bight::tcp_info_layout {

static_assert(state == offsetof(tcp_info, tcpi_state) && ca_state == offsetof(tcp_info, tcpi_ca_state));
static_assert(retransmits == offsetof(tcp_info, tcpi_retransmits) && probes == offsetof(tcp_info, tcpi_probes));
static_assert(backoff == offsetof(tcp_info, tcpi_backoff) && options == offsetof(tcp_info, tcpi_options));
static_assert(rto == offsetof(tcp_info, tcpi_rto) && ato == offsetof(tcp_info, tcpi_ato));
static_assert(snd_mss == offsetof(tcp_info, tcpi_snd_mss) && rcv_mss == offsetof(tcp_info, tcpi_rcv_mss));
static_assert(unacked == offsetof(tcp_info, tcpi_unacked) && sacked == offsetof(tcp_info, tcpi_sacked));
static_assert(lost == offsetof(tcp_info, tcpi_lost) && retrans == offsetof(tcp_info, tcpi_retrans));
static_assert(fackets == offsetof(tcp_info, tcpi_fackets));
static_assert(last_data_sent == offsetof(tcp_info, tcpi_last_data_sent));
static_assert(last_data_recv == offsetof(tcp_info, tcpi_last_data_recv));
static_assert(last_ack_recv == offsetof(tcp_info, tcpi_last_ack_recv));
static_assert(pmtu == offsetof(tcp_info, tcpi_pmtu) && rcv_ssthresh == offsetof(tcp_info, tcpi_rcv_ssthresh));
static_assert(rtt == offsetof(tcp_info, tcpi_rtt) && rttvar == offsetof(tcp_info, tcpi_rttvar));
static_assert(snd_ssthresh == offsetof(tcp_info, tcpi_snd_ssthresh) && snd_cwnd == offsetof(tcp_info, tcpi_snd_cwnd));
static_assert(advmss == offsetof(tcp_info, tcpi_advmss) && reordering == offsetof(tcp_info, tcpi_reordering));
static_assert(rcv_rtt == offsetof(tcp_info, tcpi_rcv_rtt) && rcv_space == offsetof(tcp_info, tcpi_rcv_space));
static_assert(total_retrans == offsetof(tcp_info, tcpi_total_retrans));
static_assert(pacing_rate == offsetof(tcp_info, tcpi_pacing_rate));
static_assert(max_pacing_rate == offsetof(tcp_info, tcpi_max_pacing_rate));
static_assert(bytes_acked == offsetof(tcp_info, tcpi_bytes_acked));
static_assert(bytes_received == offsetof(tcp_info, tcpi_bytes_received));
static_assert(segs_out == offsetof(tcp_info, tcpi_segs_out) && segs_in == offsetof(tcp_info, tcpi_segs_in));
static_assert(notsent_bytes == offsetof(tcp_info, tcpi_notsent_bytes) && min_rtt == offsetof(tcp_info, tcpi_min_rtt));
static_assert(data_segs_in == offsetof(tcp_info, tcpi_data_segs_in));
static_assert(data_segs_out == offsetof(tcp_info, tcpi_data_segs_out));
static_assert(delivery_rate == offsetof(tcp_info, tcpi_delivery_rate));
static_assert(busy_time == offsetof(tcp_info, tcpi_busy_time));
static_assert(rwnd_limited == offsetof(tcp_info, tcpi_rwnd_limited));
static_assert(sndbuf_limited == offsetof(tcp_info, tcpi_sndbuf_limited));
static_assert(delivered == offsetof(tcp_info, tcpi_delivered) && delivered_ce == offsetof(tcp_info, tcpi_delivered_ce));
static_assert(bytes_sent == offsetof(tcp_info, tcpi_bytes_sent));
static_assert(bytes_retrans == offsetof(tcp_info, tcpi_bytes_retrans));
static_assert(dsack_dups == offsetof(tcp_info, tcpi_dsack_dups) && reord_seen == offsetof(tcp_info, tcpi_reord_seen));
static_assert(rcv_ooopack == offsetof(tcp_info, tcpi_rcv_ooopack) && snd_wnd == offsetof(tcp_info, tcpi_snd_wnd));
static_assert(timestamps == TCPI_OPT_TIMESTAMPS && sack == TCPI_OPT_SACK && wscale == TCPI_OPT_WSCALE);
static_assert(ecn == TCPI_OPT_ECN && ecn_seen == TCPI_OPT_ECN_SEEN && syn_data == TCPI_OPT_SYN_DATA);
static_assert(static_cast<int>(TcpCongestionState::reduced_window) == TCP_CA_CWR);
static_assert(static_cast<int>(TcpCongestionState::loss) == TCP_CA_Loss);

}  // namespace bight::tcp_info_layout
