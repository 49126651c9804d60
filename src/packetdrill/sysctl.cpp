// Reads /proc/sys/net: numbers, and lines of three for buffers
// (Documentation/networking/ip-sysctl).
#include "packetdrill/sysctl.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dt::packetdrill {
namespace {

using event::Switch;

constexpr std::uint32_t burst_max = 44;  // segments of 1460 octets in an IP packet

class Settings {
  public:
    explicit Settings(std::string root) : root_(std::move(root)) {}

    [[nodiscard]] std::optional<std::int64_t> number(const char* name) const {
        return field(name, 0);
    }
    /// The n-th number of a line.
    [[nodiscard]] std::optional<std::int64_t> field(const char* name, unsigned index) const {
        std::ifstream file(root_ + "/" + name);
        std::int64_t value = 0;
        for (unsigned i = 0; i <= index; ++i) {
            if (!(file >> value)) return std::nullopt;
        }
        return value;
    }

    template <class Number>
    void take(Number& to, const char* name, unsigned index = 0) const {
        const auto value = field(name, index);
        if (value && std::in_range<Number>(*value)) to = static_cast<Number>(*value);
    }
    [[nodiscard]] std::string line(const char* name) const {
        std::ifstream file(root_ + "/" + name);
        std::string text;
        std::getline(file, text);
        return text;
    }
    void take_seconds(Duration& to, const char* name) const {
        const auto value = number(name);
        if (value && *value > 0) to = std::chrono::seconds{*value};
    }
    void take_switch(Switch& to, const char* name) const {
        const auto value = number(name);
        if (value) to = *value != 0 ? Switch::on : Switch::off;
    }

  private:
    std::string root_;
};

void take_recovery(Config& config, const Settings& from) {
    from.take_switch(config.sack, "ipv4/tcp_sack");
    from.take_switch(config.dsack, "ipv4/tcp_dsack");
    from.take(config.recovery, "ipv4/tcp_recovery");
    from.take(config.early_retransmit, "ipv4/tcp_early_retrans");
    from.take(config.frto, "ipv4/tcp_frto");
    from.take(config.reordering, "ipv4/tcp_reordering");
    from.take(config.reordering_max, "ipv4/tcp_max_reordering");
    from.take_seconds(config.min_rtt_window, "ipv4/tcp_min_rtt_wlen");
    from.take_switch(config.slow_start_after_idle, "ipv4/tcp_slow_start_after_idle");
    from.take_switch(config.moderate_receive_buffer, "ipv4/tcp_moderate_rcvbuf");
    const auto ecn = from.number("ipv4/tcp_ecn");
    if (ecn == 0) config.ecn = event::Ecn::off;
    if (ecn == 1) config.ecn = event::Ecn::on;
    if (ecn == 2) config.ecn = event::Ecn::passive;
    const std::string controller = from.line("ipv4/tcp_congestion_control");
    if (controller == "reno") config.congestion = event::CongestionControl::reno;
    if (controller == "bbr") config.congestion = event::CongestionControl::bbr;
    if (controller == "cubic") config.congestion = event::CongestionControl::cubic;
}

/// Settings of three values: 0, 1 and 2 are the enumerators in their order.
template <class Choice>
void take_choice(Choice& to, std::optional<std::int64_t> value) {
    if (value && *value >= 0 && *value <= 2) to = static_cast<Choice>(*value);
}

void take_choices(Config& config, const Settings& from) {
    take_choice(config.time_wait_reuse, from.number("ipv4/tcp_tw_reuse"));
    take_choice(config.syn_cookies, from.number("ipv4/tcp_syncookies"));
    take_choice(config.mtu_probing, from.number("ipv4/tcp_mtu_probing"));
    from.take(config.mtu_base_mss, "ipv4/tcp_base_mss");
    from.take(config.pacing_slow_start_percent, "ipv4/tcp_pacing_ss_ratio");
    from.take(config.pacing_percent, "ipv4/tcp_pacing_ca_ratio");
}

/// One key as four words in hexadecimal with '-' between; the kernel keeps them little-endian.
std::optional<SipKey> key_of(std::string_view text) {
    std::array<std::uint64_t, 4> words{};
    for (std::uint64_t& word : words) {
        const std::string_view part = text.substr(0, text.find('-'));
        const auto parsed = std::from_chars(part.data(), part.data() + part.size(), word, 16);
        if (parsed.ec != std::errc{} || word > 0xffffffffU) return std::nullopt;
        text.remove_prefix(std::min(text.size(), part.size() + 1));
    }
    return SipKey{words[1] << 32 | words[0], words[3] << 32 | words[2]};
}

/// The newest key, and the one before it behind a comma.
void take_keys(Config& config, std::string_view line) {
    const std::size_t comma = line.find(',');
    const auto newest = key_of(line.substr(0, comma));
    if (!newest) return;
    config.fast_open_keys[0] = *newest;
    config.fast_open_key_count = 1;
    if (comma == std::string_view::npos) return;
    if (const auto before = key_of(line.substr(comma + 1))) {
        config.fast_open_keys[1] = *before;
        config.fast_open_key_count = 2;
    }
}

}  // namespace

Config read_settings(const std::string& root, const Config& base) {
    Config config = base;
    const Settings from(root);
    from.take(config.somaxconn, "core/somaxconn");
    from.take(config.synack_retries, "ipv4/tcp_synack_retries");
    from.take(config.syn_retries, "ipv4/tcp_syn_retries");
    from.take(config.syn_linear_timeouts, "ipv4/tcp_syn_linear_timeouts");
    from.take(config.retries_1, "ipv4/tcp_retries1");
    from.take(config.retries_2, "ipv4/tcp_retries2");
    from.take(config.port_first, "ipv4/ip_local_port_range");
    from.take(config.port_last, "ipv4/ip_local_port_range", 1);
    from.take_seconds(config.fin_wait_2, "ipv4/tcp_fin_timeout");
    from.take_switch(config.window_scaling, "ipv4/tcp_window_scaling");
    from.take_switch(config.timestamps, "ipv4/tcp_timestamps");
    from.take(config.receive_buffer, "ipv4/tcp_rmem", 1);
    from.take(config.receive_buffer_max, "ipv4/tcp_rmem", 2);
    from.take(config.send_buffer, "ipv4/tcp_wmem", 1);
    from.take(config.send_buffer_max, "ipv4/tcp_wmem", 2);
    from.take(config.notsent_lowat, "ipv4/tcp_notsent_lowat");
    from.take(config.fast_open, "ipv4/tcp_fastopen");
    take_recovery(config, from);
    take_choices(config, from);
    take_keys(config, from.line("ipv4/tcp_fastopen_key"));
    const auto overflow = from.number("ipv4/tcp_abort_on_overflow");
    if (overflow) {
        config.accept_overflow = *overflow != 0 ? event::Overflow::reset : event::Overflow::ignore;
    }
    return config;
}

std::uint32_t least_burst(const std::string& root) {
    std::uint32_t segments = 2;  // Linux's default
    Settings(root).take(segments, "ipv4/tcp_min_tso_segs");
    return std::clamp(segments, 1U, burst_max);
}

Segments device_segments(const std::string& device) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return Segments::yes;
    ethtool_value value{.cmd = ETHTOOL_GGSO, .data = 1};
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    const int asked = ::ioctl(fd, SIOCETHTOOL, &request);
    ::syscall(SYS_close, fd);
    return asked < 0 || value.data != 0 ? Segments::yes : Segments::no;
}

}  // namespace dt::packetdrill
