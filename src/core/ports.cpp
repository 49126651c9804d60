// The port table: claims by port and by owner, ephemeral ports by RFC 6056 §3.3.4.
#include "core/ports.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "base/rng.hpp"

namespace dt::core {

namespace {

using event::Reason;
using event::Transport;

using PortKey = std::pair<Transport, Port>;
using OwnerKey = std::pair<Transport, std::uint64_t>;

Holding holding(const Claim& claim) {
    return {claim.local,         claim.listening ? HolderKind::listener : HolderKind::socket,
            claim.reuse_address, claim.reuse_port,
            claim.uid,           claim.v6_only,
            claim.link};
}

/// The ephemeral range as an even count of ports: candidates of both parities, `first` even.
struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;

    static Range of(const Config& config) {
        if (config.port_last < config.port_first) return {config.port_first, 0};
        const std::uint32_t all = config.port_last - config.port_first + 1U;
        return {config.port_first, all > 1 ? all & ~1U : all};
    }
    /// The port at `distance`, counted round the range.
    [[nodiscard]] Port at(std::uint32_t distance) const {
        return Port{static_cast<std::uint16_t>(first + distance % count)};
    }
};

/// Ports of one parity first, then of the other, from `start` round the range; the first that
/// `is_free` takes.
template <class IsFree>
std::optional<Port> search(Range range, std::uint32_t start, IsFree is_free) {
    const std::uint32_t step = range.count > 1 ? 2 : 1;
    for (std::uint32_t pass = 0; pass < step; ++pass) {
        for (std::uint32_t i = 0; i < range.count; i += step) {
            const Port port = range.at((start ^ pass) + i);
            if (is_free(port)) return port;
        }
    }
    return std::nullopt;
}

}  // namespace

struct PortTable::Parts {
    explicit Parts(std::uint64_t seed)
        : rng(Rng(seed).derive(0x706f727473)), key(SipKey::from(rng)) {}

    [[nodiscard]] Claim* find(OwnerKey key_of_owner);
    [[nodiscard]] bool is_reserved(Port port) const;
    [[nodiscard]] std::optional<Refusal> claim_in_the_way(const Claim& claim,
                                                          Sharing sharing) const;
    [[nodiscard]] std::optional<Refusal> blocker(const tcp::Engine& tcp, const Claim& claim,
                                                 Sharing sharing) const;
    [[nodiscard]] std::optional<Port> open_port(const Config& config, const tcp::Engine& tcp,
                                                Claim claim);
    [[nodiscard]] std::optional<Port> port_to(const Turn& turn, const tcp::Engine& tcp,
                                              IpAddr source, Endpoint remote);
    void add(const Claim& claim);

    std::map<PortKey, std::vector<Claim>> by_port;
    std::map<OwnerKey, Port> by_owner;
    std::vector<std::pair<Port, Port>> reserved;
    Rng rng;
    SipKey key;
    std::array<std::uint32_t, 256> counters{};  // RFC 6056 §3.3.4: table of counters
};

Claim* PortTable::Parts::find(OwnerKey key_of_owner) {
    const auto owned = by_owner.find(key_of_owner);
    if (owned == by_owner.end()) return nullptr;
    for (Claim& claim : by_port[{key_of_owner.first, owned->second}]) {
        if (claim.owner == key_of_owner.second) return &claim;
    }
    return nullptr;
}

bool PortTable::Parts::is_reserved(Port port) const {
    return std::ranges::any_of(
        reserved, [port](const auto& run) { return run.first <= port && port <= run.second; });
}

std::optional<Refusal> PortTable::Parts::claim_in_the_way(const Claim& claim,
                                                          Sharing sharing) const {
    const auto held = by_port.find({claim.transport, claim.local.port});
    if (held == by_port.end()) return std::nullopt;
    for (const Claim& other : held->second) {
        if (other.owner == claim.owner) continue;
        if (!conflicts(holding(claim), holding(other), sharing)) continue;
        return Refusal{Error::address_in_use, reason_of(holding(other).kind), other.local};
    }
    return std::nullopt;
}

/// Who keeps `claim` from being made: another claim, a connection or a TIME-WAIT record
/// (API-BIND-025, 026; TCP-TW-014). A half-open entry holds nothing: its listener does.
std::optional<Refusal> PortTable::Parts::blocker(const tcp::Engine& tcp, const Claim& claim,
                                                 Sharing sharing) const {
    if (auto refusal = claim_in_the_way(claim, sharing)) return refusal;
    if (claim.transport != Transport::tcp) return std::nullopt;

    struct Search {
        Holding wanted;
        Sharing sharing{};
        std::optional<Refusal> found;
    } search_state{holding(claim), sharing, std::nullopt};
    tcp.uses_of_port(
        claim.local.port, &search_state, [](void* context, const tcp::Engine::LocalUse& use) {
            auto& state = *static_cast<Search*>(context);
            if (state.found || use.holder == tcp::Engine::Holder::none ||
                use.holder == tcp::Engine::Holder::half_open) {
                return;
            }
            const auto kind = use.holder == tcp::Engine::Holder::time_wait ? HolderKind::time_wait
                                                                           : HolderKind::connection;
            const Holding held{use.tuple.local, kind, use.reuse_address, use.reuse_port};
            if (!conflicts(state.wanted, held, state.sharing)) return;
            state.found = Refusal{Error::address_in_use, reason_of(kind), use.tuple.local};
        });
    return search_state.found;
}

/// A port for bind() to port 0: from a random place, the parity that connect() leaves alone.
std::optional<Port> PortTable::Parts::open_port(const Config& config, const tcp::Engine& tcp,
                                                Claim claim) {
    const Range range = Range::of(config);
    if (range.count == 0) return std::nullopt;
    const auto start = static_cast<std::uint32_t>(rng.below(range.count)) | 1U;
    return search(range, start, [&](Port port) {
        claim.local.port = port;
        return !port.is_any() && !is_reserved(port) && !blocker(tcp, claim, Sharing::refused);
    });
}

/// RFC 6056 §3.3.4: offset = F(tuple, key) + a counter chosen by G(tuple, key). A port that a
/// program has bound is skipped; one that connections to other peers use is shared.
std::optional<Port> PortTable::Parts::port_to(const Turn& turn, const tcp::Engine& tcp,
                                              IpAddr source, Endpoint remote) {
    const Range range = Range::of(turn.config());
    if (range.count == 0) return std::nullopt;
    const auto words = FourTuple{{source, Port{}}, remote}.words();
    const std::uint64_t hash = base::siphash_2_4(key, words);
    std::uint32_t& counter = counters[hash % counters.size()];
    const auto start = static_cast<std::uint32_t>((hash >> 32) + counter) % range.count & ~1U;
    const auto chosen = search(range, start, [&](Port port) {
        if (port.is_any() || is_reserved(port)) return false;
        const auto claims = by_port.find({Transport::tcp, port});
        if (claims != by_port.end() && !claims->second.empty()) return false;
        return tcp.may_connect(turn, {{source, port}, remote});
    });
    if (chosen) {
        const std::uint32_t place = chosen->value() - range.first;
        const std::uint32_t walked = (place + range.count - start) % range.count;
        counter += walked + 2 + 2 * static_cast<std::uint32_t>(rng.below(4));
    }
    return chosen;
}

void PortTable::Parts::add(const Claim& claim) {
    by_port[{claim.transport, claim.local.port}].push_back(claim);
    by_owner[{claim.transport, claim.owner}] = claim.local.port;
}

PortTable::PortTable(std::uint64_t seed) : parts_(std::make_unique<Parts>(seed)) {}
PortTable::~PortTable() = default;

std::expected<Endpoint, Refusal> PortTable::bind(const Config& config, const tcp::Engine& tcp,
                                                 Claim claim) {
    if (find(claim.owner, claim.transport) != nullptr) {
        return std::unexpected(Refusal{Error::invalid_argument, Reason::wrong_state, claim.local});
    }
    if (claim.local.port.is_any()) {
        const auto port = parts_->open_port(config, tcp, claim);
        if (!port) {
            return std::unexpected(Refusal{Error::address_in_use, Reason::ports_exhausted, {}});
        }
        claim.local.port = *port;
    } else if (claim.local.port.value() < config.unprivileged_port_start && claim.uid != 0) {
        return std::unexpected(Refusal{Error::access_denied, Reason::port_privileged, {}});
    } else if (const auto refusal = parts_->blocker(tcp, claim, Sharing::allowed)) {
        return std::unexpected(*refusal);
    }
    parts_->add(claim);
    return claim.local;
}

std::expected<void, Refusal> PortTable::listen(std::uint64_t owner, Transport transport) {
    Claim* claim = parts_->find({transport, owner});
    if (claim == nullptr) {
        return std::unexpected(Refusal{Error::invalid_argument, Reason::wrong_state, {}});
    }
    if (const auto refusal = parts_->claim_in_the_way(*claim, Sharing::allowed)) {
        return std::unexpected(*refusal);
    }
    claim->listening = true;
    return {};
}

void PortTable::stop_listening(std::uint64_t owner, Transport transport) {
    if (Claim* claim = parts_->find({transport, owner})) claim->listening = false;
}

void PortTable::set_reuse(std::uint64_t owner, Transport transport, bool address, bool port) {
    Claim* claim = parts_->find({transport, owner});
    if (claim == nullptr) return;
    claim->reuse_address = address;
    claim->reuse_port = port;
}

std::expected<Port, Refusal> PortTable::choose(const Turn& turn, const tcp::Engine& tcp,
                                               IpAddr source, Endpoint remote,
                                               Transport transport) {
    const auto port = transport == Transport::tcp
                          ? parts_->port_to(turn, tcp, source, remote)
                          : parts_->open_port(turn.config(), tcp,
                                              {.transport = transport, .local = {source, Port{}}});
    if (!port) {
        return std::unexpected(Refusal{Error::address_not_available, Reason::ports_exhausted, {}});
    }
    return *port;
}

void PortTable::release(std::uint64_t owner, Transport transport) {
    const auto owned = parts_->by_owner.find({transport, owner});
    if (owned == parts_->by_owner.end()) return;
    const auto held = parts_->by_port.find({transport, owned->second});
    std::erase_if(held->second, [owner](const Claim& claim) { return claim.owner == owner; });
    if (held->second.empty()) parts_->by_port.erase(held);
    parts_->by_owner.erase(owned);
}

void PortTable::reserve(Port first, Port last) { parts_->reserved.emplace_back(first, last); }

const Claim* PortTable::find(std::uint64_t owner, Transport transport) const {
    return parts_->find({transport, owner});
}

}  // namespace dt::core
