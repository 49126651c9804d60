// Runs a scenario on a real stack in virtual time, rung by rung, up to the first wrong one.
#include "scenario/runner.hpp"

#include <array>

#include "scenario/call_parser.hpp"
#include "scenario/checks.hpp"
#include "scenario/fixture.hpp"
#include "scenario/match.hpp"
#include "scenario/parser.hpp"
#include "tcp/state.hpp"

namespace dt::scenario {
namespace {

using Wrong = std::optional<Problem>;

/// `+1.200 s` since the script began.
std::string clock_text(Duration since) {
    const std::string milliseconds = std::to_string(1000 + base::to_ms(since) % 1000).substr(1);
    return "+" + std::to_string(base::to_ms(since) / 1000) + "." + milliseconds + " s";
}

class Run {
  public:
    explicit Run(const Script& script)
        : subject_(script.settings),
          flows_(Seq{script.settings.peer_iss}),
          program_(subject_, flows_),
          begin_(subject_.now()) {}

    Wrong rungs(const std::vector<Rung>& rungs) {
        for (std::size_t i = 0; i < rungs.size(); ++i) {
            const Rung* next = i + 1 < rungs.size() ? &rungs[i + 1] : nullptr;
            if (auto wrong = rung(rungs[i], next)) return wrong;
        }
        return rungs.empty() ? Wrong() : silence({rungs.back().line, 1});
    }

  private:
    Wrong rung(const Rung& rung, const Rung* next) {
        if (auto wrong = left(rung, next)) return wrong;
        if (auto wrong = middle(rung)) return wrong;
        for (const Check& wanted : rung.right) {
            if (auto wrong = check(wanted, topic_, subject_)) return Problem{wanted.place, *wrong};
        }
        return illegal(rung);
    }

    Wrong left(const Rung& rung, const Rung* next) {
        if (const auto* call = std::get_if<Call>(&rung.left)) return perform(*call);
        if (const auto* pause = std::get_if<Sleep>(&rung.left)) {
            const bool here = std::holds_alternative<Expect>(rung.middle);
            const bool later = next != nullptr && std::holds_alternative<monostate>(next->left) &&
                               std::holds_alternative<Expect>(next->middle) &&
                               std::holds_alternative<monostate>(rung.middle);
            return sleep(*pause, here || later ? Subject::Until::packet : Subject::Until::time);
        }
        return std::nullopt;
    }

    Wrong middle(const Rung& rung) {
        if (const auto* expected = std::get_if<Expect>(&rung.middle))
            return expect(expected->packet);
        if (const auto* injected = std::get_if<Inject>(&rung.middle)) return inject(*injected);
        return std::nullopt;
    }

    Wrong perform(const Call& call) {
        if (auto wrong = silence(call.place)) return wrong;
        forget();
        const Answer answer = program_.perform(call);
        subject_.turn();
        topic_ = topic_of_program();
        if (!answer.as_expected) {
            return Problem{call.place,
                           std::string(name_of(call.verb)) + " answered " + answer.text};
        }
        return stuck(call.place);
    }

    Wrong sleep(const Sleep& pause, Subject::Until until) {
        if (auto wrong = silence(pause.place)) return wrong;
        forget();
        const Instant target = subject_.now() + pause.by;
        const Duration early = std::min(pause.tolerance, pause.by);
        subject_.run(target - early - 1ns, Subject::Until::packet);
        if (auto wrong = silence(pause.place)) return wrong;
        const bool waits = until == Subject::Until::packet;
        subject_.run(waits ? target + pause.tolerance : target, until);
        return stuck(pause.place);
    }

    Wrong expect(const Packet& packet) {
        if (subject_.sent().empty()) return Problem{packet.place, "the stack sent nothing"};
        const Seen seen = std::move(subject_.sent().front());
        subject_.sent().pop_front();
        Flow& flow = flow_of(packet, End{packet.source}, End{packet.destination});
        topic_ = {flow.tuple, 0};
        auto wrong = is_in(flow.tuple, seen) ? mismatch(packet, seen, flow)
                                             : std::optional<std::string>("it has other ends");
        if (wrong) return Problem{packet.place, *wrong + "; seen: " + described(seen)};
        remember(seen, flow);
        return std::nullopt;
    }

    Wrong inject(const Inject& injected) {
        const Packet& packet = injected.packet;
        if (auto wrong = silence(packet.place)) return wrong;
        Flow& flow = flow_of(packet, End{packet.destination}, End{packet.source});
        topic_ = {flow.tuple, 0};
        const auto* tcp = std::get_if<TcpText>(&packet.body);
        if (tcp != nullptr && tcp->flags.syn()) flow.peer_start = tcp->first.value;
        subject_.arrive(write_datagram(packet, flow));
        if (injected.turn == Inject::Turn::batch) return std::nullopt;
        forget();
        subject_.turn();
        return stuck(packet.place);
    }

    /// The flow of a packet; ends that are not written are those of the program's connection.
    Flow& flow_of(const Packet& packet, const End& ours, const End& theirs) {
        const FourTuple& main = program_.main_tuple();
        FourTuple tuple{
            {ours.address.value_or(subject_address), ours.port.value_or(main.local.port)},
            {theirs.address.value_or(main.remote.addr), theirs.port.value_or(main.remote.port)}};
        if (std::holds_alternative<IcmpText>(packet.body)) tuple = icmp_tuple(packet, tuple);
        return flows_.of(tuple);
    }

    /// An ICMP message quotes the program's connection; one of its own begins with `icmp A>B`.
    [[nodiscard]] FourTuple icmp_tuple(const Packet& packet, FourTuple tuple) const {
        const bool is_error = !std::get<IcmpText>(packet.body).id;
        return is_error ? program_.main_tuple() : tuple;
    }

    [[nodiscard]] static bool is_in(const FourTuple& tuple, const Seen& seen) {
        if (seen.tuple.remote.port == Port{}) return seen.tuple.remote.addr == tuple.remote.addr;
        return seen.tuple == tuple;
    }

    /// What later packets of the flow lean on: timestamps to echo, a datagram to quote, endings.
    static void remember(const Seen& seen, Flow& flow) {
        if (const auto* tcp = std::get_if<SeenTcp>(&seen.body)) {
            if (tcp->header.options.timestamps)
                flow.last_ts = tcp->header.options.timestamps->value;
        }
        flow.last_sent = seen.datagram;
    }

    [[nodiscard]] Topic topic_of_program() const {
        const NamedSocket* socket = program_.current();
        if (socket == nullptr) return {program_.main_tuple(), 0};
        if (socket->tuple) return {socket->tuple, 0};
        return {std::nullopt, socket->id.number()};
    }

    Wrong silence(Place place) {
        if (subject_.sent().empty()) return std::nullopt;
        return Problem{
            place, "no rung expects what the stack sent: " + described(subject_.sent().front())};
    }

    [[nodiscard]] Wrong stuck(Place place) const {
        if (!subject_.is_stuck()) return std::nullopt;
        return Problem{place, "the stack has work that never ends"};
    }

    /// RFC 9293 Figure 5: every move of every connection is one of the table.
    Wrong illegal(const Rung& rung) {
        const auto& events = subject_.journal().events();
        for (; judged_ < events.size(); ++judged_) {
            note_removal(events[judged_]);
            const auto* moved = std::get_if<event::Transition>(&events[judged_]);
            if (moved == nullptr) continue;
            if (moved->to == event::State::closed) flows_.of(moved->tuple).ended = true;
            if (tcp::next_state(moved->from, moved->cause) != moved->to) {
                return Problem{{rung.line, 1},
                               "no such transition: " + std::string(event::name(moved->from)) +
                                   " to " + std::string(event::name(moved->to))};
            }
        }
        return std::nullopt;
    }

    /// A half-open entry that goes ends its flow: the next SYN-ACK has new numbers.
    void note_removal(const event::Body& body) {
        const auto* change = std::get_if<event::QueueChange>(&body);
        if (change != nullptr && change->step == event::QueueStep::syn_removed) {
            flows_.of(change->tuple).ended = true;
        }
    }

    void forget() {
        subject_.journal().forget();
        judged_ = 0;
    }

    std::string described(const Seen& seen) {
        return to_text(seen, flows_.of(seen.tuple)) + " at " + clock_text(seen.at - begin_);
    }

    using monostate = std::monostate;

    Subject subject_;
    Flows flows_;
    Program program_;
    Instant begin_;
    Topic topic_;
    std::size_t judged_ = 0;  // events of the journal that were looked at
};

/// A fixture that fails is told at the line that asked for it.
Wrong prepare(Run& run, const Script& script) {
    if (script.given.empty()) return std::nullopt;
    const auto text = fixture(script.given);
    if (!text) return Problem{script.given_place, "no state is called " + script.given};
    const auto rungs = parse_rungs(*text);
    if (!rungs) return Problem{script.given_place, "the fixture: " + rungs.error().message};
    auto wrong = run.rungs(*rungs);
    if (wrong) {
        const auto line = lines_of(*text)[wrong->place.line - 1];
        return Problem{script.given_place, "the fixture at `" + line + "`: " + wrong->message};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Problem> run(const Script& script) {
    Run run(script);
    if (auto wrong = prepare(run, script)) return wrong;
    return run.rungs(script.rungs);
}

std::string report(const Script& script, const Problem& problem, std::string_view path) {
    std::string text = std::string(path) + ":" + std::to_string(problem.place.line) + ":" +
                       std::to_string(problem.place.column) + ": " + problem.message + "\n";
    for (std::size_t i = 0; i < script.lines.size(); ++i) {
        const bool is_wrong = i + 1 == problem.place.line;
        text += (is_wrong ? "✗ " : "  ") + script.lines[i] + "\n";
        if (!is_wrong) continue;
        text += "  " + std::string(problem.place.column - 1, ' ') + "^ " + problem.message + "\n";
    }
    return text;
}

namespace {

/// Initial numbers of the peer: somewhere, before the wrap, before half of the circle, at 0.
constexpr std::array<std::uint32_t, 4> peer_numbers{1'000'000'000, 0xffff'fff0, 0x7fff'fff0, 0};

}  // namespace

std::optional<std::string> judge(std::string_view text, std::string_view path) {
    const auto script = parse(text);
    if (!script) {
        Script only_lines;
        only_lines.lines = lines_of(text);
        return report(only_lines, script.error(), path);
    }
    // What holds for some initial sequence numbers must hold for all (TCP-SEG-044): both ends get
    // others in every run.
    const std::uint32_t first = script->settings.peer_iss;
    for (std::size_t i = 0; i < peer_numbers.size(); ++i) {
        Script varied = *script;
        varied.settings.seed += i;
        varied.settings.peer_iss = first + (peer_numbers[i] - peer_numbers[0]);
        if (const auto wrong = run(varied)) {
            return report(*script, *wrong, path) + "  seed " +
                   std::to_string(varied.settings.seed) + ", peer_iss " +
                   std::to_string(varied.settings.peer_iss) + "\n";
        }
    }
    return std::nullopt;
}

}  // namespace dt::scenario
