// A stack that is sent one SYN after another, each from another address. For benchmarks.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/assert.hpp"
#include "stack/turn.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"

namespace dt::bench {

/// SYNs from one address after another, then from the next port. What differs is made up for in the
/// IP identification and in the sequence number, so that both checksums stay as they are.
class SynSource final : public stack::FrameSource {
  public:
    SynSource(buf::Pool& pool, Ipv4 to, Port port) : pool_(pool) {
        const Ipv4 source{11, 0, 0, 0};
        wire::TcpRepr syn;
        syn.source = Port{1024};
        syn.destination = port;
        syn.seq = Seq{0xffffffffU};
        syn.flags = TcpFlag::syn;
        syn.window = 64240;
        syn.options.mss = 1460;
        syn.options.sack_permitted = true;
        syn.options.window_scale = 7;
        size_ = 34 + syn.size();
        const auto length = static_cast<std::uint32_t>(syn.size());
        const MutableOctets octets = MutableOctets(octets_).first(size_);
        wire::EthernetRepr{Mac({2, 0, 0, 0, 0, 2}), Mac({2, 0, 0, 0, 0, 1}), wire::EtherType::ipv4}
            .emit(octets);
        wire::Ipv4Repr ip{.source = source, .destination = to, .payload_length = length};
        ip.id = 0xffff;
        ip.emit(octets.subspan(14));
        syn.emit(octets.subspan(34),
                 wire::pseudo_header(source, ip.destination, wire::IpProtocol::tcp, length));
    }
    [[nodiscard]] stack::Arriving* front() override { return left_ > 0 ? &arriving_ : nullptr; }
    void pop() override {
        if (--left_ > 0) make();
    }
    void make(std::uint32_t count) {
        left_ = count;
        make();
    }

  private:
    void make() {
        const std::uint32_t n = next_++;
        const auto low = static_cast<std::uint16_t>(n);
        const auto high = static_cast<std::uint16_t>(n >> 16);
        const auto put = [this](std::size_t at, unsigned value) {
            store_be(octets_, at, static_cast<std::uint16_t>(value));
        };
        put(14 + 4, 0xffffU - low);   // identification
        put(14 + 14, low);            // low half of the source address
        put(34, 1024U + high);        // source port
        put(34 + 4, 0xffffU - high);  // sequence number
        put(34 + 6, 0xffffU - low);
        arriving_.frame = pool_.frame();
        std::memcpy(arriving_.frame->append(size_).data(), octets_.data(), size_);
    }

    buf::Pool& pool_;
    std::array<std::byte, 128> octets_{};
    std::size_t size_ = 0;
    std::uint32_t left_ = 0;
    std::uint32_t next_ = 0;
    stack::Arriving arriving_{1, {}};
};

/// Counts the frames that leave.
class Drain final : public stack::FrameSink {
  public:
    void take(stack::InterfaceIndex, FramePtr) override { ++count; }
    std::size_t count = 0;
};

/// The stack that listens at 10.0.0.2:80, and the frames that leave it, counted.
class SynFlood final : private stack::FrameSink {
  public:
    explicit SynFlood(const Config& config) : server_(config, 0, 1, pool_, sink_) {
        stack::InterfaceConfig eth0;
        eth0.name = "eth0";
        eth0.mac = Mac({2, 0, 0, 0, 0, 2});
        eth0.address = own;
        server_.add_interface(eth0);
        server_.add_route({.destination = {}, .gateway = IpAddr{gateway}});
        server_.add_neighbour(now_, 1, gateway, Mac({2, 0, 0, 0, 0, 1}));
    }

    sock::SocketId listen(int backlog) {
        const auto id = *server_.calls(now_, {}).socket(sock::Family::inet, sock::Type::stream);
        DT_ASSERT(server_.calls(now_, {}).bind(id, {own, port}).has_value());
        DT_ASSERT(server_.calls(now_, {}).listen(id, backlog).has_value());
        return id;
    }
    void close(sock::SocketId listener) {
        DT_ASSERT(server_.calls(now_, {}).close(listener).has_value());
    }
    /// `count` SYNs arrive and are answered in one turn.
    void turn(std::uint32_t count) {
        syns_.make(count);
        stack::turn(server_, now_, syns_, *this);
        now_ += 1us;
    }
    [[nodiscard]] std::size_t answered() const { return answered_; }

  private:
    static constexpr Ipv4 own{10, 0, 0, 2};
    static constexpr Ipv4 gateway{10, 0, 0, 1};
    static constexpr Port port{80};

    void take(stack::InterfaceIndex, FramePtr) override { ++answered_; }

    buf::Pool pool_;
    event::NullSink sink_;
    SynSource syns_{pool_, own, port};
    Instant now_{std::chrono::seconds{1000}};
    stack::Stack server_;
    std::size_t answered_ = 0;
};

}  // namespace dt::bench
