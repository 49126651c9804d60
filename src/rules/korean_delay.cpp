// Texts of the delay rules, korean.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(42), "symptom", "두 호스트가 빠른데도 요청과 응답마다 약 40 ms 걸림"},
    {rule(42), "cause", "요청을 작은 두 조각으로 씁니다. 첫 조각이 확인될 때까지 네이글이 둘째를 보류하고, 상대는 보낼 것이 없어 그 ACK를 늦춥니다."},
    {rule(42), "head", "{program}의 fd {fd}와 {peer}의 교환 {all}번 중 {held}번이 약 40 ms 기다림: 네이글이 둘째 write를 보류"},
    {rule(42), "proof", "응답을 기다리기 시작할 때 보내지 않은 데이터가 {held}번 남아 있었음; 가장 긴 기다림은 {wait}"},
    {rule(42), "fix", "두 조각을 write()나 writev() 한 번으로"},
    {rule(42), "fix.nodelay", "또는 setsockopt({fd}, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)"},
    {rule(44), "symptom", "보내기가 멈추고 송신 큐가 가득 차 있음"},
    {rule(44), "cause", "받는 프로그램이 읽지 않아 수신 창이 닫혔고 보내는 쪽은 탐침만 보낼 수 있습니다. 네트워크 탓이 아닙니다."},
    {rule(44), "head.packets", "{who}의 수신 창이 {time} 동안 0 ({from} ↔ {to})"},
    {rule(44), "proof.packets", "{packet}부터 창 0: {who}의 프로그램이 읽지 않음"},
    {rule(44), "fix.packets", "{who}의 프로그램이 왜 읽지 않는지 보십시오"},
    {rule(44), "head", "{owner}가 {peer}로 보낼 수 없음: 그쪽은 수신 창 0, 프로그램이 읽지 않음"},
    {rule(44), "head.here", "{owner}가 {peer}에서 온 것을 읽지 않음: 수신 버퍼가 가득 차 상대가 보낼 수 없음"},
    {rule(44), "proof", "타이머: 수신 창 0 탐침; {window} 중 {share} 동안 창에 막힘; 송신 큐에 {unsent} B"},
    {rule(44), "proof.here", "{window} 내내 {unread} B를 읽지 않음, 버퍼 가득 참; 마지막 데이터는 {age} 전"},
    {rule(44), "proof.reader", "받는 쪽은 이 호스트의 {reader}: 읽지 않은 {unread} B"},
    {rule(44), "fix", "{peer}의 프로그램이 왜 읽지 않는지 보십시오 (가비지 수집, 막힌 스레드, 역압)"},
    {rule(44), "fix.here", "{owner}가 왜 읽지 않는지 보십시오 (스택: gdb -p, py-spy, jstack)"},
    {rule(44), "fix.reader", "{reader}가 왜 읽지 않는지 보십시오 (스택: gdb -p, py-spy, jstack)"},
    {rule(46), "symptom", "재전송과 함께 느려짐"},
    {rule(46), "cause", "세그먼트가 길에서 유실되고, 유실마다 적어도 왕복 한 번, 나쁘면 200 ms 넘게 걸립니다."},
    {rule(46), "head.packets", "{who}가 보낸 것의 {share}가 재전송: 세그먼트 {sent}개 중 {again}개 ({from} ↔ {to})"},
    {rule(46), "proof.packets", "첫 재전송은 {packet}"},
    {rule(46), "fix.packets", "캡처한 곳과 다른 끝 사이의 유실; 그쪽의 캡처와 견주십시오"},
    {rule(46), "head", "데이터 세그먼트의 {share}가 재전송됨: {window} 동안 {sent}개 중 {again}개, 대부분 {peer}로"},
    {rule(46), "proof", "RetransSegs +{RetransSegs}, TCPTimeouts +{TCPTimeouts}, TCPLostRetransmit +{TCPLostRetransmit}"},
    {rule(46), "fix", "어디서인지 찾으십시오: ip -s link (drops, errors), nstat -az, tc -s qdisc; 그다음 양쪽에서 캡처"},
    {rule(47), "symptom", "작은 메시지는 되는데 큰 것은 멈춤 (TLS가 ClientHello 뒤에 멈춤)"},
    {rule(47), "cause", "길의 어느 링크가 더 작은 패킷만 받는데 그것을 알리는 ICMP가 막혀 있습니다: 꽉 찬 세그먼트가 사라집니다."},
    {rule(47), "head.packets", "{who}의 {size} B가 {times}번 더 보내도 응답이 없고 {small} B까지의 세그먼트는 확인됨: MTU 블랙홀 ({from} ↔ {to})"},
    {rule(47), "proof.packets", "첫 재전송은 {packet}; ICMP frag-needed로 멈추지 않음"},
    {rule(47), "fix.packets", "ICMP frag-needed를 허용하거나 MSS를 줄이거나 sysctl net.ipv4.tcp_mtu_probing=1"},
    {rule(47), "head", "{peer}로 가는 큰 세그먼트에는 응답이 없고 같은 호스트로 가는 작은 것에는 있음: MTU 블랙홀"},
    {rule(47), "proof", "확인되지 않은 {unacked} B, 경로 MTU {pmtu}로 재전송 {retries}번, InDestUnreachs +{InDestUnreachs}; 같은 호스트로의 다른 연결은 나아감"},
    {rule(47), "fix", "ICMP frag-needed를 허용하거나, 터널에서 MSS를 줄이거나, sysctl net.ipv4.tcp_mtu_probing=1"},
    {rule(47), "decide", "ping -M do -s {size} {ip}"},
    {rule(48), "symptom", "한 인터페이스를 거친 연결이 시간 초과됨"},
    {rule(48), "cause", "이 호스트라면 그 출발지로 보내지 않을 인터페이스로 패킷이 들어옵니다: rp_filter가 버립니다."},
    {rule(48), "head", "{window} 동안 패킷 {count}개를 역방향 경로 필터가 버림"},
    {rule(48), "proof", "IPReversePathFilter +{IPReversePathFilter}"},
    {rule(48), "fix", "출발지로 돌아가는 경로를 넣거나 sysctl net.ipv4.conf.all.rp_filter=2 (인터페이스의 것도)"},
    {rule(49), "symptom", "새 연결이 시간 초과되고 로그에 \"nf_conntrack: table full, dropping packet\""},
    {rule(49), "cause", "연결 추적 표가 가득 찼습니다: 새 흐름의 패킷을 버립니다."},
    {rule(49), "head", "연결 추적이 가득 참: {limit}개 중 {count}개"},
    {rule(49), "proof", "nf_conntrack_count {count}, nf_conntrack_max {limit}; {window} 동안 {drops}개 버림"},
    {rule(49), "fix", "net.netfilter.nf_conntrack_max를 올리거나, 시간 한도를 줄이거나, 일부 흐름을 빼십시오 (notrack)"},
    {rule(50), "symptom", "이 호스트에서 데이터그램이 사라짐"},
    {rule(50), "cause", "프로그램이 데이터그램이 오는 것보다 느리게 읽습니다; 소켓 버퍼가 가득 차 커널이 버립니다."},
    {rule(50), "head", "{owner}가 {local}에서 데이터그램을 잃음: {window} 동안 {drops}개, 수신 버퍼가 가득 참"},
    {rule(50), "proof", "이 소켓의 drops +{drops}, RcvbufErrors +{RcvbufErrors}; {rcvbuf} B 중 {rmem} B 사용"},
    {rule(50), "fix", "더 빨리 읽거나 setsockopt(fd, SOL_SOCKET, SO_RCVBUF, …) (net.core.rmem_max는 {rmemmax})"},
    {rule(52), "symptom", "요청이 왔는데 응답하지 않음"},
    {rule(52), "cause", "커널은 데이터를 받았지만 프로그램이 읽지 않습니다. 바쁘거나, 막혔거나, 디스크립터를 잊었습니다."},
    {rule(52), "head", "{owner}가 읽지 않음: {peer}에서 온 {unread} B가 {age} 동안 그대로"},
    {rule(52), "proof", "{local}: {window} 내내 {unread} B를 읽지 않음"},
    {rule(52), "fix", "{owner}가 무엇을 기다리는지 보십시오 (스택: gdb -p, py-spy, jstack); 네트워크는 할 일을 했습니다"},
    {rule(55), "symptom", "포트가 열렸는데 한 상대의 연결이 시간 초과됨"},
    {rule(55), "cause", "리스너가 서명된 세그먼트(TCP MD5, TCP-AO)를 요구하는데 서명이 없거나 다릅니다: 말없이 버립니다."},
    {rule(55), "head", "{window} 동안 세그먼트 {count}개를 서명 때문에 버림 ({counter})"},
    {rule(55), "proof", "{counter} +{count}"},
    {rule(55), "fix", "양쪽에 서로의 주소에 대한 같은 키를 주거나 (TCP_MD5SIG, TCP_AO_ADD_KEY) 둘 다 없애십시오"},
    {rule(61), "symptom", "데이터그램 소켓의 send나 recv: Connection refused"},
    {rule(61), "cause", "이 연결된 소켓의 앞선 데이터그램을 받는 것이 없었습니다: ICMP port-unreachable이 돌아왔고 다음 호출이 그것을 알립니다."},
    {rule(61), "head", "{program}의 fd {fd} 호출이 ECONNREFUSED로 실패: {peer}에서 데이터그램을 받는 것이 없음"},
    {rule(61), "proof", "소켓이 {peer}에 연결되어 있고 그에 대한 ICMP port-unreachable이 옴"},
    {rule(61), "fix", "받는 프로그램을 시작하거나 포트를 고치십시오: ss -lun; 다음 send는 저절로 다시 됩니다"},
    {rule(62), "symptom", "포트가 열렸는데 먼 상대의 연결이 시간 초과됨"},
    {rule(62), "cause", "소켓이 최소 TTL(IP_MINTTL)을 요구하는데, 온 것이 라우터를 너무 많이 지났거나 더 작은 값에서 시작했습니다."},
    {rule(62), "head", "{window} 동안 세그먼트 {count}개를 TTL이 작아 버림"},
    {rule(62), "proof", "TCPMinTTLDrop +{TCPMinTTLDrop}"},
    {rule(62), "fix", "상대가 TTL 255로 보내게 하거나 (양쪽의 ttl-security) IP_MINTTL을 낮추십시오"},
});
// clang-format on

}  // namespace

std::span<const Word> korean_delay() { return texts; }

}  // namespace dt::rules
