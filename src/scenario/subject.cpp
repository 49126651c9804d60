// The stack under test, its link and virtual time.
#include "scenario/subject.hpp"

#include <algorithm>

#include "wire/arp.hpp"
#include "wire/ethernet.hpp"

namespace dt::scenario {
namespace {

constexpr Mac subject_mac({2, 0, 0, 0, 0, 1});
constexpr Mac peer_mac({2, 0, 0, 0, 0, 2});
constexpr int turns_max = 10'000;        // at one instant
constexpr int instants_max = 1'000'000;  // in one span of time

class Arrivals final : public stack::FrameSource {
  public:
    explicit Arrivals(std::deque<stack::Arriving>& frames) : frames_(frames) {}
    [[nodiscard]] stack::Arriving* front() override {
        return frames_.empty() ? nullptr : &frames_.front();
    }
    void pop() override { frames_.pop_front(); }

  private:
    std::deque<stack::Arriving>& frames_;
};

}  // namespace

class Subject::Link final : public stack::FrameSink {
  public:
    explicit Link(Subject& subject) : subject_(subject) {}
    void take(stack::InterfaceIndex, FramePtr frame) override { subject_.take(std::move(frame)); }

  private:
    Subject& subject_;
};

Subject::Subject(const Settings& settings)
    : now_(Instant{} + 1s), stack_(settings.config, 0, settings.seed, pool_, journal_) {
    stack::InterfaceConfig interface;
    interface.name = "eth0";
    interface.mac = subject_mac;
    interface.mtu = settings.mtu;
    interface.address = subject_address;
    interface_ = stack_.add_interface(interface);
    stack_.add_route({wire::Prefix{Ipv4::any(), 0}, peer_address, interface_});
}

void Subject::arrive(Octets datagram) {
    arrive_frame(subject_mac, wire::EtherType::ipv4, datagram);
}

void Subject::arrive_frame(Mac destination, wire::EtherType type, Octets payload) {
    std::vector<std::byte> octets(wire::EthernetRepr::size() + payload.size());
    wire::EthernetRepr{destination, peer_mac, type}.emit(octets);
    std::ranges::copy(payload, octets.begin() + wire::EthernetRepr::size());
    octets.resize(std::max(octets.size(), wire::ethernet_frame_min));
    arrive_raw(octets);
}

void Subject::arrive_raw(Octets octets) {
    FramePtr frame = pool_.frame();
    static_cast<void>(frame->add(pool_.copy(octets)));
    arriving_.push_back({interface_, std::move(frame)});
}

void Subject::take(FramePtr frame) {
    std::vector<std::byte> octets(frame->size());
    frame->copy_to(octets);
    const auto ethernet = wire::EthernetView::parse(octets);
    if (!ethernet) return;
    if (ethernet->type() == wire::EtherType::arp) {
        answer_arp(ethernet->payload());
        return;
    }
    sent_.push_back(read_datagram(ethernet->payload(), now_));
}

void Subject::answer_arp(Octets packet) {
    const auto view = wire::ArpView::parse(packet);
    if (!view) return;
    const auto request = wire::ArpRepr::from(*view);
    if (!request || request->operation != wire::ArpOperation::request) return;
    if (request->target_ip == subject_address) return;
    std::vector<std::byte> octets(wire::ArpRepr::size());
    request->reply_from(peer_mac).emit(octets);
    arrive_frame(request->sender_mac, wire::EtherType::arp, octets);
}

void Subject::turn() {
    Arrivals arrivals(arriving_);
    Link link(*this);
    for (int i = 0; i < turns_max; ++i) {
        const auto left = stack::turn(stack_, now_, arrivals, link);
        while (stack_.next_readiness(now_)) {
        }
        if (left == stack::Left::nothing && arriving_.empty() && stack_.deadline() > now_) return;
    }
    stuck_ = true;
}

void Subject::run(Instant to, Until until) {
    for (int i = 0; i < instants_max && !stuck_; ++i) {
        if (until == Until::packet && !sent_.empty()) return;
        const Instant due = stack_.deadline();
        if (due > to) {
            now_ = to;
            return;
        }
        now_ = std::max(now_, due);
        turn();
    }
    stuck_ = true;
}

}  // namespace dt::scenario
