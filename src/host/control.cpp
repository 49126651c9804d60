// The control socket of a run (unix(7)): same user only, bounded clients and requests.
#include "host/control.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace dt::host {
namespace {

constexpr std::size_t answer_max = 256U << 20;  // octets

bool is_same_user(int fd) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
    return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

Control::Control(std::string path, os::UniqueFd listener, os::Epoll& epoll,
                 std::uint64_t first_token)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      epoll_(&epoll),
      first_token_(first_token) {}

Control::~Control() {
    if (listener_.is_open()) ::unlink(path_.c_str());
}

os::SysResult<Control> Control::open(const std::string& path, os::Epoll& epoll,
                                     std::uint64_t first_token) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof name.sun_path) return os::failed("bind", ENAMETOOLONG);
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    os::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.is_open()) return os::failed("socket");
    ::unlink(path.c_str());
    const mode_t before = ::umask(077);
    const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
    const int error = errno;
    ::umask(before);
    if (bound != 0) return os::failed("bind", error);
    if (::listen(listener.get(), clients_max) != 0) return os::failed("listen");
    if (auto added = epoll.add(listener.get(), EPOLLIN, first_token); !added) {
        return std::unexpected(added.error());
    }
    return Control(path, std::move(listener), epoll, first_token);
}

std::optional<Control::Request> Control::on_event(std::uint64_t token) {
    if (token == first_token_) {
        accept_one();
        return std::nullopt;
    }
    const auto index = static_cast<std::size_t>(token - first_token_ - 1);
    Client& client = clients_[index];
    if (!client.fd.is_open()) return std::nullopt;
    if (client.answers) {
        write_some(index);
        return std::nullopt;
    }
    std::array<char, 1024> part{};
    const ssize_t n = ::recv(client.fd.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (n > 0) client.text.append(part.data(), static_cast<std::size_t>(n));
    const std::size_t end = client.text.find('\n');
    if (end != std::string::npos) {
        client.answers = true;
        return Request{index, client.text.substr(0, end)};
    }
    const bool waits = n < 0 && errno == EAGAIN;
    if ((n <= 0 && !waits) || client.text.size() > request_max) drop(index);
    return std::nullopt;
}

void Control::accept_one() {
    os::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.is_open() || !is_same_user(fd.get())) return;
    const auto place = free_place();
    if (!place) {
        constexpr std::string_view busy = "{\"error\":\"too many ask at once\"}\n";
        (void)::send(fd.get(), busy.data(), busy.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    if (!epoll_->add(fd.get(), EPOLLIN, first_token_ + 1 + *place)) return;
    clients_[*place] = Client{std::move(fd), ++arrivals_, {}, 0, false};
}

std::optional<std::size_t> Control::free_place() {
    std::optional<std::size_t> idle;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        if (!clients_[i].fd.is_open()) return i;
        if (clients_[i].answers) continue;
        if (!idle || clients_[i].arrival < clients_[*idle].arrival) idle = i;
    }
    if (idle) drop(*idle);
    return idle;
}

void Control::answer(std::size_t client, std::string line) {
    if (line.size() > answer_max) line = R"({"error":"the answer is too long"})";
    clients_[client].text = std::move(line) + "\n";
    write_some(client);
}

void Control::write_some(std::size_t client) {
    Client& to = clients_[client];
    const std::string_view left = std::string_view(to.text).substr(to.written);
    const ssize_t n = ::send(to.fd.get(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return drop(client);
    if (n > 0) to.written += static_cast<std::size_t>(n);
    if (to.written == to.text.size()) return drop(client);
    const std::uint64_t token = first_token_ + 1 + client;
    (void)epoll_->change(to.fd.get(), EPOLLOUT, token);
}

void Control::drop(std::size_t client) { clients_[client] = Client{}; }

}  // namespace dt::host
