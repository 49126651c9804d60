// Socket options by their names.
#include "scenario/option_value.hpp"

#include <array>
#include <cstring>
#include <vector>

#include "base/errno.hpp"
#include "scenario/words.hpp"
#include "sock/options.hpp"
#include "sock/tcp_info.hpp"

namespace dt::scenario {
namespace {

struct OptionName {
    std::int32_t level;
    std::int32_t name;
};

template <class Rows>
std::optional<OptionName> find_in(Rows rows, std::string_view symbol) {
    for (const auto& row : rows) {
        if (row.symbol == symbol) return OptionName{row.level, row.name};
    }
    return std::nullopt;
}

/// `LEVEL:NAME` in numbers, for options that do not exist.
std::optional<OptionName> by_number(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto level = number_in<std::int32_t>(text.substr(0, colon), 0, 0xffff);
    const auto name = number_in<std::int32_t>(text.substr(colon + 1), 0, 0xffff);
    if (!level || !name) return std::nullopt;
    return OptionName{*level, *name};
}

std::optional<OptionName> option_named(std::string_view symbol) {
    if (auto found = find_in(sock::number_rows(), symbol)) return found;
    if (auto found = find_in(sock::layout_rows(), symbol)) return found;
    if (auto found = find_in(sock::remembered_rows(), symbol)) return found;
    return by_number(symbol);
}

struct InfoField {
    std::string_view name;
    std::uint64_t (*get)(const sock::TcpInfo& info);
};
constexpr auto info_fields = std::to_array<InfoField>({
    {"tcpi_state", [](const sock::TcpInfo& i) -> std::uint64_t { return i.state; }},
    {"tcpi_unacked", [](const sock::TcpInfo& i) -> std::uint64_t { return i.unacked; }},
    {"tcpi_sacked", [](const sock::TcpInfo& i) -> std::uint64_t { return i.sacked; }},
    {"tcpi_snd_cwnd", [](const sock::TcpInfo& i) -> std::uint64_t { return i.snd_cwnd; }},
    {"tcpi_snd_mss", [](const sock::TcpInfo& i) -> std::uint64_t { return i.snd_mss; }},
    {"tcpi_rto", [](const sock::TcpInfo& i) -> std::uint64_t { return i.rto; }},
    {"tcpi_ca_state", [](const sock::TcpInfo& i) -> std::uint64_t { return i.ca_state; }},
    {"tcpi_lost", [](const sock::TcpInfo& i) -> std::uint64_t { return i.lost; }},
    {"tcpi_retrans", [](const sock::TcpInfo& i) -> std::uint64_t { return i.retrans; }},
    {"tcpi_snd_ssthresh", [](const sock::TcpInfo& i) -> std::uint64_t { return i.snd_ssthresh; }},
    {"tcpi_reordering", [](const sock::TcpInfo& i) -> std::uint64_t { return i.reordering; }},
    {"tcpi_delivered", [](const sock::TcpInfo& i) -> std::uint64_t { return i.delivered; }},
    {"tcpi_total_retrans", [](const sock::TcpInfo& i) -> std::uint64_t { return i.total_retrans; }},
    {"tcpi_dsack_dups", [](const sock::TcpInfo& i) -> std::uint64_t { return i.dsack_dups; }},
    {"tcpi_min_rtt", [](const sock::TcpInfo& i) -> std::uint64_t { return i.min_rtt; }},
    {"tcpi_ato", [](const sock::TcpInfo& i) -> std::uint64_t { return i.ato; }},
    {"tcpi_options", [](const sock::TcpInfo& i) -> std::uint64_t { return i.options; }},
    {"tcpi_retransmits", [](const sock::TcpInfo& i) -> std::uint64_t { return i.retransmits; }},
});

constexpr std::size_t value_max = 512;

std::string info_text(stack::Calls calls, sock::SocketId socket, const InfoField& field) {
    std::array<std::byte, value_max> octets{};
    const auto got =
        calls.get_option(socket, sock::number::ipproto_tcp, sock::number::tcp_info, octets);
    if (!got) return errno_name(got.error());
    sock::TcpInfo info{};
    std::memcpy(&info, octets.data(), sizeof info);
    return std::to_string(field.get(info));
}

/// Ints with commas between them.
std::string ints(Octets octets) {
    std::string text;
    for (std::size_t at = 0; at + 4 <= octets.size(); at += 4) {
        std::int32_t value = 0;
        std::memcpy(&value, octets.data() + at, sizeof value);
        text += (text.empty() ? "" : ",") + std::to_string(value);
    }
    return text;
}

std::string value_text(std::string_view name, Octets octets) {
    if (name == "TCP_CONGESTION" || name == "SO_BINDTODEVICE") {
        std::string text;
        for (const std::byte octet : octets) {
            if (octet != std::byte{}) text += static_cast<char>(octet);
        }
        return text;
    }
    std::string text = ints(octets);
    if (name != "SO_ERROR" || text == "0") return text;
    const auto number = number_in<std::int32_t>(text, 0, 0xffff);
    const auto error = base::error_of(number.value_or(0));
    return error ? errno_name(*error) : text;
}

bool is_time(std::string_view name) { return name == "SO_RCVTIMEO" || name == "SO_SNDTIMEO"; }

template <class T>
void put(std::vector<std::byte>& octets, T value) {
    const auto bytes = std::as_bytes(std::span{&value, 1});
    octets.insert(octets.end(), bytes.begin(), bytes.end());
}

std::vector<std::byte> value_octets(std::string_view name, std::string_view value) {
    std::vector<std::byte> octets;
    for (const Piece& piece : parts_of({value, {}}, ',')) {
        const auto number = number_in<std::int64_t>(piece.text, INT32_MIN, INT32_MAX);
        if (!number) {
            octets.clear();
            for (const char c : value) octets.push_back(static_cast<std::byte>(c));
            return octets;
        }
        if (is_time(name)) {
            put(octets, *number);
        } else {
            put(octets, static_cast<std::int32_t>(*number));
        }
    }
    return octets;
}

}  // namespace

std::string errno_name(Error error) { return std::string(base::describe(error).name); }

std::optional<std::string> get_option(stack::Calls calls, sock::SocketId socket,
                                      std::string_view name) {
    for (const InfoField& field : info_fields) {
        if (field.name == name) return info_text(calls, socket, field);
    }
    const auto option = option_named(name);
    if (!option) return std::nullopt;
    std::array<std::byte, value_max> octets{};
    const auto got = calls.get_option(socket, option->level, option->name, octets);
    if (!got) return errno_name(got.error());
    return value_text(name, Octets(octets).first(std::min(*got, value_max)));
}

std::optional<std::string> set_option(stack::Calls calls, sock::SocketId socket,
                                      std::string_view name, std::string_view value) {
    const auto option = option_named(name);
    if (!option) return std::nullopt;
    const auto octets = value_octets(name, value);
    const Status done = calls.set_option(socket, option->level, option->name, octets);
    return done ? "ok" : errno_name(done.error());
}

}  // namespace dt::scenario
