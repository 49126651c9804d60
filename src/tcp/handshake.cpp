// Opening: what a SYN offers, SYN-SENT (RFC 9293 §3.10.7.3), simultaneous open (§3.5 Figure 8), and
// what both SYNs agree (MSS, RFC 7323 window scale and timestamps).
#include <algorithm>

#include "base/assert.hpp"
#include "tcp/arrival.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint16_t headers_v4 = 40;  // IPv4 and TCP without options
constexpr std::uint16_t headers_v6 = 60;
constexpr std::uint16_t default_mss_v4 = 536;  // RFC 9293 MUST-15
constexpr std::uint16_t default_mss_v6 = 1220;
constexpr std::uint16_t peer_mss_min = 48;     // Linux: smaller ones are raised (TCP-OPT-030)
constexpr std::uint16_t timestamps_size = 12;  // with two NOPs

std::uint16_t headers_of(Family family) { return family == Family::v4 ? headers_v4 : headers_v6; }

std::uint16_t mss_of(const Path& path, const Options& options, Family family) {
    const std::uint16_t headers = headers_of(family);
    const auto room = static_cast<std::uint16_t>(
        path.mtu > headers + peer_mss_min ? path.mtu - headers : peer_mss_min);
    return options.mss_max == 0 ? room : std::min(room, options.mss_max);
}

std::uint32_t buffer_of(const Config& config, const Options& options) {
    return options.receive_buffer != 0 ? options.receive_buffer : config.receive_buffer;
}

std::uint32_t lowat_of(const Config& config, const Options& options) {
    return options.notsent_lowat != 0 ? options.notsent_lowat : config.notsent_lowat;
}

}  // namespace

Offer offer_for(const Config& config, const Path& path, const Options& options, Family family) {
    Offer offer;
    offer.mss = mss_of(path, options, family);
    offer.shift = window_shift(config);
    offer.window = first_window(window_limit(buffer_of(config, options)), offer.mss);
    return offer;
}

Offer answer_for(const Config& config, const Path& path, const Options& options, Family family,
                 Stamped stamped) {
    Offer offer = offer_for(config, path, options, family);
    constexpr int timestamps_length = 12;
    const int stamps = stamped == Stamped::yes ? timestamps_length : 0;
    offer.window = first_window(window_limit(buffer_of(config, options)),
                                static_cast<std::uint16_t>(offer.mss - stamps));
    return offer;
}

Connection::Connection(const Turn& turn, const ActiveOpen& open)
    : tuple_(open.tuple),
      path_(open.path),
      options_(open.options),
      snd_(open.iss),
      window_(window_limit(buffer_of(turn.config(), *open.options)),
              mss_of(open.path, *open.options, open.tuple.remote.addr.family())),
      rtt_(turn.config()),
      rack_(turn.config()),
      send_buffer_(open.options->send_buffer != 0 ? open.options->send_buffer
                                                  : turn.config().send_buffer),
      lowat_(lowat_of(turn.config(), *open.options)) {
    tcb_.iss = open.iss;
    tcb_.snd_small_end = open.iss;
    tcb_.timestamps = turn.config().timestamps;
    tcb_.ts_offset = open.ts_offset;
    if (open.fast_open) rare().opening = std::make_unique<FastOpening>(*open.fast_open);
    if (options_->quick_ack) set(Flag::quick_ack);
    move(turn, event::Cause::active_open);
}

Connection::Connection(const Turn& turn, buf::Pool& pool, const PassiveOpen& open)
    : tuple_(open.tuple),
      path_(open.path),
      options_(open.options),
      snd_(open.iss),
      window_(window_limit(buffer_of(turn.config(), *open.options)),
              mss_of(open.path, *open.options, open.tuple.remote.addr.family())),
      rtt_(turn.config()),
      rack_(turn.config()),
      last_received_(turn.now()),
      send_buffer_(open.options->send_buffer != 0 ? open.options->send_buffer
                                                  : turn.config().send_buffer),
      lowat_(lowat_of(turn.config(), *open.options)),
      syn_retransmits_(open.syn_ack_retransmissions),
      state_(State::syn_received) {
    tcb_.iss = open.iss;
    tcb_.snd_small_end = open.iss;
    tcb_.ts_offset = open.ts_offset;
    wire::TcpRepr syn;
    syn.seq = open.irs;
    syn.window = open.syn_window;
    if (open.peer_mss != 0) syn.options.mss = open.peer_mss;
    syn.options.window_scale = open.peer_shift;
    syn.options.sack_permitted = open.sack_permitted;
    if (open.ts_recent) {
        tcb_.timestamps = event::Switch::on;
        syn.options.timestamps = wire::Timestamps{.value = *open.ts_recent};
    }
    if (options_->quick_ack) set(Flag::quick_ack);
    set(Flag::passive);
    agree(turn, syn);
    if (open.ecn) tcb_.ecn = event::Switch::on;
    if (open.fast_open) {
        rare().opening = std::make_unique<FastOpening>(*open.fast_open);
        return;
    }
    // Where nobody knows when it left it counts as sent again: no sample (Karn).
    const int transmissions = 1 + open.syn_ack_retransmissions + (open.syn_ack_at ? 0 : 1);
    snd_.on_syn_ack_sent(pool, open.syn_ack_at.value_or(turn.now()),
                         static_cast<std::uint8_t>(transmissions));
}

Connection::~Connection() = default;

// What a SYN of ours carries. A SYN-ACK answers only what was offered (TCP-CONN-003).
wire::TcpOptions Connection::syn_options(const Turn& turn) const {
    wire::TcpOptions options;
    const Config& config = turn.config();
    const Offer offer = offer_for(config, path_, *options_, tuple_.remote.addr.family());
    options.mss = offer.mss;
    const bool is_answer = state_ == State::syn_received;
    if (is_answer ? window_.shift() != 0 || tcb_.snd_shift != 0
                  : config.window_scaling == event::Switch::on) {
        options.window_scale = offer.shift;
    }
    options.sack_permitted = (is_answer ? tcb_.sack : config.sack) == event::Switch::on;
    if (tcb_.timestamps == event::Switch::on) {
        options.timestamps =
            wire::Timestamps{.value = ts_now(turn.now()), .echo = is_answer ? tcb_.ts_recent : 0};
    }
    // RFC 7413 §4.4: a SYN that is sent again is a plain one.
    if (opening() != nullptr && snd_.nxt() == tcb_.iss) options.fast_open = opening()->option;
    return options;
}

// RFC 3168 §6.1.1; a SYN that was not answered leaves again without (TCP-ECN-004).
bool Connection::offers_ecn(const Turn& turn) const {
    return state_ == State::syn_sent && turn.config().ecn == event::Ecn::on &&
           syn_retransmits_ == 0;
}

std::uint16_t Connection::offer_window(const Turn& turn) const { return own_offer(turn).window; }

// What our SYN said, or the SYN-ACK that answered the peer's.
Offer Connection::own_offer(const Turn& turn) const {
    const Family family = tuple_.remote.addr.family();
    if (!has(Flag::passive)) return offer_for(turn.config(), path_, *options_, family);
    const bool is_stamped = tcb_.timestamps == event::Switch::on;
    return answer_for(turn.config(), path_, *options_, family,
                      is_stamped ? Stamped::yes : Stamped::no);
}

// §3.10.7.3: first the ACK, second the RST, fourth the SYN, fifth what has neither.
void Connection::arrive_in_syn_sent(Arrival& a) {
    if (check_syn_sent_ack(a) == Verdict::done) return;
    if (check_syn_sent_rst(a) == Verdict::done) return;
    if (!a.flags.syn()) return drop(a, event::Reason::no_syn_flag);
    take_syn(a);
}

// First: an ACK outside (ISS, SND.NXT] is answered with a RST, unless it is one.
Connection::Verdict Connection::check_syn_sent_ack(Arrival& a) {
    if (!a.flags.ack()) return Verdict::go_on;
    const bool is_ours = after(a.ack(), tcb_.iss) && at_or_before(a.ack(), snd_.nxt());
    if (is_ours && echoes_our_syn(a)) return Verdict::go_on;
    if (!a.flags.rst()) {
        a.outcome.reply = reset_of(a.in, event::Reason::ack_unacceptable);
    }
    drop(a, event::Reason::ack_unacceptable);
    return Verdict::done;
}

// RFC 7323 §3.2: an echo that no SYN of ours carried belongs to another connection (Linux).
bool Connection::echoes_our_syn(const Arrival& a) const {
    const auto& timestamps = a.header().options.timestamps;
    if (tcb_.timestamps == event::Switch::off || !timestamps || timestamps->echo == 0) return true;
    const std::uint32_t first = ts_now(stalled_since_);
    const std::uint32_t age = ts_now(a.turn.now()) - first;
    return timestamps->echo - first <= age;
}

// Second: a RST counts only with an acceptable ACK (TCP-SEG-014, TCP-SEG-015).
Connection::Verdict Connection::check_syn_sent_rst(Arrival& a) {
    if (!a.flags.rst()) return Verdict::go_on;
    if (!a.flags.ack()) {
        drop(a, event::Reason::rst_ignored);
        return Verdict::done;
    }
    a.outcome = fail(a.turn, event::Cause::rcv_rst, Error::connection_refused,
                     event::Reason::refused_by_peer);
    return Verdict::done;
}

// Fourth: with an ACK of our SYN the connection is ESTABLISHED; without, both ends open at once.
void Connection::take_syn(Arrival& a) {
    agree(a.turn, a.header());
    last_received_ = a.turn.now();
    if (!a.flags.ack()) {
        move(a.turn, event::Cause::rcv_syn);
        snd_.mark_all_lost();  // the SYN leaves again, as SYN,ACK with the same ISS (TCP-CONN-011)
        return;
    }
    // ECE alone accepts; with CWR the peer only reflects our bits (TCP-ECN-003).
    const bool has_ecn = offers_ecn(a.turn) && a.flags.ece() && !a.flags.cwr();
    if (has_ecn) tcb_.ecn = event::Switch::on;
    const Acked acked = snd_.on_ack(a.ack());
    if (const auto rtt = sample_rtt(a, acked)) {
        rtt_.on_sample(a.turn.config(), *rtt, snd_.una(), snd_.nxt());
        min_rtt_.on_sample(a.turn.config(), a.turn.now(), *rtt);
    }
    if (opening() != nullptr) take_fast_open(a);
    establish(a.turn, event::Cause::rcv_syn_ack);
    // Text of the SYN that was not taken leaves again at once and carries the ACK (Linux).
    if (snd_.flight() == 0) {
        acks_.acknowledge_now();
    } else {
        keep_syn_text_apart();
        snd_.mark_all_lost();
    }
    // Text or FIN behind the SYN counts from here (TCP-SEG-016).
    a.seq += 1;
    a.flags = a.flags.without(TcpFlag::syn);
    trim(a);
    if (take_text(a) == Verdict::go_on) take_fin(a);
}

// The peer's SYN: IRS and its options. `syn` is the SYN of either kind of open.
void Connection::agree(const Turn& turn, const wire::TcpRepr& syn) {
    const wire::TcpOptions& options = syn.options;
    const Offer offer = own_offer(turn);
    tcb_.irs = syn.seq;
    tcb_.rcv_nxt = syn.seq + 1;
    tcb_.peer_mss = options.mss.value_or(0);
    const bool scales = options.window_scale && turn.config().window_scaling == event::Switch::on;
    tcb_.scaling = scales ? event::Switch::on : event::Switch::off;
    tcb_.sack = options.sack_permitted ? turn.config().sack : event::Switch::off;
    tcb_.snd_shift = scales ? *options.window_scale : std::uint8_t{0};
    window_.start(tcb_.rcv_nxt, offer.window, scales ? offer.shift : std::uint8_t{0});
    if (!options.timestamps) tcb_.timestamps = event::Switch::off;
    if (tcb_.timestamps == event::Switch::on) {
        tcb_.ts_recent = options.timestamps->value;
        tcb_.ts_recent_s = static_cast<std::uint32_t>(to_ms(turn.now()) / 1000);
    }
    tcb_.snd_wnd = syn.window;  // never scaled (RFC 7323 §2.2)
    tcb_.snd_wnd_max = syn.window;
    tcb_.snd_wl1 = syn.seq;
    tcb_.snd_wl2 = tcb_.iss;
    acks_.start(tcb_.rcv_nxt);
    apply_mss();
}

void Connection::establish(const Turn& turn, event::Cause cause) {
    // RFC 5681 §3.1, as Linux: more than one lost SYN makes the first window one segment.
    if (!has(Flag::early)) {
        congestion_.choose(options_->congestion.value_or(turn.config().congestion));
        congestion_.start(turn.config(), tcb_.snd_mss,
                          syn_retransmits_ > 1 ? Congestion::Opening::after_lost_syns
                                               : Congestion::Opening::usual);
    }
    grow_send_buffer(turn.config());
    if (syn_retransmits_ > 0) rtt_.on_syn_lost();
    retransmits_ = 0;
    backoff_ = 0;
    stalled_since_ = {};
    timers_.disarm(TimerSlot::send);
    set(Flag::connected);
    acks_.on_established(turn.now());
    if (!has(Flag::sent_text)) last_sent_ = turn.now();
    if (turn.config().mtu_probing == event::MtuProbing::always)
        rare().search.begin(turn.config().mtu_base_mss, tcb_.snd_mss, turn.now());
    apply_mss();
    set_pace(turn);
    move(turn, cause);
    arm_life(turn);
}

// Eff.snd.MSS (RFC 9293 §3.7.1): what peer and path take, less the options of every segment.
std::uint16_t Connection::mss_of_path() const {
    const Family family = tuple_.remote.addr.family();
    const std::uint16_t fallback = family == Family::v4 ? default_mss_v4 : default_mss_v6;
    const std::uint16_t peer =
        std::max(tcb_.peer_mss != 0 ? tcb_.peer_mss : fallback, peer_mss_min);
    const std::uint16_t whole = std::min(peer, mss_of(path_, *options_, family));
    const std::uint16_t options =
        tcb_.timestamps == event::Switch::on ? timestamps_size : std::uint16_t{0};
    return static_cast<std::uint16_t>(whole - options);
}

void Connection::apply_mss() {
    tcb_.snd_mss = mss_of_path();
    if (rare_ && rare_->search.is_on()) {
        const std::uint32_t found = std::min<std::uint32_t>(tcb_.snd_mss, rare_->search.low());
        tcb_.snd_mss = static_cast<std::uint16_t>(found);
    }
    snd_.set_segment(tcb_.snd_mss);
    const std::uint32_t segments = path_.super_segment_max / tcb_.snd_mss;
    tcb_.snd_super = std::max(segments, std::uint32_t{1}) * tcb_.snd_mss;
}

}  // namespace dt::tcp
