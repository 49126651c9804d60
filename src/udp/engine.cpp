// UDP of one stack: who a datagram is for, and the two directions (RFC 768, RFC 1122 §4.1).
#include "udp/engine.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/rng.hpp"
#include "base/sparse_array.hpp"
#include "udp/endpoint.hpp"
#include "wire/udp.hpp"

namespace dt::udp {

using event::Reason;

struct Engine::Parts {
    using Handle = base::Handle<BoundEndpoint>;

    Parts(const Config& given, buf::Pool& given_pool, SipKey secret,
          event::Transport given_transport)
        : key(secret),
          config(given),
          pool(given_pool),
          transport(given_transport),
          endpoints(static_cast<std::uint32_t>(config.sockets_max)) {}

    [[nodiscard]] BoundEndpoint* get(EndpointId id) { return endpoints.get(id.handle); }
    void join_port(Handle handle, Port port) { on_port.at(port.value()).push_back(handle); }
    void leave_port(Handle handle, Port port) { std::erase(on_port.at(port.value()), handle); }
    /// `datagram`: where it is one that arrived; an error's way says nothing.
    [[nodiscard]] Handle best(const FourTuple& tuple, const Datagram* datagram);
    [[nodiscard]] Handle shared(const FourTuple& tuple, const Datagram* datagram, unsigned rank,
                                std::size_t sharing);
    [[nodiscard]] Datagram copy_of(const Datagram& datagram);
    [[nodiscard]] Verdict deliver(const Turn& turn, Handle handle, Datagram& datagram);
    [[nodiscard]] Verdict deliver_to_many(const Turn& turn, const Datagram& datagram);
    void moved(const Turn& turn, const Datagram& datagram, event::Step step, Reason reason) const;
    void learn(Handle handle, const Notice& notice, Hardness hardness);
    void edge_of(Handle handle, BoundEndpoint& endpoint);
    void enqueue(const FourTuple& tuple, Octets text, const Carriage& carriage);

    const SipKey key;
    const Config config;
    buf::Pool& pool;
    const event::Transport transport;
    SlotMap<BoundEndpoint> endpoints;
    SparseArray<std::vector<Handle>> on_port;  // in order of binding
    Ring<Outgoing> outgoing;
    std::size_t outgoing_octets = 0;
    Ring<EndpointId> edges;
    std::uint32_t next_serial = 0;
};

// Among equals the one bound last (UDP-021), or one of those that share the port (UDP-022).
Engine::Parts::Handle Engine::Parts::best(const FourTuple& tuple, const Datagram* datagram) {
    Handle best{};
    unsigned best_rank = 0;
    std::size_t sharing = 0;  // of the best rank
    for (const Handle handle : on_port[tuple.local.port.value()]) {
        const BoundEndpoint& endpoint = *endpoints.get(handle);
        const unsigned rank = endpoint.rank(tuple);
        if (rank == 0 || rank < best_rank) continue;
        if (datagram != nullptr && !endpoint.hears(*datagram)) continue;
        if (rank > best_rank) sharing = 0;
        if (endpoint.shares_port) ++sharing;
        best = handle;
        best_rank = rank;
    }
    return sharing > 1 ? shared(tuple, datagram, best_rank, sharing) : best;
}

/// Always the same one for the same conversation, while the same ones share the port.
Engine::Parts::Handle Engine::Parts::shared(const FourTuple& tuple, const Datagram* datagram,
                                            unsigned rank, std::size_t sharing) {
    const auto remote = tuple.remote.addr.words();
    const std::uint64_t ports =
        std::uint64_t{tuple.remote.port.value()} << 16 | tuple.local.port.value();
    const std::array<std::uint64_t, 3> words{remote[0], remote[1], ports};
    std::size_t left = base::siphash_1_3(key, words) % sharing;
    for (const Handle handle : on_port[tuple.local.port.value()]) {
        const BoundEndpoint& endpoint = *endpoints.get(handle);
        if (endpoint.rank(tuple) != rank || !endpoint.shares_port) continue;
        if (datagram != nullptr && !endpoint.hears(*datagram)) continue;
        if (left-- == 0) return handle;
    }
    return {};
}

Datagram Engine::Parts::copy_of(const Datagram& datagram) {
    Datagram copy;
    copy.tuple = datagram.tuple;
    copy.length = datagram.length;
    copy.arrival = datagram.arrival;
    copy.frame = pool.frame();
    copy.frame->id = datagram.frame->id;
    datagram.frame->payload(datagram.offset, [&](Slice&& slice) {
        // As many slices as the original has, which had room for them.
        (void)copy.frame->add(std::move(slice));
    });
    return copy;
}

void Engine::Parts::moved(const Turn& turn, const Datagram& datagram, event::Step step,
                          Reason reason) const {
    if (step != event::Step::dropped && !turn.wants_segments()) return;
    if (transport != event::Transport::udp) {  // IP has told that it came
        if (step == event::Step::dropped) {
            turn.emit(event::IcmpMoved{.source = datagram.tuple.remote.addr,
                                       .destination = datagram.tuple.local.addr,
                                       .frame = datagram.frame->id,
                                       .step = step,
                                       .type = 0,
                                       .code = 0,
                                       .quoted = {},
                                       .reason = reason});
        }
        return;
    }
    turn.emit(
        event::DatagramMoved{datagram.tuple, datagram.frame->id, step, datagram.length, reason});
}

void Engine::Parts::edge_of(Handle handle, BoundEndpoint& endpoint) {
    if (endpoint.has_edge) return;
    endpoint.has_edge = true;
    edges.push(EndpointId{handle});
}

Engine::Verdict Engine::Parts::deliver(const Turn& turn, Handle handle, Datagram& datagram) {
    BoundEndpoint& endpoint = *endpoints.get(handle);
    if (!endpoint.has_room()) {
        moved(turn, datagram, event::Step::dropped, Reason::receive_buffer_full);
        return Verdict::dropped;
    }
    moved(turn, datagram, event::Step::received, Reason::none);
    endpoint.push(std::move(datagram));
    edge_of(handle, endpoint);
    return Verdict::taken;
}

// UDP-020: each endpoint that fits gets its own copy; octets are shared.
Engine::Verdict Engine::Parts::deliver_to_many(const Turn& turn, const Datagram& datagram) {
    Verdict verdict = Verdict::no_socket;
    for (const Handle handle : on_port[datagram.tuple.local.port.value()]) {
        const BoundEndpoint& endpoint = *endpoints.get(handle);
        if (endpoint.fit(datagram.tuple) == Fit::none || !endpoint.hears(datagram)) continue;
        Datagram copy = copy_of(datagram);
        (void)deliver(turn, handle, copy);
        verdict = Verdict::dropped;  // of the original: copies were made
    }
    if (verdict != Verdict::no_socket) return verdict;
    moved(turn, datagram, event::Step::dropped, Reason::no_datagram_socket);
    // Nobody is told: RFC 1122 §3.2.2 forbids errors about broadcast and multicast.
    return Verdict::dropped;
}

Engine::Engine(const Config& config, buf::Pool& pool, SipKey secret, event::Transport transport)
    : parts_(std::make_unique<Parts>(config, pool, secret, transport)) {}

Engine::~Engine() = default;

EndpointId Engine::open(Endpoint local, std::uint32_t receive_buffer, Stacks stacks) {
    const auto handle = parts_->endpoints.insert(local, receive_buffer, stacks);
    if (!handle) return {};
    parts_->endpoints.get(*handle)->serial = parts_->next_serial++;
    parts_->join_port(*handle, local.port);
    return {*handle};
}

void Engine::close(EndpointId id) {
    const BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint == nullptr) return;
    parts_->leave_port(id.handle, endpoint->local().port);
    parts_->endpoints.erase(id.handle);
}

void Engine::rebind(EndpointId id, Endpoint local) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint == nullptr) return;
    parts_->leave_port(id.handle, endpoint->local().port);
    endpoint->set_local(local);
    parts_->join_port(id.handle, local.port);
}

void Engine::connect(EndpointId id, std::optional<Endpoint> remote) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint != nullptr) endpoint->set_remote(remote);
}

void Engine::set_receive_buffer(EndpointId id, std::uint32_t octets) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint != nullptr) endpoint->set_receive_buffer(octets);
}

Engine::Verdict Engine::on_datagram(const Turn& turn, Datagram& datagram, bool to_many) {
    if (to_many) return parts_->deliver_to_many(turn, datagram);
    const auto handle = parts_->best(datagram.tuple, &datagram);
    if (!handle.is_null()) return parts_->deliver(turn, handle, datagram);
    if (parts_->transport == event::Transport::icmp) return Verdict::dropped;  // for no program
    parts_->moved(turn, datagram, event::Step::dropped, Reason::no_datagram_socket);
    return Verdict::no_socket;
}

void Engine::Parts::learn(Handle handle, const Notice& notice, Hardness hardness) {
    BoundEndpoint& endpoint = *endpoints.get(handle);
    const bool tells_all = endpoint.extras && endpoint.extras->errors == Errors::all;
    const bool is_of_size = hardness == Hardness::of_size;
    const bool is_hard =
        is_of_size ? endpoint.oversize == Oversize::hard : hardness == Hardness::hard;
    const bool is_heard = !is_of_size || endpoint.oversize != Oversize::unheard;
    const bool is_told = is_heard && (tells_all || (is_hard && endpoint.remote()));
    if (!is_told) return;
    if (tells_all && endpoint.extras->notices.size() < Extras::notices_max) {
        endpoint.extras->notices.push(notice);
    }
    endpoint.error = notice.error;
    edge_of(handle, endpoint);
}

void Engine::on_error(const FourTuple& tuple, const Notice& notice, Hardness hardness) {
    if (!tuple.local.port.is_any()) {
        const auto handle = parts_->best(tuple, nullptr);
        if (!handle.is_null()) parts_->learn(handle, notice, hardness);
        return;
    }
    for (const auto handle : parts_->on_port[tuple.local.port.value()]) {
        const bool fits = parts_->endpoints.get(handle)->fit(tuple) != Fit::none;
        if (fits) parts_->learn(handle, notice, hardness);
    }
}

bool Engine::serves(const FourTuple& tuple) const {
    return !parts_->best(tuple, nullptr).is_null();
}

void Engine::on_message(const Turn& turn, const Datagram& message, Octets header) {
    const auto type = std::to_integer<std::uint8_t>(message.frame->front()[0]);
    FourTuple tuple = message.tuple;
    tuple.local.port = tuple.remote.port = Port::any();
    for (const auto handle : parts_->on_port[Port::any().value()]) {
        const BoundEndpoint& endpoint = *parts_->endpoints.get(handle);
        if (endpoint.fit(tuple) == Fit::none || !endpoint.hears(message)) continue;
        if (endpoint.extras && !endpoint.extras->wants(type)) continue;
        Datagram copy = parts_->copy_of(message);
        if (!header.empty()) std::ranges::copy(header, copy.frame->prepend(header.size()).data());
        copy.tuple = tuple;
        copy.length += static_cast<std::uint32_t>(header.size());
        (void)parts_->deliver(turn, handle, copy);
    }
}

bool Engine::hears_messages() const {
    return parts_->transport == event::Transport::icmp &&
           !parts_->on_port[Port::any().value()].empty();
}

Status Engine::send_message(const FourTuple& tuple, const std::array<std::byte, 8>& header,
                            Octets text, Carriage carriage) {
    if (parts_->outgoing_octets >= parts_->config.send_buffer_max) return fail(Error::would_block);
    FramePtr frame = parts_->pool.frame();
    std::ranges::copy(header, frame->prepend(header.size()).data());
    if (!text.empty()) (void)frame->add(parts_->pool.copy(text));
    parts_->outgoing_octets += frame->size();
    parts_->outgoing.push({tuple, std::move(frame), carriage});
    return {};
}

void Engine::Parts::enqueue(const FourTuple& tuple, Octets text, const Carriage& carriage) {
    FramePtr frame = pool.frame();
    const wire::UdpRepr header{tuple.local.port, tuple.remote.port,
                               static_cast<std::uint16_t>(text.size())};
    header.emit(frame->prepend(wire::UdpRepr::size()));
    if (!text.empty()) (void)frame->add(pool.copy(text));
    outgoing_octets += frame->size();
    outgoing.push({tuple, std::move(frame), carriage});
}

Status Engine::send(const Turn&, FourTuple tuple, Octets text, Carriage carriage) {
    constexpr std::size_t text_max_v4 = 65'507;  // 65535 less both headers (UDP-010)
    const std::size_t text_max =
        tuple.local.addr.is_v4() ? text_max_v4 : wire::UdpRepr::payload_max;
    if (tuple.remote.port.is_any()) return fail(Error::invalid_argument);
    if (text.size() > text_max) return fail(Error::message_too_long);
    if (parts_->outgoing_octets >= parts_->config.send_buffer_max) return fail(Error::would_block);
    const std::size_t each = carriage.segment == 0 ? text.size() : carriage.segment;
    do {
        const Octets piece = text.first(std::min(each, text.size()));
        text = text.subspan(piece.size());
        parts_->enqueue(tuple, piece, carriage);
    } while (!text.empty());
    return {};
}

bool Engine::has_datagram() const { return !parts_->outgoing.empty(); }

std::optional<Engine::Outgoing> Engine::next_datagram(const Turn&) {
    if (parts_->outgoing.empty()) return std::nullopt;
    Outgoing next = parts_->outgoing.pop();
    parts_->outgoing_octets -= next.frame->size();
    return next;
}

std::optional<Datagram> Engine::receive(EndpointId id) {
    BoundEndpoint* endpoint = parts_->get(id);
    return endpoint == nullptr ? std::nullopt : endpoint->pop();
}

const Datagram* Engine::front(EndpointId id) const {
    const BoundEndpoint* endpoint = parts_->get(id);
    return endpoint == nullptr ? nullptr : endpoint->front();
}

std::size_t Engine::queued(EndpointId id) const {
    const BoundEndpoint* endpoint = parts_->get(id);
    return endpoint == nullptr ? 0 : endpoint->queued();
}

std::size_t Engine::front_length(EndpointId id) const {
    const BoundEndpoint* endpoint = parts_->get(id);
    return endpoint == nullptr ? 0 : endpoint->front_length();
}

std::optional<Error> Engine::take_error(EndpointId id) {
    BoundEndpoint* endpoint = parts_->get(id);
    return endpoint == nullptr ? std::nullopt : std::exchange(endpoint->error, std::nullopt);
}

std::optional<Error> Engine::error(EndpointId id) const {
    const BoundEndpoint* endpoint = parts_->get(id);
    return endpoint == nullptr ? std::nullopt : endpoint->error;
}

std::optional<EndpointId> Engine::next_edge() {
    while (!parts_->edges.empty()) {
        const EndpointId id = parts_->edges.pop();
        BoundEndpoint* endpoint = parts_->get(id);
        if (endpoint == nullptr) continue;
        endpoint->has_edge = false;
        return id;
    }
    return std::nullopt;
}

std::optional<Notice> Engine::take_notice(EndpointId id) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint == nullptr || !endpoint->extras || endpoint->extras->notices.empty()) {
        return std::nullopt;
    }
    Ring<Notice>& notices = endpoint->extras->notices;
    Notice notice = notices.pop();
    endpoint->error.reset();
    // An error of ours was told by the call that made it.
    const bool is_news = !notices.empty() && notices.front().origin == Notice::Origin::icmp;
    if (is_news) endpoint->error = notices.front().error;
    return notice;
}

bool Engine::has_notice(EndpointId id) const {
    const BoundEndpoint* endpoint = parts_->get(id);
    return endpoint != nullptr && endpoint->extras && !endpoint->extras->notices.empty();
}

void Engine::share_port(EndpointId id) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint != nullptr) endpoint->shares_port = true;
}

void Engine::set_errors(EndpointId id, Errors errors, Oversize oversize) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint == nullptr) return;
    endpoint->oversize = oversize;
    if (endpoint->extras || errors == Errors::all) endpoint->change_extras().errors = errors;
}

void Engine::set_refused_types(EndpointId id, const std::array<std::uint32_t, 8>& refused) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint != nullptr) endpoint->change_extras().refused = refused;
}

void Engine::set_hearing(EndpointId id, std::optional<std::uint16_t> link,
                         std::optional<HeardGroups> groups) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint == nullptr || (!endpoint->extras && !link && !groups)) return;
    Extras& extras = endpoint->change_extras();
    extras.link = link;
    extras.groups = std::move(groups);
}

void Engine::tell_local_error(EndpointId id, const Notice& notice) {
    BoundEndpoint* endpoint = parts_->get(id);
    if (endpoint == nullptr || !endpoint->extras) return;
    Extras& extras = *endpoint->extras;
    if (extras.errors != Errors::all || extras.notices.size() >= Extras::notices_max) return;
    extras.notices.push(notice);
    parts_->edge_of(id.handle, *endpoint);
}

void Engine::snapshot(std::vector<event::SocketView>& sockets) const {
    std::vector<const BoundEndpoint*> by_age;
    parts_->endpoints.for_each(
        [&](auto, const BoundEndpoint& endpoint) { by_age.push_back(&endpoint); });
    std::sort(by_age.begin(), by_age.end(),
              [](const BoundEndpoint* a, const BoundEndpoint* b) { return a->serial < b->serial; });
    for (const BoundEndpoint* endpoint : by_age) {
        event::SocketView view;
        view.transport = parts_->transport;
        const bool is_raw =
            view.transport == event::Transport::icmp && endpoint->local().port.is_any();
        if (is_raw) view.transport = event::Transport::raw;
        view.state = endpoint->remote() ? event::State::established : event::State::closed;
        view.local = endpoint->local();
        view.peer = endpoint->remote().value_or(
            Endpoint{IpAddr::any(endpoint->local().addr.family()), Port::any()});
        view.receive_queue = endpoint->text_queued();
        sockets.push_back(view);
    }
}

}  // namespace dt::udp
