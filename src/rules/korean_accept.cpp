// Texts of the accept rules, korean.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(24), "symptom", "connect()가 1초, 3초 또는 그 이상 걸린 뒤 성공하고, 부하가 크면 시간 초과됩니다"},
    {rule(24), "cause", "리스너의 수락 큐가 가득 찼습니다. 프로그램이 연결이 오는 속도보다 느리게 accept()하므로 커널이 SYN을 무시하고, 클라이언트는 1, 2, 3초 뒤 다시 시도합니다."},
    {rule(24), "head", "{listener}(으)로의 연결이 1초 이상 기다립니다: 수락 큐가 가득 참, {waiting}/{limit}"},
    {rule(24), "proof.drops", "{window} 동안 SYN {ignored}개 무시됨 (이 리스너의 drops +{ignored}; ListenOverflows +{ListenOverflows}, ListenDrops +{ListenDrops})"},
    {rule(24), "proof.owner", "같은 포트의 SYN-RECEIVED {halfopen}개; 소유자 {owner}"},
    {rule(24), "proof.busy", "{owner}: 이 {window} 동안 CPU 하나의 {cpu} % 사용"},
    {rule(24), "fix.accept", "{owner}의 accept()가 느립니다: 더 빨리 accept()하거나 작업자를 늘리십시오 (SO_REUSEPORT)"},
    {rule(24), "fix.backlog", "listen()의 백로그 인수를 늘리는 것은 시간을 벌 뿐입니다 (지금 {limit}, somaxconn은 {somaxconn})"},
    {rule(24), "fix.somaxconn", "한도가 somaxconn 자체입니다: sysctl net.core.somaxconn=4096, listen()에도 같은 값"},
    {rule(25), "symptom", "연결이 시간 초과되거나, 로그에 \"possible SYN flooding\"이 나옵니다"},
    {rule(25), "cause", "리스너의 SYN 큐가 마지막 ACK가 오지 않는 반개방 항목으로 가득 찼습니다: SYN 폭주이거나 SYN-ACK가 유실되는 경로입니다."},
    {rule(25), "head", "{listener}의 새 클라이언트가 시간 초과됩니다: SYN 큐가 가득 참, 반개방 항목 {halfopen}개"},
    {rule(25), "head.cookies", "{listener}의 SYN 큐가 넘칩니다 (반개방 항목 {halfopen}개); SYN 쿠키가 아직 응답합니다"},
    {rule(25), "proof", "{window} 동안: 가득 찬 큐의 쿠키 +{TCPReqQFullDoCookies}, ListenDrops +{ListenDrops}, ListenOverflows +{ListenOverflows}; 수락 큐 {waiting}/{limit}"},
    {rule(25), "fix.cookies", "sysctl net.ipv4.tcp_syncookies=1; 그다음 net.ipv4.tcp_max_syn_backlog를 늘리십시오"},
    {rule(25), "fix.flood", "이 호스트 앞에서 폭주를 거르십시오; net.ipv4.tcp_max_syn_backlog와 listen()의 백로그 인수를 늘리십시오"},
    {rule(26), "symptom", "connect()는 바로 성공하지만 응답이 오지 않습니다"},
    {rule(26), "cause", "커널은 연결을 완료했지만 프로그램이 accept()를 부르지 않습니다: 연결이 아직 가득 차지 않은 수락 큐에서 기다립니다."},
    {rule(26), "head", "{listener}의 클라이언트가 연결된 채 기다립니다: 수락 큐에 {waiting}개, {window} 동안 하나도 꺼내지 않음"},
    {rule(26), "proof", "{window}의 시작에 수락 큐 {first}/{limit}, 끝에 {waiting}/{limit}; 소유자 {owner}"},
    {rule(26), "fix", "{owner}가 accept()를 부르지 않습니다: 무엇을 기다리는지 보십시오 (스택: gdb -p, py-spy, jstack)"},
    {rule(27), "symptom", "Too many open files"},
    {rule(27), "cause", "프로그램이 열 수 있는 만큼 디스크립터를 열어, accept()가 EMFILE로 실패하고 연결은 큐에 남습니다."},
    {rule(27), "head", "{owner}가 {listener}에서 accept()할 수 없습니다: 디스크립터 {openmax}개 중 {open}개 열림"},
    {rule(27), "proof", "수락 큐에 {waiting}개가 기다립니다; accept()의 결과는 EMFILE (Too many open files)"},
    {rule(27), "fix", "한도를 올리거나 (ulimit -n, LimitNOFILE=), 닫지 않은 것을 찾으십시오: dialtone doctor, R33"},
    {rule(28), "symptom", "서버를 다시 읽어들이는 동안 Connection reset by peer"},
    {rule(28), "cause", "SO_REUSEPORT 그룹의 한 작업자가 큐에 연결이 기다리는 리스너를 닫았고, 커널이 그 연결을 리셋합니다."},
    {rule(28), "head", "{listener}의 리스너 하나가 큐에 연결 {waiting}개를 둔 채 닫혔습니다: 그 연결은 리셋되었습니다"},
    {rule(28), "proof", "시작에 수락 큐 {waiting}/{limit}였던 리스너가 사라지고 다른 리스너는 남음; OutRsts +{OutRsts}"},
    {rule(28), "fix", "sysctl net.ipv4.tcp_migrate_req=1은 다른 리스너로 옮깁니다; 또는 close() 전에 기다리는 연결을 accept()하십시오"},
    {rule(29), "symptom", "다른 작업자는 노는데 일부 요청이 멈춥니다"},
    {rule(29), "cause", "여러 리스너가 SO_REUSEPORT로 한 포트를 나눕니다. 커널은 부하가 아니라 해시로 고르므로, 바쁜 작업자에게 간 연결은 그를 기다립니다."},
    {rule(29), "head", "{listener}의 작업자가 고르지 않습니다: {owner}에 {waiting}개, {other}에 {least}개가 기다림"},
    {rule(29), "proof", "수락 큐: {owner} {waiting}/{limit}, {other} {least}, 측정 내내"},
    {rule(29), "fix", "{owner}가 무엇을 하는지 보십시오; 하나의 리스너를 함께 쓰면 (EPOLLEXCLUSIVE) 저절로 고르게 됩니다"},
    {rule(24), "watch", "{listener} {waiting}/{limit}, {window}에 {ignored}개 무시됨"},
});
// clang-format on

}  // namespace

std::span<const Word> korean_accept() { return texts; }

}  // namespace dt::rules
