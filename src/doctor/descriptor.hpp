// A socket of another process, looked at through a duplicate of its descriptor (pidfd_getfd).
#pragma once

#include <sys/types.h>

#include <optional>

#include "doctor/sockaddr.hpp"
#include "rules/evidence.hpp"

namespace dt::doctor {

struct Looked {
    rules::SocketOptions options;
    rules::Protocol protocol = rules::Protocol::tcp;
    std::optional<rules::TcpInfo> info;
};

/// Options, names and tcp_info; nothing where the descriptor may not be taken or is no socket.
[[nodiscard]] std::optional<Looked> options_of(pid_t pid, int fd);
/// The effective user of the call's process, and whether it may bind low ports.
void describe_process(rules::Call& call);

}  // namespace dt::doctor
