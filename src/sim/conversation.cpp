// Both ends of every shape of conversation.
#include "sim/conversation.hpp"

#include <algorithm>

namespace dt::sim {

namespace {

/// The server's own text.
constexpr std::uint64_t down_key(std::uint64_t key) { return key ^ 0xd0d0d0d0d0d0d0d0ULL; }

constexpr std::uint64_t greeting_mark = 0x6469616c746f6e65;

}  // namespace

std::array<std::byte, Greeting::size> Greeting::octets() const {
    std::array<std::byte, size> octets{};
    store_be(octets, 0, key);
    store_be(octets, 8, up);
    store_be(octets, 16, down << 8 | static_cast<std::uint64_t>(shape));
    store_be(octets, 24, key ^ up ^ down ^ greeting_mark);
    return octets;
}

std::optional<Greeting> Greeting::from(const std::array<std::byte, size>& octets) {
    Greeting greeting;
    greeting.key = load_be<std::uint64_t>(octets, 0);
    greeting.up = load_be<std::uint64_t>(octets, 8);
    const auto word = load_be<std::uint64_t>(octets, 16);
    greeting.down = word >> 8;
    const auto mark = greeting.key ^ greeting.up ^ greeting.down ^ greeting_mark;
    if ((word & 0xff) >= shapes || load_be<std::uint64_t>(octets, 24) != mark) return std::nullopt;
    greeting.shape = static_cast<Shape>(word & 0xff);
    return greeting;
}

Conversation::Conversation(sock::SocketId socket, const ClientPlan& plan, Made made)
    : role_(Role::client),
      socket_(socket),
      greeting_(Greeting{plan.key, plan.up, plan.down, plan.shape}),
      reading_(plan.reading),
      writing_(plan.writing),
      marks_(plan.marks),
      made_(made) {}

Conversation::Conversation(sock::SocketId socket, const ServerPlan& plan)
    : role_(Role::server), socket_(socket), reading_(plan.reading), marks_(plan.marks) {}

bool Conversation::may_break() const {
    return !greeting_ || greeting_->shape == Shape::client_aborts || is_peer_lost_;
}

std::uint64_t Conversation::total_to_send() const {
    if (!greeting_) return 0;
    if (role_ == Role::client) return Greeting::size + greeting_->up;
    return greeting_->shape == Shape::echo ? greeting_->up : greeting_->down;
}

std::uint64_t Conversation::text_received() const {
    if (role_ == Role::client) return received_;
    return received_ > Greeting::size ? received_ - Greeting::size : 0;
}

std::uint64_t Conversation::may_send() const {
    if (role_ == Role::client || !greeting_) return total_to_send();
    if (greeting_->shape == Shape::echo) return std::min(text_received(), greeting_->up);
    if (greeting_->shape == Shape::answer_after_end && !at_end_) return 0;
    return total_to_send();
}

std::uint64_t Conversation::total_to_receive() const {
    if (!greeting_) return Greeting::size;
    if (role_ == Role::server) return Greeting::size + greeting_->up;
    return greeting_->shape == Shape::echo ? greeting_->up : greeting_->down;
}

void Conversation::fill(MutableOctets room, std::uint64_t at) const {
    std::size_t done = 0;
    if (role_ == Role::client && at < Greeting::size) {
        const auto octets = greeting_->octets();
        done = std::min<std::size_t>(room.size(), Greeting::size - at);
        std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(at), done, room.begin());
    }
    const bool is_up = role_ == Role::client || greeting_->shape == Shape::echo;
    const std::uint64_t key = is_up ? greeting_->key : down_key(greeting_->key);
    const std::uint64_t skip = role_ == Role::client ? Greeting::size : 0;
    for (; done < room.size(); ++done) room[done] = octet_of(key, at + done - skip);
}

/// Straight into the send queue.
Result<std::size_t> Conversation::write_some(world::Calls& calls, std::size_t wanted) {
    if (!marks_.are_none()) return write_marked(calls, wanted);
    const auto room = calls.writable(socket_, wanted);
    if (!room) return std::unexpected(room.error());
    const std::size_t count = std::min(room->size(), wanted);
    fill(room->first(count), sent_);
    if (const auto committed = calls.commit(socket_, count); !committed)
        return std::unexpected(committed.error());
    return count;
}

/// By send(), whose flags follow from the place in the stream.
Result<std::size_t> Conversation::write_marked(world::Calls& calls, std::size_t wanted) {
    std::array<std::byte, 4096> text{};
    const MutableOctets octets = std::span(text).first(std::min(wanted, text.size()));
    fill(octets, sent_);
    const auto draw = static_cast<unsigned>(octet_of(~greeting_->key, sent_));
    if ((draw & 15U) < marks_.urgent_of_16) return calls.send_urgent(socket_, octets);
    using More = tcp::WriteMark::More;
    return calls.send(socket_, octets, (draw >> 4U) < marks_.more_of_16 ? More::yes : More::no);
}

void Conversation::write(world::Calls& calls, Instant now) {
    while (fate_ == Fate::going && sent_ < may_send() && writes_at_ <= now) {
        const std::size_t wanted = std::min<std::uint64_t>(may_send() - sent_, writing_.chunk);
        const auto count = write_some(calls, wanted);
        if (!count) return on_error(calls, count.error(), "writing");
        sent_ += *count;
        last_progress_ = now;
        if (writing_.pause != Duration{}) writes_at_ = now + writing_.pause;
    }
}

void Conversation::read(world::Calls& calls, Instant now) {
    while (fate_ == Fate::going && !at_end_ && reads_at_ <= now) {
        const auto text = calls.readable(socket_);
        if (!text) return on_error(calls, text.error(), "reading");
        last_progress_ = now;
        if (text->empty()) {
            at_end_ = true;
            return check_end();
        }
        const std::size_t count = std::min(text->size(), reading_.chunk);
        take(text->first(count));
        if (const auto consumed = calls.consume(socket_, count); !consumed)
            return on_error(calls, consumed.error(), "reading");
        if (reading_.pause != Duration{}) reads_at_ = now + reading_.pause;
    }
}

void Conversation::take_greeting(Octets& text) {
    const std::size_t count = std::min<std::size_t>(Greeting::size - received_, text.size());
    std::copy_n(text.begin(), count, heard_.begin() + static_cast<std::ptrdiff_t>(received_));
    received_ += count;
    text = text.subspan(count);
    if (received_ < Greeting::size) return;
    greeting_ = Greeting::from(heard_);
    if (greeting_) return;
    if (!is_peer_lost_) return fail("the greeting arrived changed");
    // What made this connection of its cookie came from the middle of an old one, where as many
    // octets had gone each way: nobody is behind it.
    text = {};
    at_end_ = true;
}

void Conversation::take(Octets text) {
    if (role_ == Role::server && !greeting_) take_greeting(text);
    if (fate_ == Fate::going && !text.empty()) check_text(text);
}

void Conversation::check_text(Octets text) {
    const bool is_up = role_ == Role::server || greeting_->shape == Shape::echo;
    const std::uint64_t key = is_up ? greeting_->key : down_key(greeting_->key);
    const std::uint64_t at = text_received();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == octet_of(key, at + i)) continue;
        return fail("octet " + std::to_string(at + i) + " arrived changed or out of place");
    }
    received_ += text.size();
    if (received_ > total_to_receive()) fail("more arrived than was sent");
}

void Conversation::check_end() {
    if (received_ == total_to_receive() || may_break()) return;
    fail("the stream ended early");
}

void Conversation::close_if_done(world::Calls& calls) {
    if (fate_ != Fate::going) return;
    // Where nobody greeted, and nobody will, the client went away before.
    const bool is_over = greeting_ ? has_finished() : at_end_;
    if (greeting_ && role_ == Role::client) shut_if_sent(calls);
    if (is_over && fate_ == Fate::going) close(calls);
}

/// A client whose shape ends by shutdown() shuts when it has sent all.
void Conversation::shut_if_sent(world::Calls& calls) {
    const bool shuts = greeting_->shape == Shape::both_at_once || greeting_->shape == Shape::echo ||
                       greeting_->shape == Shape::answer_after_end;
    if (!shuts || has_shut_ || sent_ < total_to_send()) return;
    has_shut_ = true;
    if (const auto shut = calls.shutdown(socket_, sock::How::write); !shut)
        on_error(calls, shut.error(), "shutting");
}

/// Whether this end closes now, as its shape asks.
bool Conversation::has_finished() const {
    const bool all_sent = sent_ == total_to_send();
    switch (greeting_->shape) {
        case Shape::both_at_once:
        case Shape::echo:
        case Shape::answer_after_end: return at_end_ && all_sent;
        case Shape::server_closes_first:
            return all_sent && (role_ == Role::client ? at_end_ : received_ == total_to_receive());
        case Shape::client_aborts:
            return role_ == Role::client ? sent_ >= Greeting::size + greeting_->up / 2 : at_end_;
    }
    return false;
}

void Conversation::close(world::Calls& calls) {
    const bool leaves_some = role_ == Role::client && greeting_ &&
                             greeting_->shape == Shape::client_aborts && (greeting_->key & 1) != 0;
    const auto unread = leaves_some ? sock::Unread::some : sock::Unread::none;
    if (const auto closed = calls.close(socket_, unread); !closed) return fail("close() failed");
    fate_ = Fate::done;
}

/// True where the listener never knew of the connection, or no longer.
bool Conversation::is_forgotten(Error error) const {
    return role_ == Role::client && made_ != Made::healed && received_ == 0 && !at_end_ &&
           (error == Error::connection_reset || error == Error::broken_pipe);
}

void Conversation::on_error(world::Calls& calls, Error error, const char* where) {
    if (error == Error::would_block) return;
    if (!may_break() && !is_forgotten(error)) {
        fail(std::string(where) + " failed with error " +
             std::to_string(static_cast<unsigned>(error)));
    }
    const Fate fate = fate_;
    close(calls);
    if (fate == Fate::failed) fate_ = fate;
}

void Conversation::fail(std::string why) {
    fate_ = Fate::failed;
    failure_ = text() + ": " + std::move(why);
}

void Conversation::step(world::Calls calls, Instant now) {
    if (fate_ != Fate::going) return;
    if (last_progress_ == Instant{}) last_progress_ = now;
    read(calls, now);
    write(calls, now);
    close_if_done(calls);
}

Instant Conversation::wakes_at(Instant now) const {
    if (fate_ != Fate::going) return never;
    Instant wake = never;
    if (writes_at_ > now && sent_ < may_send()) wake = std::min(wake, writes_at_);
    if (reads_at_ > now && !at_end_) wake = std::min(wake, reads_at_);
    return wake;
}

void Conversation::give_up(world::Calls calls) {
    if (fate_ == Fate::going) close(calls);
}

std::string Conversation::text() const {
    std::string text = role_ == Role::client ? "client" : "server";
    if (greeting_) {
        constexpr std::array<const char*, shapes> names{"both at once", "echo", "answer after end",
                                                        "server closes first", "client aborts"};
        text += std::string(", ") + names[static_cast<std::size_t>(greeting_->shape)];
    }
    return text + ": sent " + std::to_string(sent_) + " of " + std::to_string(total_to_send()) +
           ", received " + std::to_string(received_) + " of " + std::to_string(total_to_receive()) +
           (at_end_ ? " and the end" : "");
}

}  // namespace dt::sim
