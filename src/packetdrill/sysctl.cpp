// Reads /proc/sys/net: numbers, and lines of three for buffers
// (Documentation/networking/ip-sysctl).
#include "packetdrill/sysctl.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace dt::packetdrill {
namespace {

using event::Switch;

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

}  // namespace

Config read_settings(const std::string& root, const Config& base) {
    Config config = base;
    const Settings from(root);
    from.take(config.somaxconn, "core/somaxconn");
    from.take(config.synack_retries, "ipv4/tcp_synack_retries");
    from.take(config.syn_retries, "ipv4/tcp_syn_retries");
    from.take(config.syn_linear_timeouts, "ipv4/tcp_syn_linear_timeouts");
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
    const auto overflow = from.number("ipv4/tcp_abort_on_overflow");
    if (overflow) {
        config.accept_overflow = *overflow != 0 ? event::Overflow::reset : event::Overflow::ignore;
    }
    return config;
}

}  // namespace dt::packetdrill
