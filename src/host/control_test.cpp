// The control socket of a run: who is answered where many hold on, and long answers.
#include "host/control.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "host/testing_play.hpp"

namespace dt::host {
namespace {

constexpr std::uint64_t tokens = 100;

class ControlTest : public ::testing::Test {
  protected:
    ControlTest()
        : epoll(*os::Epoll::make()),
          control(*Control::open(folder.file("c.sock"), epoll, tokens)) {}

    os::UniqueFd connect() {
        os::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::strncpy(name.sun_path, folder.file("c.sock").c_str(), sizeof name.sun_path - 1);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
        turn();
        return fd;
    }
    void ask(const os::UniqueFd& fd) {
        EXPECT_EQ(::send(fd.get(), "{}\n", 3, MSG_NOSIGNAL), 3);
        turn();
    }
    /// Handles what is ready; requests are answered with `reply`, unless it is empty.
    void turn() {
        std::array<epoll_event, 64> room{};
        for (const epoll_event& event : epoll.wait(room, Duration::zero())) {
            const auto request = control.on_event(event.data.u64);
            if (request && !reply.empty()) control.answer(request->client, reply);
        }
    }
    static std::string read(const os::UniqueFd& fd) {
        std::array<char, 65536> part{};
        const ssize_t n = ::recv(fd.get(), part.data(), part.size(), MSG_DONTWAIT);
        return n > 0 ? std::string(part.data(), static_cast<std::size_t>(n)) : std::string{};
    }

    testing::Folder folder;
    os::Epoll epoll;
    Control control;
    std::string reply = "done";
};

TEST_F(ControlTest, ClientsThatSayNothingDoNotLockOthersOut) {
    std::vector<os::UniqueFd> idle;
    for (std::size_t i = 0; i < 3 * Control::clients_max; ++i) idle.push_back(connect());
    const os::UniqueFd asker = connect();
    ask(asker);
    EXPECT_EQ(read(asker), "done\n");
}

TEST_F(ControlTest, WhereAllWaitForAnAnswerTheNextIsTold) {
    reply.clear();
    std::vector<os::UniqueFd> waiting;
    for (std::size_t i = 0; i < Control::clients_max; ++i) {
        waiting.push_back(connect());
        ask(waiting.back());
    }
    EXPECT_EQ(read(connect()), "{\"error\":\"too many ask at once\"}\n");
}

TEST_F(ControlTest, ALongAnswerArrivesInPieces) {
    reply = std::string(5'000'000, 'x') + "end";
    const os::UniqueFd asker = connect();
    ask(asker);
    std::string whole;
    for (int i = 0; i < 10'000 && !whole.ends_with("end\n"); ++i) {
        whole += read(asker);
        turn();
    }
    EXPECT_EQ(whole.size(), reply.size() + 1);
}

}  // namespace
}  // namespace dt::host
