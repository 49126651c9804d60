// Reading a recording back.
#include "cli/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>

#include "cli/recordings.hpp"
#include "cli/session.hpp"
#include "os/build_id.hpp"

namespace dt::cli {

namespace {

Checked<std::vector<std::byte>> read_file(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        return std::unexpected(
            Problem{fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                    "recordings are made by dialtone run",
                    exit_usage,
                    {}});
    }
    std::vector<std::byte> octets;
    std::array<std::byte, 65536> part{};
    while (std::feof(file) == 0 && std::ferror(file) == 0) {
        const std::size_t count = std::fread(part.data(), 1, part.size(), file);
        octets.insert(octets.end(), part.begin(),
                      part.begin() + static_cast<std::ptrdiff_t>(count));
    }
    const bool has_failed = std::ferror(file) != 0;
    static_cast<void>(std::fclose(file));  // it was only read
    if (has_failed) {
        return std::unexpected(Problem{fmt::format("cannot read {}", path), "", exit_usage, {}});
    }
    return octets;
}

/// `pid.4711` → 4711.
std::optional<std::int32_t> pid_of(std::string_view note) {
    if (!note.starts_with("pid.")) return std::nullopt;
    std::int32_t pid = 0;
    const auto [end, error] = std::from_chars(note.data() + 4, note.data() + note.size(), pid);
    if (error != std::errc{} || end != note.data() + note.size()) return std::nullopt;
    return pid;
}

/// Our name service is no program's.
bool is_name_service(const event::SocketView& socket) {
    return socket.opened_by == event::Caller{} &&
           socket.local == Endpoint{IpAddr::loopback_v4(), Port{53}};
}

}  // namespace

bool Loaded::is_of_this_build() const { return header_->build == os::build_id(); }

Instant Loaded::now() const {
    const bool stops_between = asked_ && !replay_->has_ended() && !replay_->difference();
    return stops_between ? began_ + *asked_ : replay_->now();
}

Duration Loaded::position() const { return now() - began_; }

std::optional<Problem> Loaded::load(const Until& until) {
    auto octets = read_file(path_);
    if (!octets) return octets.error();
    octets_ = std::move(*octets);
    auto header = world::read_header(octets_);
    if (!header) {
        return Problem{header.error().sentence(path_), header.error().help(), exit_usage, {}};
    }
    header_ = std::move(*header);
    began_ = world::first_instant(*header_, octets_);
    log_.emplace(trace_.events);
    replay_ = std::make_unique<world::Replay>(*header_, octets_, *log_);
    if (until.event) {
        replay_->run_until_event(*until.event);
    } else if (until.at) {
        replay_->run_until(began_ + *until.at);
    } else {
        replay_->run();
    }
    name_world(replay_->world(), trace_);
    asked_ = until.at;
    trace_.began = began_;
    trace_.wall_offset = header_->wall_offset;
    for (const auto& [name, text] : replay_->notes()) {
        if (const auto pid = pid_of(name)) trace_.programs[*pid] = text;
    }
    return std::nullopt;
}

std::vector<observe::HostSockets> Loaded::sockets() const {
    std::vector<observe::HostSockets> hosts;
    const auto count = trace_.hosts.size();
    for (std::size_t i = 0; i < count; ++i) {
        const auto index = static_cast<event::HostIndex>(i);
        hosts.push_back({trace_.hosts[i].name, replay_->world().snapshot(now(), index), {}});
        std::erase_if(hosts.back().snapshot.sockets, is_name_service);
    }
    for (const event::Event& event : trace_.events) {
        if (event.host >= count) continue;
        auto& owners = hosts[event.host].owners;
        if (const auto* given = std::get_if<event::DescriptorGiven>(&event.body)) {
            const auto name = trace_.programs.find(given->caller.pid);
            owners[given->socket].push_back({given->caller.pid,
                                             name == trace_.programs.end() ? "?" : name->second,
                                             given->caller.fd});
        }
        const auto* call = std::get_if<event::CallMade>(&event.body);
        if (call != nullptr && call->call == event::Call::close) owners.erase(call->socket);
    }
    return hosts;
}

namespace {

/// Events that were kept before.
class Unheard final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body&) override {}
};

}  // namespace

void Loaded::visit(std::span<const Instant> instants, Look look) const {
    Unheard unheard;
    world::Replay again(*header_, octets_, unheard);
    for (const Instant at : instants) {
        again.run_until(at);
        look(at, again.world());
    }
}

Checked<std::string> recording_or_newest(const std::string& given) {
    if (!given.empty()) return given;
    const std::string folder = recordings_folder();
    std::string newest = folder.empty() ? std::string{} : newest_recording(folder);
    if (!newest.empty()) return newest;
    return std::unexpected(Problem{"there is no recording yet",
                                   "make one: dialtone demo, or dialtone run -- PROGRAM",
                                   exit_usage,
                                   {}});
}

namespace {

/// A recording that does not end as a run does.
void tell_of_end(const Loaded& loaded) {
    const std::string until = fmt::format("it is whole up to {:.3f} s",
                                          static_cast<double>(loaded.position().count()) / 1e9);
    switch (loaded.replay().ending()) {
        case world::Ending::whole:
            if (loaded.asked()) {
                tell(fmt::format("the run ended at {:.3f} s: its sockets then",
                                 static_cast<double>(loaded.position().count()) / 1e9));
            }
            return;
        case world::Ending::full:
            return warn(fmt::format("recording {} reached its limit: {}", loaded.path(), until),
                        "");
        case world::Ending::cut:
            return warn(
                fmt::format("recording {} has no end, its run {}: {}", loaded.path(),
                            is_being_written(loaded.path()) ? "goes on" : "was killed", until),
                "");
        case world::Ending::damaged:
            return warn(fmt::format("recording {} is damaged: {}", loaded.path(), until), "");
    }
}

}  // namespace

int tell_of_replay(const Loaded& loaded) {
    if (const auto& difference = loaded.replay().difference()) {
        if (!loaded.is_of_this_build()) {
            warn(fmt::format("{}; {} was made by another build", difference->sentence(),
                             loaded.path()),
                 "a difference is then no bug: use the dialtone that made it");
            return exit_failure;
        }
        return complain(
            {difference->sentence(),
             fmt::format("this is our bug: send the file; dialtone replay {} --until {} "
                         "shows it",
                         loaded.path(), difference->label.text()),
             exit_failure,
             {}});
    }
    if (!loaded.is_of_this_build()) {
        warn(fmt::format("{} was made by another build of dialtone", loaded.path()), "");
    }
    if (loaded.forgotten() > 0) {
        warn(fmt::format("{} has {} events more than are shown", loaded.path(), loaded.forgotten()),
             "stop before: dialtone replay --until, or --at TIME");
    }
    if (loaded.replay().has_ended()) tell_of_end(loaded);
    return exit_ok;
}

}  // namespace dt::cli
