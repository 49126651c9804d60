// The control socket of a run: another terminal asks, one line of JSON a request, and is answered
// between two turns of the loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/epoll.hpp"
#include "os/failure.hpp"
#include "os/fd.hpp"

namespace dt::host {

class Control {
  public:
    static constexpr std::size_t clients_max = 16;
    static constexpr std::size_t request_max = 4096;  ///< octets

    /// Listens at `path`, for this user only. Tokens `first_token` and the clients_max after it
    /// are used in `epoll`. Errors of bind(), among them ENAMETOOLONG.
    [[nodiscard]] static os::SysResult<Control> open(const std::string& path, os::Epoll& epoll,
                                                     std::uint64_t first_token);
    Control(Control&&) = default;
    Control& operator=(Control&&) = delete;
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    ~Control();

    [[nodiscard]] bool owns(std::uint64_t token) const {
        return token >= first_token_ && token <= first_token_ + clients_max;
    }
    struct Request {
        std::size_t client = 0;
        std::string line;
    };
    /// What became ready; a request once its line is complete.
    [[nodiscard]] std::optional<Request> on_event(std::uint64_t token);
    /// Sends `line` and a line feed, as far as the client takes it at once, and ends the talk.
    void answer(std::size_t client, std::string line);

  private:
    Control(std::string path, os::UniqueFd listener, os::Epoll& epoll, std::uint64_t first_token);
    void accept_one();
    void drop(std::size_t client);

    struct Client {
        os::UniqueFd fd;
        std::uint64_t arrival = 0;  // its place among all clients that came
        std::string text;           // read so far, or the answer
        std::size_t written = 0;    // of the answer
        bool answers = false;       // its request came
    };
    /// A place for one more client; where all are taken, that of who waits longest without a
    /// request.
    [[nodiscard]] std::optional<std::size_t> free_place();
    void write_some(std::size_t client);

    std::string path_;
    os::UniqueFd listener_;
    os::Epoll* epoll_;
    std::uint64_t first_token_;
    std::uint64_t arrivals_ = 0;
    std::vector<Client> clients_ = std::vector<Client>(clients_max);
};

}  // namespace dt::host
