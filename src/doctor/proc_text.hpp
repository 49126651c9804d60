// Texts of /proc as values (proc(5)). Pure: what cannot be read in them is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evidence.hpp"

namespace dt::doctor {

/// /proc/net/snmp and /proc/net/netstat: a line of names and a line of numbers for each table.
void read_counter_tables(std::string_view text, rules::Counters& out);
/// /proc/net/stat/nf_conntrack: a line of names, then hexadecimal numbers, a line a processor.
void read_conntrack(std::string_view text, rules::Counters& out);
/// The value of a key in /proc/net/sockstat: the number after `field` on the line of `table`.
[[nodiscard]] std::optional<std::uint64_t> sockstat(std::string_view text, std::string_view table,
                                                    std::string_view field);
/// The soft limit `Max open files` of /proc/PID/limits; nothing where it is unlimited.
[[nodiscard]] std::optional<std::uint64_t> open_files_max(std::string_view limits);
/// User and system time of /proc/PID/stat, in clock ticks.
[[nodiscard]] std::optional<std::uint64_t> cpu_ticks(std::string_view stat);
/// The numbers of a setting: `32768 60999`.
[[nodiscard]] std::vector<std::uint64_t> numbers_in(std::string_view text);
/// `net.ipv4.ip_local_reserved_ports`: `8080,9148-9150`.
[[nodiscard]] std::vector<rules::PortRange> port_ranges(std::string_view text);
/// `CapEff` of /proc/PID/status.
[[nodiscard]] std::optional<std::uint64_t> effective_capabilities(std::string_view status);
/// The words of /proc/PID/cmdline with a space between; control characters become `?`.
[[nodiscard]] std::string command_line(std::string_view words);
/// The inode in the target of a link /proc/PID/fd/N: `socket:[1234]`.
[[nodiscard]] std::optional<std::uint32_t> socket_inode(std::string_view link);

}  // namespace dt::doctor
