// The standard ladders: one handshake without options but MSS, one way into every state.
#include "scenario/fixture.hpp"

#include "scenario/words.hpp"

namespace dt::scenario {
namespace {

constexpr std::string_view listening = R"(
socket    -> |                                          |
bind 80   -> |                                          |
listen 5  -> |                                          | LISTEN
)";
constexpr std::string_view syn_received = R"(
             |<- S 0:0(0) win 65535 <mss 1460> ---------|
             |-- S. 0:0(0) ack 1 ---------------------->| SYN-RECEIVED
)";
constexpr std::string_view accepted = R"(
             |<- . 1:1(0) ack 1 win 65535 --------------|
accept    -> |                                          | ESTABLISHED
)";
constexpr std::string_view syn_sent = R"(
socket    -> |                                          |
connect   -> |-- S 0:0(0) ----------------------------->| SYN-SENT
)";
constexpr std::string_view connected = R"(
             |<- S. 0:0(0) ack 1 win 65535 <mss 1460> --|
             |-- . 1:1(0) ack 1 ----------------------->| ESTABLISHED
)";
constexpr std::string_view peer_fin_first = R"(
             |<- F. 1:1(0) ack 1 win 65535 -------------|
             |-- . 1:1(0) ack 2 ----------------------->| CLOSE-WAIT
)";
constexpr std::string_view fin_acked = R"(
             |<- . 1:1(0) ack 2 win 65535 --------------| FIN-WAIT-2
)";
constexpr std::string_view fins_cross = R"(
             |<- F. 1:1(0) ack 1 win 65535 -------------|
             |-- . 2:2(0) ack 2 ----------------------->| CLOSING
)";
constexpr std::string_view peer_fin_last = R"(
             |<- F. 1:1(0) ack 2 win 65535 -------------|
             |-- . 2:2(0) ack 2 ----------------------->| TIME-WAIT
)";

/// How the connection came to be, and how the program closes it.
struct Way {
    bool is_active = false;
    bool is_closed = false;
};

std::string established(const Way& way) {
    if (way.is_active) return std::string(syn_sent) + std::string(connected);
    return std::string(listening) + std::string(syn_received) + std::string(accepted);
}

std::string fin(const Way& way, std::string_view ack, std::string_view state) {
    const std::string call = way.is_closed ? "close       -> " : "shutdown wr -> ";
    return call + "|-- F. 1:1(0) ack " + std::string(ack) + " ->| " + std::string(state) + "\n";
}

std::optional<std::string> opening(std::string_view state) {
    if (state == "LISTEN") return std::string(listening);
    if (state == "SYN-RECEIVED") return std::string(listening) + std::string(syn_received);
    if (state == "SYN-SENT") return std::string(syn_sent);
    return std::nullopt;
}

std::optional<std::string> closing(std::string_view state, const Way& way) {
    std::string text = established(way);
    if (state == "ESTABLISHED") return text;
    if (state == "CLOSE-WAIT" || state == "LAST-ACK") {
        text += peer_fin_first;
        if (state == "LAST-ACK") text += fin(way, "2", state);
        return text;
    }
    text += fin(way, "1", "FIN-WAIT-1");
    if (state == "FIN-WAIT-1") return text;
    if (state == "CLOSING") {
        text += fins_cross;
        return text;
    }
    text += fin_acked;
    if (state == "FIN-WAIT-2") return text;
    if (state == "TIME-WAIT") {
        text += peer_fin_last;
        return text;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> fixture(std::string_view given) {
    Complaint unused;
    Words words({given, {}}, unused);
    const auto state = words.take();
    if (words.empty()) {
        if (auto found = opening(state)) return found;
    }
    Way way;
    way.is_active = words.take("active");
    way.is_closed = words.take("closed");
    return words.empty() ? closing(state, way) : std::nullopt;
}

}  // namespace dt::scenario
