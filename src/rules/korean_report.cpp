// Texts of the report rules, korean.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(0), "certain", "확실"},
    {rule(0), "likely", "유력"},
    {rule(0), "proof", "증거"},
    {rule(0), "fix", "조치"},
    {rule(0), "decide", "가르기"},
    {rule(0), "finding", "진단 1개"},
    {rule(0), "findings", "진단 {count}개"},
    {rule(0), "sockets.one", "TCP 소켓 1개"},
    {rule(0), "sockets.many", "TCP 소켓 {count}개"},
    {rule(0), "listeners.one", "리스너 1개"},
    {rule(0), "listeners.many", "리스너 {count}개"},
    {rule(0), "hosts.one", "호스트 1개"},
    {rule(0), "hosts.many", "호스트 {count}개"},
    {rule(0), "host", "{name}, Linux {kernel}: {sockets}, {listeners}, uid {uid}(으)로 {window} 동안 읽음. {found}."},
    {rule(0), "nothing", "진단 없음: {sockets}, {listeners}, {window} 동안 규칙 {rules}개"},
    {rule(0), "nothing.target", "진단 없음"},
    {rule(0), "reading", "{window} 동안 소켓과 카운터를 읽습니다"},
    {rule(0), "hidden", "uid {uid}(으)로 읽을 수 없음: {listeners}의 소유자 (이들에는 R27을 건너뜀)."},
    {rule(0), "unseen", "읽을 수 없음: {what} ({why})."},
    {rule(0), "listener", "{listener} {owner}: 큐 {waiting}/{limit}, {window} 동안 무시된 SYN 없음, ESTABLISHED {established}개, TIME-WAIT {timewait}개"},
    {rule(0), "no.listener", "{listener}: 이곳에 리스너 없음, ESTABLISHED {established}개, TIME-WAIT {timewait}개"},
    {rule(0), "peer", "{listener}: 이 호스트에서 ESTABLISHED {established}개, TIME-WAIT {timewait}개"},
    {rule(0), "nobody.speaks", "증거 부족: 이 호스트의 어느 소켓도 {listener}와 이야기하지 않습니다; connect가 왜 실패하는지: dialtone doctor -- PROGRAM"},
    {rule(0), "process", "{program}: {sockets}, LISTEN {listeners}개, CLOSE-WAIT {closewait}개, {window} 동안 읽음"},
    {rule(0), "command", "실패하거나 기다린 소켓 호출 가운데 규칙이 아는 까닭이 있는 것은 없음"},
    {rule(0), "command.found", "명령의 실패하거나 기다린 소켓 호출: {found}"},
    {rule(0), "capture.head", "{file}에서 읽음: 패킷 {packets}개, TCP 흐름 {flows}개; 캡처에는 커널 카운터가 없어 규칙 {skipped}개를 건너뜀. {found}."},
    {rule(0), "capture.nothing", "{file}에서 진단 없음: 패킷 {packets}개, TCP 흐름 {flows}개; 캡처에는 커널 카운터가 없어 규칙 {skipped}개를 건너뜀"},
    {rule(0), "capture.cut", "파일이 중간에 끝남: {why}"},
    {rule(0), "recording.head", "{file}을(를) 재생하여 읽음: {time} 동안 {hosts}의 이벤트 {events}개. {found}."},
    {rule(0), "recording.nothing", "{file}을(를) 재생: 진단 없음, {time} 동안 {hosts}의 이벤트 {events}개, 규칙 {rules}개"},
    {rule(0), "place.window", "호스트 {name}, 실행의 {from}부터 {at}까지"},
    {rule(0), "place.call", "호스트 {name}, 실행의 {at}: {event}"},
    {rule(0), "probe", "시험 소켓 하나를 포트 {port}에 bind하고 바로 닫았습니다 (--no-probe: 하지 않음)"},
    {rule(0), "hidden.pid", "증거 부족: pid {pid}는 uid {owneruid}의 것이라 그 소켓을 가려낼 수 없습니다"},
    {rule(0), "sudo.pid", "sudo dialtone doctor pid {pid}"},
    {rule(0), "gone.pid", "증거 부족: 프로세스 {pid}가 없습니다"},
    {rule(0), "unexplained", "증거 부족: {program}[{pid}]의 {call} = {errno}, 설명하는 규칙이 없습니다"},
    {rule(0), "fine", "정상: {areas}."},
    {rule(0), "fine.accept_queue", "수락 큐"},
    {rule(0), "fine.syn_queue", "SYN 큐"},
    {rule(0), "fine.resets", "리셋"},
    {rule(0), "fine.retransmissions", "재전송 {share}"},
    {rule(0), "fine.receivers", "받는 쪽"},
    {rule(0), "fine.closing", "닫기"},
    {rule(0), "fine.ports", "임시 포트"},
    {rule(0), "fine.udp_drops", "UDP 유실"},
    {rule(0), "fine.checksums", "체크섬"},
    {rule(0), "fine.memory", "메모리"},
    {rule(0), "fine.conntrack", "연결 추적"},
    {rule(0), "fine.neighbours", "이웃"},
    {rule(0), "watching", "{name}: {sockets}, {listeners}; 지금 {found}; Ctrl-C로 끝냄"},
    {rule(0), "watch.gone", "{subject} {time} 동안 조용함"},
    {rule(0), "watch.gone.queue", "{subject} {waiting}/{limit} {time} 동안 조용함"},
    {rule(0), "address", "{name}의 주소는 {address}"},
    {rule(0), "command.line", "pid {pid}: {line}"},
});
// clang-format on

}  // namespace

std::span<const Word> korean_report() { return texts; }

}  // namespace dt::rules
