// Memory by count: after warm-up nothing on the packet path allocates (STYLE.md, Ownership), and an
// idle connection takes little. Two stacks on a wire, every operator new of the program counted.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>

#include <cstdlib>
#include <new>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/ring.hpp"
#include "stack/turn.hpp"

namespace {

std::size_t& allocations() {
    static std::size_t count = 0;
    return count;
}
/// On the heap now.
std::size_t& octets_held() {
    static std::size_t count = 0;
    return count;
}

}  // namespace

void* operator new(std::size_t size) {
    ++allocations();
    void* const memory = std::malloc(size);
    if (memory == nullptr) std::abort();
    octets_held() += malloc_usable_size(memory);
    return memory;
}
void operator delete(void* memory) noexcept {
    if (memory == nullptr) return;
    octets_held() -= malloc_usable_size(memory);
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace dt::stack {
namespace {

using sock::SocketId;

/// Every event is made for it, so that this is counted too.
class ForgetfulSink final : public event::Sink {
    void on_event(Instant, event::HostIndex, const event::Body&) override {}
};

/// What was sent to one stack and has not arrived.
class Inbox final : public FrameSource {
  public:
    [[nodiscard]] Arriving* front() override { return frames.empty() ? nullptr : &frames.front(); }
    void pop() override { static_cast<void>(frames.pop()); }

    Ring<Arriving> frames;
};

class Outbox final : public FrameSink {
  public:
    explicit Outbox(Inbox& other) : other_(other) {}
    void take(InterfaceIndex, FramePtr frame) override {
        other_.frames.push({1, std::move(frame)});
    }

  private:
    Inbox& other_;
};

class Allocation : public ::testing::Test {
  protected:
    Allocation() {
        attach(client_, client_address, 1);
        attach(server_, server_address, 2);
        listener_ = *server().socket(sock::Family::inet, sock::Type::stream);
        DT_ASSERT(server().bind(listener_, server_end).has_value());
        DT_ASSERT(server().listen(listener_, 1).has_value());
        std::tie(at_client_, at_server_) = open();
    }

    /// A handshake and accept().
    std::pair<SocketId, SocketId> open() {
        const SocketId mine = *client().socket(sock::Family::inet, sock::Type::stream);
        DT_ASSERT(client().connect(mine, server_end).error() == Error::in_progress);
        settle();
        return {mine, server().accept(listener_)->socket};
    }

    [[nodiscard]] Calls client() { return client_.calls(now_, {1, 3}); }
    [[nodiscard]] Calls server() { return server_.calls(now_, {2, 3}); }

    void settle() {
        bool more = true;
        while (more) {
            more = turn_of(client_, to_client_, from_client_);
            more = turn_of(server_, to_server_, from_server_) || more;
            more = more || !to_client_.frames.empty();
        }
    }
    /// Lets time pass; what falls due is done.
    void pass(Duration time) {
        now_ += time;
        settle();
    }
    /// Allocations while `work` is done `times` times, after as many times to warm up.
    template <class Work>
    std::size_t allocations_of(int times, Work work) {
        for (int i = 0; i < times; ++i) work();
        const std::size_t before = allocations();
        for (int i = 0; i < times; ++i) work();
        return allocations() - before;
    }
    /// Octets of `text` that one end sends and the other takes.
    std::size_t carry(Calls from, SocketId sender, Calls to, SocketId receiver,
                      MutableOctets text) {
        DT_ASSERT(from.send(sender, text).has_value());
        settle();
        std::size_t count = 0;
        while (const auto taken = to.receive(receiver, text)) count += *taken;
        return count;
    }
    std::size_t to_server(MutableOctets text) {
        return carry(client(), at_client_, server(), at_server_, text);
    }
    std::size_t to_client(MutableOctets text) {
        return carry(server(), at_server_, client(), at_client_, text);
    }
    /// Octets that an end of each of `count` connections takes while nothing is sent.
    std::size_t octets_of_an_end(std::size_t count) {
        const std::size_t before = octets_held();
        for (std::size_t i = 0; i < count; ++i) static_cast<void>(open());
        // The places of the timers of the handshake come up, and are given back.
        for (int i = 0; i < 4; ++i) pass(1s);
        return (octets_held() - before) / (2 * count);
    }

    SocketId listener_;
    SocketId at_client_;
    SocketId at_server_;

  private:
    static constexpr Ipv4 client_address{10, 0, 0, 1};
    static constexpr Ipv4 server_address{10, 0, 0, 2};
    static constexpr Endpoint server_end{server_address, Port{80}};

    static void attach(Stack& stack, Ipv4 address, std::uint8_t host) {
        InterfaceConfig eth0;
        eth0.name = "eth0";
        eth0.mac = Mac({2, 0, 0, 0, 0, host});
        eth0.address = address;
        stack.add_interface(eth0);
    }
    bool turn_of(Stack& stack, Inbox& in, Outbox& out) {
        const Left left = turn(stack, now_, in, out);
        while (stack.next_readiness(now_)) {
        }
        return left == Left::work;
    }

    buf::Pool pool_;
    ForgetfulSink sink_;
    Instant now_{std::chrono::seconds{1}};
    Inbox to_client_;
    Inbox to_server_;
    Outbox from_client_{to_server_};
    Outbox from_server_{to_client_};
    Stack client_{Config{}, 0, 1, pool_, sink_};
    Stack server_{Config{}, 1, 2, pool_, sink_};
};

TEST_F(Allocation, RequestsAndResponsesAllocateNothing) {
    std::byte octet{1};
    const auto once = [&] {
        ASSERT_EQ(to_server({&octet, 1}), 1U);
        ASSERT_EQ(to_client({&octet, 1}), 1U);
        pass(1ms);
    };
    EXPECT_EQ(allocations_of(1000, once), 0U);
}

TEST_F(Allocation, ABulkTransferAllocatesNothing) {
    std::vector<std::byte> text(10'000);
    std::size_t carried = 0;
    const auto once = [&] {
        carried += to_server(text);
        pass(1ms);
    };
    EXPECT_EQ(allocations_of(1000, once), 0U);
    EXPECT_EQ(carried, 2000 * text.size());
}

// docs/performance.md: everything counted, the socket, its places in the tables and in the index.
TEST_F(Allocation, AnIdleConnectionEndTakesAtMost720Octets) {
    EXPECT_LE(octets_of_an_end(4000), 720U);
}

TEST_F(Allocation, TheConnectionsOfAListenerShareWhatWasSetOnIt) {
    const std::size_t plain = octets_of_an_end(1000);
    const std::int32_t on = 1;
    const Octets value = std::as_bytes(std::span(&on, 1));
    ASSERT_TRUE(server().set_option(listener_, SOL_SOCKET, SO_REUSEADDR, value).has_value());
    ASSERT_TRUE(server().set_option(listener_, SOL_SOCKET, SO_KEEPALIVE, value).has_value());
    constexpr std::size_t timer = 64;  // keep-alive arms one for each server end
    EXPECT_LE(octets_of_an_end(1000), plain + timer);
}

TEST_F(Allocation, AConnectionThatTalkedAndFellSilentTakesNoMoreThanBefore) {
    constexpr std::size_t count = 1000;
    std::vector<std::pair<SocketId, SocketId>> ends(count);
    for (auto& end : ends) end = open();
    const auto talk = [&](std::pair<SocketId, SocketId> ids) {
        std::tie(at_client_, at_server_) = ids;
        std::byte octet{1};
        ASSERT_EQ(to_server({&octet, 1}), 1U);
        ASSERT_EQ(to_client({&octet, 1}), 1U);
        pass(1s);
    };
    talk(ends.front());
    const std::size_t before = octets_held();
    for (const auto& end : ends) talk(end);
    EXPECT_LE(octets_held(), before + count);
}

TEST_F(Allocation, TheCounterCounts) {
    const auto once = [] { static_cast<void>(std::vector<int>(100)); };
    EXPECT_EQ(allocations_of(10, once), 10U);
}

}  // namespace
}  // namespace dt::stack
