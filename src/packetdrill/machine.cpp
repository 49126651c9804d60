// The virtual clock: it moves only when the driver asks, from deadline to deadline; calls that wait
// in another thread are woken at each instant and finish before the clock goes on.
#include "packetdrill/machine.hpp"

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "packetdrill/sysctl.hpp"

namespace dt::packetdrill {
namespace {

constexpr std::uint64_t seed = 1;                   // every run of a script is the same run
constexpr int turns_max = 20'000;                   // at one instant; more is a fault of the stack
constexpr auto rest_max = std::chrono::seconds{1};  // of real time, for a thread to be scheduled
constexpr std::uint16_t mtu_min = 68;               // RFC 791
constexpr std::uint32_t full_segment = 1460;
constexpr Ipv4 gateway(192, 0, 2, 254);

template <class Number>
Status take_number(Number& to, std::string_view text) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), to);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
    return whole ? Status{} : fail(Error::malformed);
}

Status take_local(Flags& flags, std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return fail(Error::malformed);
    DT_TRY(address, Ipv4::parse(text.substr(0, slash)));
    flags.local = address;
    DT_CHECK(take_number(flags.prefix_length, text.substr(slash + 1)));
    return flags.prefix_length <= 32 ? Status{} : fail(Error::malformed);
}

Status take_flag(Flags& flags, std::string_view name, std::string_view value) {
    if (name == "local") return take_local(flags, value);
    if (name == "settings") {
        flags.settings = value;
        return {};
    }
    if (name != "mtu") return fail(Error::malformed);
    DT_CHECK(take_number(flags.mtu, value));
    return flags.mtu >= mtu_min ? Status{} : fail(Error::malformed);
}

}  // namespace

Result<Flags> Flags::parse(const char* text) {
    Flags flags;
    std::string_view rest = text == nullptr ? std::string_view{} : std::string_view{text};
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos) return fail(Error::malformed);
        DT_CHECK(take_flag(flags, one.substr(0, equals), one.substr(equals + 1)));
    }
    return flags;
}

Machine::Machine(Flags flags) : flags_(std::move(flags)), driver_(std::this_thread::get_id()) {}

void Machine::configure(const Config& config) {
    if (stack_) return stack_->reconfigure(config);
    stack_.emplace(config, event::HostIndex{0}, seed, pool_, sink_);
    stack::InterfaceConfig tun;
    tun.name = "tun0";
    tun.mac = Tun::own_mac;
    tun.mtu = flags_.mtu;
    tun.address = flags_.local;
    tun.prefix_length = flags_.prefix_length;
    // Linux makes bursts for every device, and cuts them for one that takes none.
    tun.super_segment_max = least_burst(flags_.settings) * full_segment;
    if (device_segments(flags_.device) == Segments::no) tun_.cut_bursts();
    const stack::InterfaceIndex index = stack_->add_interface(tun);
    stack::RouteConfig everywhere;
    everywhere.destination = {IpAddr::any_v4(), 0};
    everywhere.gateway = gateway;
    everywhere.interface = index;
    stack_->add_route(everywhere);
    stack_->add_neighbour(now_, index, gateway, Tun::other_mac);
}

stack::Calls Machine::calls() {
    DT_ASSERT(stack_.has_value());
    return stack_->calls(now_, {1, 3});
}

void Machine::settle() {
    if (!stack_) return;
    tun_.set_now(now_);
    for (int i = 0; i < turns_max; ++i) {
        const bool more = stack::turn(*stack_, now_, tun_, tun_) == stack::Left::work;
        while (const auto edge = stack_->next_readiness(now_)) ++moves_[edge->socket.number()];
        if (!more && tun_.front() == nullptr && stack_->deadline() > now_) {
            if (on_rest_) on_rest_();
            return;
        }
    }
    const bool came_to_rest = false;
    DT_ASSERT(came_to_rest);
}

std::uint64_t Machine::moves_of(sock::SocketId id) const {
    const auto found = moves_.find(id.number());
    return found == moves_.end() ? 0 : found->second;
}

Instant Machine::next_due() const {
    const Instant stack_due = stack_ ? stack_->deadline() : never;
    return parked_ > 0 ? std::min(stack_due, parked_until_) : stack_due;
}

void Machine::run_to(Lock& lock, Instant until) {
    settle();
    while (next_due() < until) {
        now_ = std::max(now_, next_due());
        settle();
        rouse(lock);
    }
    now_ = std::max(now_, until);
    settle();
    rouse(lock);
}

Instant Machine::read_clock(Lock& lock) {
    if (ended_ && ended_->thread == std::this_thread::get_id()) {
        const Instant at = ended_->at;
        ended_.reset();
        return at;
    }
    run_to(lock, now_ + std::chrono::microseconds{1});
    return now_;
}

Status Machine::put(Lock& lock, Octets packet) {
    DT_CHECK(tun_.put(packet));
    // A program that waits to write what follows the text of its SYN writes before the ACK of the
    // SYN,ACK leaves, which is saved so (Linux sk_write_pending).
    if (pending_writes_ > 0) {
        hear();
        rouse(lock);
    }
    settle();
    rouse(lock);
    return {};
}

/// What arrived is taken, and nothing leaves yet.
void Machine::hear() {
    while (stack::Arriving* next = tun_.front()) {
        if (!stack_->receive(now_, next->in, next->frame)) return;
        tun_.pop();
    }
}

std::optional<Departed> Machine::next_departed(Lock& lock) {
    const Instant until = now_ + patience;
    settle();
    rouse(lock);
    while (!tun_.has_departed() && next_due() <= until) {
        if (!step(lock, until)) break;
    }
    return tun_.next_departed();
}

/// On to the next deadline; false if there is none up to `until`.
bool Machine::step(Lock& lock, Instant until) {
    const Instant due = next_due();
    if (due == never || due > until) return false;
    now_ = std::max(now_, due);
    settle();
    rouse(lock);
    return true;
}

/// Lets calls in other threads look again, and waits until each has ended or waits again.
void Machine::rouse(Lock& lock) {
    if (parked_ == 0 || std::this_thread::get_id() != driver_) return;
    ++generation_;
    awaited_ = parked_;
    woken_.notify_all();
    rested_.wait_for(lock, rest_max, [this] { return awaited_ == 0; });
}

void Machine::rest(Parked& parked) {
    if (!parked.woken) return;
    parked.woken = false;
    if (awaited_ > 0) --awaited_;
    rested_.notify_all();
}

Machine::Parked::~Parked() {
    machine_.rest(*this);
    if (!ever) return;
    machine_.ended_ = Ended{std::this_thread::get_id(), machine_.now_};
    machine_.has_ended_ = true;
}

/// The driver lets time pass itself; any other thread sleeps until the driver has. False: over.
bool Machine::pause(Lock& lock, Instant until, Parked& parked) {
    if (std::this_thread::get_id() == driver_) {
        const Instant end = std::min(until, now_ + patience);
        if (step(lock, end)) return true;
        const bool timed_out = until <= end;
        if (timed_out) run_to(lock, until);
        return timed_out;
    }
    rest(parked);
    const std::uint64_t seen = generation_;
    parked.ever = true;
    parked_until_ = until;
    ++parked_;
    woken_.wait(lock, [this, seen] { return generation_ != seen; });
    --parked_;
    parked.woken = true;
    return true;
}

}  // namespace dt::packetdrill
