// Words for calls, flags, options and verdicts.
#include "observe/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/errno.hpp"

namespace dt::observe {

namespace {

struct OptionName {
    int level;
    int name;
    std::string_view text;
};

// Linux numbers (asm-generic/socket.h, linux/tcp.h, linux/in.h).
constexpr auto option_names = std::to_array<OptionName>({
    {1, 2, "SO_REUSEADDR"},
    {1, 3, "SO_TYPE"},
    {1, 4, "SO_ERROR"},
    {1, 6, "SO_BROADCAST"},
    {1, 7, "SO_SNDBUF"},
    {1, 8, "SO_RCVBUF"},
    {1, 9, "SO_KEEPALIVE"},
    {1, 10, "SO_OOBINLINE"},
    {1, 13, "SO_LINGER"},
    {1, 15, "SO_REUSEPORT"},
    {1, 18, "SO_RCVLOWAT"},
    {1, 20, "SO_RCVTIMEO"},
    {1, 21, "SO_SNDTIMEO"},
    {1, 30, "SO_ACCEPTCONN"},
    {1, 38, "SO_PROTOCOL"},
    {1, 39, "SO_DOMAIN"},
    {6, 1, "TCP_NODELAY"},
    {6, 2, "TCP_MAXSEG"},
    {6, 3, "TCP_CORK"},
    {6, 4, "TCP_KEEPIDLE"},
    {6, 5, "TCP_KEEPINTVL"},
    {6, 6, "TCP_KEEPCNT"},
    {6, 7, "TCP_SYNCNT"},
    {6, 8, "TCP_LINGER2"},
    {6, 9, "TCP_DEFER_ACCEPT"},
    {6, 11, "TCP_INFO"},
    {6, 12, "TCP_QUICKACK"},
    {6, 13, "TCP_CONGESTION"},
    {6, 18, "TCP_USER_TIMEOUT"},
    {6, 23, "TCP_FASTOPEN"},
    {0, 1, "IP_TOS"},
    {0, 2, "IP_TTL"},
    {0, 10, "IP_MTU_DISCOVER"},
    {0, 11, "IP_RECVERR"},
    {0, 24, "IP_BIND_ADDRESS_NO_PORT"},
});

std::string outcome(const event::CallMade& call) {
    return call.error ? fmt::format(" {}", base::describe(*call.error).name) : std::string{};
}

/// One that waits is told twice: when it begins, and what it gave when it returned.
std::string connect_outcome(const event::CallMade& call) {
    constexpr std::int32_t waits = 1;  // sock::Asking
    constexpr std::int32_t still = 2;
    if (call.name == waits && call.error == Error::in_progress) return " waits";
    if (call.name == still && !call.error) return " = 0";
    return outcome(call);
}

std::string descriptor(int fd) { return fd < 0 ? std::string{"?"} : std::to_string(fd); }

std::string_view how(int number) {
    constexpr std::array<std::string_view, 3> names{"RD", "WR", "RDWR"};
    return number >= 0 && number < 3 ? names[static_cast<std::size_t>(number)] : "?";
}

}  // namespace

std::string flag_letters(wire::TcpFlags flags) {
    std::string letters;
    if (flags.syn()) letters += 'S';
    if (flags.fin()) letters += 'F';
    if (flags.rst()) letters += 'R';
    if (flags.psh()) letters += 'P';
    if (flags.urg()) letters += 'U';
    if (flags.ack()) letters += '.';
    return letters.empty() ? std::string{"-"} : letters;
}

std::string_view kind_of(wire::TcpFlags flags, std::uint32_t length) {
    if (flags.rst()) return "RST";
    if (flags.syn()) return flags.ack() ? "SYN-ACK" : "SYN";
    if (flags.fin()) return "FIN";
    return length > 0 ? "data" : "ACK";
}

std::string_view verdict_of(event::Reason reason) {
    constexpr auto answered_by_rst = std::to_array({
        event::Reason::no_listener,
        event::Reason::bound_but_not_listening,
        event::Reason::ack_unacceptable,
        event::Reason::data_after_close,
        event::Reason::other_syn_in_syn_received,
    });
    return std::ranges::find(answered_by_rst, reason) != answered_by_rst.end() ? "refused"
                                                                               : "ignored";
}

std::string_view short_form(event::Reason reason) {
    if (reason == event::Reason::accept_queue_full) return "full";
    if (reason == event::Reason::syn_queue_full) return "SYN queue full";
    if (reason == event::Reason::no_listener) return "no listener";
    return event::describe(reason).name;
}

bool is_answer_to_segment(event::Cause cause) {
    switch (cause) {
        case event::Cause::rcv_syn:
        case event::Cause::rcv_syn_ack:
        case event::Cause::rcv_ack_of_syn:
        case event::Cause::rcv_fin:
        case event::Cause::rcv_fin_and_ack_of_fin:
        case event::Cause::rcv_ack_of_fin:
        case event::Cause::rcv_rst:
        case event::Cause::replaced: return true;
        case event::Cause::passive_open:
        case event::Cause::active_open:
        case event::Cause::close:
        case event::Cause::abort:
        case event::Cause::user_timeout:
        case event::Cause::time_wait_timeout:
        case event::Cause::orphan_timeout:
        case event::Cause::icmp_error: return false;
    }
    std::unreachable();
}

std::string option_name(int level, int name) {
    for (const OptionName& option : option_names) {
        if (option.level == level && option.name == name) return std::string{option.text};
    }
    return fmt::format("option {}/{}", level, name);
}

std::string call_wording(const event::CallMade& call, int fd, int created_fd) {
    const std::string d = descriptor(fd);
    switch (call.call) {
        case event::Call::socket:
            return call.error ? fmt::format("socket(){}", outcome(call))
                              : fmt::format("socket() = {}", descriptor(created_fd));
        case event::Call::bind:
            return fmt::format("bind({}, {}){}", d, wire::print(call.argument).view(),
                               outcome(call));
        case event::Call::listen:
            return fmt::format("listen({}, {}){}", d, call.name, outcome(call));
        case event::Call::connect: return fmt::format("connect({}){}", d, connect_outcome(call));
        case event::Call::disconnect: return fmt::format("disconnect({}){}", d, outcome(call));
        case event::Call::accept:
            return call.error ? fmt::format("accept({}){}", d, outcome(call))
                              : fmt::format("accept({}) = {}", d, descriptor(created_fd));
        case event::Call::shutdown:
            return fmt::format("shut {} of {}{}", how(call.name), d, outcome(call));
        case event::Call::close: return fmt::format("last close of {}", d);
        case event::Call::send: return fmt::format("send({}){}", d, outcome(call));
        case event::Call::receive: return fmt::format("recv({}){}", d, outcome(call));
        case event::Call::get_option:
        case event::Call::set_option:
            return fmt::format("{}({}) = {}{}", option_name(call.level, call.name), d, call.value,
                               outcome(call));
        case event::Call::connect_done:
        case event::Call::local_name:
        case event::Call::peer_name: return {};
    }
    std::unreachable();
}

}  // namespace dt::observe
