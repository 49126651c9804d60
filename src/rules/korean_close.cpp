// Texts of the close rules, korean.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(31), "symptom", "이 호스트의 상대가, 흔히 응답을 다 받은 뒤에, Connection reset by peer를 봅니다"},
    {rule(31), "cause", "프로그램이 읽지 않은 데이터가 남은 연결을 닫았습니다. 커널은 FIN 대신 리셋으로 알립니다."},
    {rule(31), "head", "이곳의 프로그램이 {window} 동안 읽지 않은 데이터가 있는 연결 {TCPAbortOnClose}개를 닫음: 상대는 리셋됨"},
    {rule(31), "proof", "{window} 동안 TCPAbortOnClose +{TCPAbortOnClose}, OutRsts +{OutRsts}"},
    {rule(31), "fix", "close() 전에 끝까지 읽으십시오; 또는 shutdown(fd, SHUT_WR), 0이 나올 때까지 read, 그다음 close(fd)"},
    {rule(32), "symptom", "이 호스트의 상대가 파일 끝 없이 Connection reset by peer를 봅니다"},
    {rule(32), "cause", "프로그램이 연결을 중단합니다: 시간이 0인 SO_LINGER는 close()가 FIN 대신 리셋을 보내게 합니다."},
    {rule(32), "head", "이곳의 프로그램이 {window} 동안 연결 {TCPAbortOnData}개를 중단함 (SO_LINGER 0): 상대는 리셋됨"},
    {rule(32), "proof", "{window} 동안 TCPAbortOnData +{TCPAbortOnData}, TCPAbortOnClose +{TCPAbortOnClose}, OutRsts +{OutRsts}"},
    {rule(32), "fix", "시간이 0인 SO_LINGER를 없애십시오; 가는 중인 데이터를 잃습니다"},
    {rule(31), "head.call", "{program}의 fd {fd} ({peer})가 ECONNRESET: 그쪽 프로그램이 읽지 않은 데이터를 두고 닫음"},
    {rule(31), "proof.call", "양쪽 끝이 이 호스트에 있음: 연결이 시작된 뒤 TCPAbortOnClose +{TCPAbortOnClose}, TCPAbortOnData +{TCPAbortOnData}"},
    {rule(32), "head.call", "{program}의 fd {fd} ({peer})가 ECONNRESET: 그쪽 프로그램이 중단함 (SO_LINGER 0)"},
    {rule(32), "proof.call", "양쪽 끝이 이 호스트에 있음: 연결이 시작된 뒤 TCPAbortOnData +{TCPAbortOnData}, TCPAbortOnClose +{TCPAbortOnClose}"},
    {rule(30), "symptom", "accept()는 되는데 첫 read가 Connection reset by peer로 실패"},
    {rule(30), "cause", "수락 큐에서 기다리는 동안 클라이언트가 포기하고 리셋했습니다: 상태 검사이거나 시간 한도가 기다림보다 짧습니다."},
    {rule(30), "head", "{program}이 {peer}에서 온 fd {fd}를 accept했지만 첫 read가 ECONNRESET으로 실패: 클라이언트는 이미 떠남"},
    {rule(30), "proof", "디스크립터는 accept()에서 나왔고 받은 것이 없음; EstabResets +{EstabResets}"},
    {rule(30), "fix", "닫고 계속하십시오; 잦으면 더 빨리 accept()하거나 (R24) 클라이언트의 시간 한도를 늘리십시오"},
    {rule(35), "symptom", "write: Broken pipe"},
    {rule(35), "cause", "상대가 닫았습니다. 그 뒤 첫 write는 성공하지만 상대가 리셋으로 답하고, 다음 write가 실패합니다."},
    {rule(35), "head", "{program}의 fd {fd} write가 EPIPE로 실패: {peer}가 연결을 닫았음"},
    {rule(35), "proof", "{program} 스스로 보내는 쪽을 닫지 않았음; 그 전에 write {sent}번 성공"},
    {rule(35), "fix", "쓰기 전에 파일 끝을 살피십시오 (0을 돌려주는 read, EPOLLRDHUP); MSG_NOSIGNAL은 시그널을 막습니다"},
    {rule(63), "symptom", "프로그램 스스로 일으킨 write: Broken pipe"},
    {rule(63), "cause", "프로그램이 shutdown(fd, SHUT_WR)을 부른 뒤 썼습니다."},
    {rule(63), "head", "{program}의 fd {fd} write가 EPIPE로 실패: 프로그램이 스스로 보내는 쪽을 닫았음"},
    {rule(63), "proof", "앞서 shutdown({fd}, SHUT_WR 또는 SHUT_RDWR)을 부름; 상대는 {peer}"},
    {rule(63), "fix", "shutdown() 전에 쓰십시오"},
    {rule(64), "symptom", "연결이 도중에 리셋됨"},
    {rule(64), "cause", "한쪽 끝이나 중간 장치가 열린 연결을 FIN 대신 리셋으로 끝냈습니다."},
    {rule(64), "head.packets", "{from} ↔ {to}를 {who}가 도중에 리셋함 ({packet})"},
    {rule(64), "proof.packets", "{packet}이 리셋, 그 전에 FIN 없음; {who}는 데이터 세그먼트 {sent}개를 보내고 {got}개를 받았음"},
    {rule(64), "fix.packets", "그쪽 프로그램이 읽지 않은 데이터를 두고 닫았거나 (R31) 중단했거나 (R32), 호스트가 연결을 잊었습니다; 다른 패킷과 TTL이 다른 리셋은 중간 장치에서 옵니다"},
    {rule(33), "symptom", "CLOSE-WAIT 소켓이 늘고, 나중에 Too many open files"},
    {rule(33), "cause", "상대가 닫았고 이곳의 프로그램도 알았지만 (read가 0) close()를 부르지 않습니다. 이 상태를 끝내는 타이머는 없습니다: 언제나 이곳의 프로그램 탓입니다."},
    {rule(33), "head", "{owner}가 닫지 않습니다: CLOSE-WAIT 소켓 {count}개, {window} 동안 +{new}"},
    {rule(33), "proof", "상대 {peers}; 마지막 세그먼트는 최대 {age} 전; 그 뒤 데이터 없음, 디스크립터는 열려 있음"},
    {rule(33), "fix", "read가 0을 돌려준 뒤 close()하십시오; 디스크립터 {fd}가 그중 하나입니다"},
    {rule(34), "symptom", "소켓이 FIN-WAIT-2에 머뭅니다"},
    {rule(34), "cause", "이곳의 프로그램이 보내는 쪽을 닫고 디스크립터를 쥐고 있습니다; 상대는 확인만 하고 닫지 않습니다. 타이머는 주인 없는 연결만 끝냅니다."},
    {rule(34), "head", "{owner}가 닫지 않는 상대를 기다립니다: FIN-WAIT-2 소켓 {count}개, {window} 동안 +{new}"},
    {rule(34), "proof", "상대 {peers}; 마지막 세그먼트는 최대 {age} 전; 디스크립터가 열려 있어 타이머가 끝내지 않음"},
    {rule(34), "fix", "shutdown(fd, SHUT_WR) 뒤에는 시간 한도를 두고 읽은 다음 close({fd})하십시오; 상대가 닫지 않는 까닭을 보십시오 (그쪽의 R33)"},
    {rule(38), "symptom", "잘 되던 연결에서 Connection timed out"},
    {rule(38), "cause", "킵얼라이브 탐침에 아무 응답이 없습니다: 상대나 상대로 가는 경로가 말없이 사라졌습니다."},
    {rule(38), "head", "응답 없는 상대 {peer}: {local}의 킵얼라이브 탐침 {probes}개에 응답이 없습니다"},
    {rule(38), "proof", "{quiet} 동안 상대에게서 아무것도 오지 않음; 소유자 {owner}"},
    {rule(38), "fix", "탐침을 다 쓰면 연결은 저절로 끝납니다; 상대 호스트나 중간 장치가 연결을 잊었는지 보십시오"},
    {rule(38), "head.data", "응답 없는 상대 {peer}: {local}의 {unacked} B가 재전송 {retries}번 뒤에도 확인되지 않음"},
    {rule(38), "proof.data", "타이머: 재전송, {retries}번, {quiet} 동안 상대에게서 아무것도 오지 않음; InDestUnreachs +{InDestUnreachs}; 소유자 {owner}"},
    {rule(38), "fix.data", "호스트가 살아 있는지, 경로가 버리는지 보십시오; setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, …)은 tcp_retries2보다 일찍 끝냅니다"},
    {rule(39), "symptom", "connect()가 더 걸리고, 서버의 옛 연결이 Connection reset by peer로 끝납니다"},
    {rule(39), "cause", "이곳에서 ESTABLISHED인 4-튜플로 SYN이 왔습니다: 상대가 그 연결을 잊고 (재시작, FIN이나 리셋의 유실) 포트를 다시 씁니다. 커널은 challenge ACK로 답하고, 상대가 옛 연결을 리셋합니다."},
    {rule(39), "head", "{window} 동안 SYN {TCPSYNChallenge}개가 이곳에 아직 열린 연결로 왔습니다: 상대는 그 연결을 잊었습니다"},
    {rule(39), "proof", "{window} 동안 TCPSYNChallenge +{TCPSYNChallenge}, TCPChallengeACK +{TCPChallengeACK}"},
    {rule(39), "fix", "닫는 세그먼트를 무엇이 잃는지 보십시오 (방화벽, 상대의 재시작); 킵얼라이브는 그런 연결을 더 일찍 치웁니다"},
    {rule(40), "symptom", "TIME-WAIT 기록이 많고, 새 기록이 버려집니다"},
    {rule(40), "cause", "TIME-WAIT 표가 한도에 이르렀습니다; 들어가지 않는 기록은 바로 없어지고, 늦은 옛 세그먼트가 새 연결에 닿을 수 있습니다."},
    {rule(40), "head", "TIME-WAIT 표가 가득 찼습니다: {limit}개 중 {count}개, {window} 동안 {TCPTimeWaitOverflow}개 없어짐"},
    {rule(40), "proof", "TCPTimeWaitOverflow +{TCPTimeWaitOverflow}; net.ipv4.tcp_max_tw_buckets는 {limit}"},
    {rule(40), "fix", "연결을 계속 쓰고 (keep-alive, 풀) 클라이언트가 먼저 닫게 하십시오; 또는 net.ipv4.tcp_max_tw_buckets를 올리십시오"},
    {rule(36), "symptom", "유지된 연결의 요청이 빈 응답을 받고 그다음 Broken pipe; 프록시는 502"},
    {rule(36), "cause", "상대가 이미 닫은 연결을 풀에서 꺼내 썼습니다: write는 되지만 상대가 리셋으로 답합니다."},
    {rule(36), "head", "{program}이 {idle} 동안 조용하던 fd {fd}로 {peer}에 요청을 씀: 상대는 그 전에 연결을 닫았음"},
    {rule(36), "proof", "요청을 쓸 때 CLOSE-WAIT, 그 뒤 리셋으로 끝남; 앞선 교환은 정상"},
    {rule(36), "fix", "쉬는 연결을 서버보다 짧게 유지하십시오; 쓰기 전에 읽을 수 있게 된 연결은 버리십시오 (poll, EPOLLRDHUP)"},
    {rule(36), "fix.retry", "여러 번 해도 되는 요청은 새 연결로 다시 보내십시오"},
    {rule(38), "head.call", "{program}의 fd {fd}가 ETIMEDOUT: {peer}가 데이터에도 탐침에도 응답하지 않음"},
    {rule(38), "proof.call", "연결은 동작했었음; 시작된 뒤 TCPAbortOnTimeout +{TCPAbortOnTimeout}, InDestUnreachs +{InDestUnreachs}"},
    {rule(41), "symptom", "연결이 갑자기 끝나고 로그에 \"TCP: out of memory\" 또는 \"too many orphaned sockets\""},
    {rule(41), "cause", "TCP가 쓸 수 있는 메모리를 다 썼거나, 닫힌 연결이 너무 많이 상대를 기다립니다: 커널이 연결을 끊습니다."},
    {rule(41), "head", "메모리가 모자라 커널이 {window} 동안 연결 {TCPAbortOnMemory}개를 끊음"},
    {rule(41), "head.near", "TCP 메모리가 곧 모자람: 페이지 {pagesmax} 중 {pages}, 주인 없는 연결 {orphansmax}개 중 {orphans}개"},
    {rule(41), "proof", "TCPAbortOnMemory +{TCPAbortOnMemory}; 주인 없는 연결 {orphansmax}개 중 {orphans}개 (tcp_max_orphans), 페이지 {pagesmax} 중 {pages} (tcp_mem)"},
    {rule(41), "fix", "누구의 닫힌 연결이 기다리는지 보십시오: ss -tan state fin-wait-1 state last-ack; tcp_orphan_retries를 낮추거나 tcp_max_orphans를 올리십시오"},
    {rule(41), "fix.memory", "누구의 큐가 긴지 보십시오: ss -tm; 프로그램이 읽게 하고 tcp_rmem과 tcp_wmem을 낮추거나 tcp_mem을 올리십시오"},
});
// clang-format on

}  // namespace

std::span<const Word> korean_close() { return texts; }

}  // namespace dt::rules
