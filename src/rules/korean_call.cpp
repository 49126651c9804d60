// Texts of the rules about calls that fail by themselves, korean.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(65), "symptom", "기다리는 소켓의 read나 write: Resource temporarily unavailable"},
    {rule(65), "cause", "프로그램이 소켓에 시간 한도(SO_RCVTIMEO, SO_SNDTIMEO)를 정했고 그 한도에 이르렀습니다. errno는 기다리지 않는 소켓의 것과 같습니다."},
    {rule(65), "head", "{program}의 fd {fd} {call}이 {took} 뒤 EAGAIN으로 실패: 스스로 정한 시간 한도 {option} {limit}에 이름"},
    {rule(65), "head.connect", "{program}의 connect({fd}, {peer})가 {took} 뒤 EINPROGRESS로 실패: 스스로 정한 시간 한도 {option} {limit}에 이름"},
    {rule(65), "proof", "{option}은 {limit}, 소켓은 기다림 (O_NONBLOCK 아님); 상대는 {peer}"},
    {rule(65), "fix", "여기서 EAGAIN은 시간 초과로 다루십시오; {peer}가 왜 느린지 보거나 {option}을 올리십시오"},
    {rule(65), "fix.connect", "여기서 EINPROGRESS는 시간 초과로 다루고 소켓을 닫으십시오; 답이 없는 까닭은 dialtone doctor {peer}"},
    {rule(66), "symptom", "socket: Too many open files"},
    {rule(66), "cause", "프로세스가, 또는 호스트가 열 수 있는 만큼 디스크립터를 열었습니다; 닫지 않는 연결이 흔한 까닭입니다."},
    {rule(66), "head", "{program}의 socket()이 EMFILE로 실패: 디스크립터를 모두 쓰고 있음"},
    {rule(66), "head.host", "{program}의 socket()이 ENFILE로 실패: 호스트가 열 수 있는 파일을 모두 열었음"},
    {rule(66), "proof.limit", "{open}개 열림, 한도는 {openmax} (RLIMIT_NOFILE)"},
    {rule(66), "proof", "그 소켓 중 ESTABLISHED {established}개, CLOSE-WAIT {closewait}개"},
    {rule(66), "fix", "더 쓰지 않는 것을 닫거나 (ls -l /proc/PID/fd) 한도를 올리십시오: ulimit -n, LimitNOFILE="},
    {rule(66), "fix.leak", "read가 0을 돌려준 뒤 close()하십시오: 상대 {closewait}개는 이미 닫았습니다 (R33)"},
    {rule(66), "fix.host", "sysctl fs.file-max, fs.file-nr; 누가 쥐고 있는지: lsof"},
    {rule(67), "symptom", "IPv6 주소로 connect: Cannot assign requested address (컨테이너의 localhost)"},
    {rule(67), "cause", "이름에 IPv6 주소도 있지만 이곳은 IPv6가 꺼져 있어 맞는 자기 주소가 없습니다."},
    {rule(67), "head", "{program}의 connect({fd}, {to})가 EADDRNOTAVAIL로 실패: 이 호스트에 IPv6 주소가 없음"},
    {rule(67), "head.loopback", "{program}의 connect({fd}, {to})가 EADDRNOTAVAIL로 실패: {ip}는 이 호스트의 주소가 아님, lo에서 IPv6가 꺼짐"},
    {rule(67), "proof", "이 호스트의 IPv6 주소 {count}개, {ip}에 맞는 것 없음"},
    {rule(67), "fix", "127.0.0.1이나 IPv4로 연결하십시오; 또는 sysctl net.ipv6.conf.all.disable_ipv6=0 (docker run --sysctl)"},
    {rule(68), "symptom", "sendto나 connect: Operation not permitted"},
    {rule(68), "cause", "이 호스트의 필터(output의 nftables나 iptables, 제어 그룹의 BPF 프로그램)가 프로그램이 보내는 것을 버리고 호출에 알립니다."},
    {rule(68), "head", "{program}의 fd {fd} {call}이 EPERM으로 실패: 이 호스트의 필터가 막음 ({peer}로)"},
    {rule(68), "proof", "{call}의 EPERM; 연결 추적은 가득 차지 않음 (R49)"},
    {rule(68), "fix", "nft list ruleset; iptables-save: output 체인을 보십시오; systemctl show UNIT -p IPAddressDeny"},
    {rule(69), "symptom", "데이터그램 소켓의 send: Message too long"},
    {rule(69), "cause", "데이터그램이 가능한 크기보다 크거나, 조각내기를 금한 소켓에서 경로 MTU보다 큽니다."},
    {rule(69), "head", "{program}의 fd {fd} send가 EMSGSIZE로 실패: {size} B, 데이터그램은 {largest} B까지"},
    {rule(69), "head.path", "{program}의 fd {fd} send가 EMSGSIZE로 실패: {size} B가 경로 MTU {mtu}에 맞지 않고 소켓이 조각내기를 금함"},
    {rule(69), "proof", "{peer}로 {size} B 데이터그램 하나"},
    {rule(69), "proof.path", "IP_MTU_DISCOVER가 DF 비트를 설정; IP_MTU는 {mtu}"},
    {rule(69), "fix", "여러 데이터그램으로 나누거나 스트림을 쓰십시오"},
    {rule(69), "fix.path", "한 번에 MTU에서 28 B(IPv6는 48 B)를 뺀 만큼만 보내거나 조각내기를 허용하십시오: IP_PMTUDISC_DONT"},
    {rule(70), "symptom", "send나 recv: Transport endpoint is not connected, Destination address required"},
    {rule(70), "cause", "소켓에 상대가 없습니다: 연결한 적이 없거나, connect가 실패했거나, accept()가 준 것이 아닌 리스너입니다."},
    {rule(70), "head", "{program}의 fd {fd} {call}이 {errno}로 실패: 소켓을 연결한 적이 없음"},
    {rule(70), "head.failed", "{program}의 fd {fd} {call}이 {errno}로 실패: 그 소켓의 connect가 실패했었음"},
    {rule(70), "head.listener", "{program}의 fd {fd} {call}이 {errno}로 실패: 그것은 리스너임"},
    {rule(70), "proof", "fd {fd}에는 getpeername()의 답이 없음"},
    {rule(70), "fix", "먼저 connect()하거나 주소를 주십시오: sendto()"},
    {rule(70), "fix.failed", "첫 write 전에 connect()의 결과나 SO_ERROR를 보십시오"},
    {rule(70), "fix.listener", "accept()가 돌려준 디스크립터를 쓰십시오"},
});
// clang-format on

}  // namespace

std::span<const Word> korean_call() { return texts; }

}  // namespace dt::rules
