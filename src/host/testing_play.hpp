// A play for tests: programs in python on hosts of one link, judged by their output and events.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "event/event.hpp"
#include "host/supervisor.hpp"
#include "link/grammar.hpp"
#include "observe/trace.hpp"
#include "os/clock.hpp"

namespace dt::host::testing {

/// A folder of its own that goes with the test.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "dialtone-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string file(const std::string& name) const {
        return (path_ / name).string();
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream stream(path_ / name);
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }

  private:
    std::filesystem::path path_;
};

/// Programs in python on hosts of one link; the last one is the main program.
class Play : public Observer {
  public:
    std::vector<event::Event> events;
    Outcome outcome;
    std::vector<std::string> warnings;
    std::vector<Instant> started;  // in starting order

    void add(const std::string& host, std::vector<std::string> argv) {
        ProgramSpec program;
        program.host = host;
        program.argv = std::move(argv);
        if (std::ranges::find(spec_.world.hosts, host, &world::HostSpec::name) ==
            spec_.world.hosts.end()) {
            spec_.world.hosts.push_back({host, {}});
        }
        spec_.programs.push_back(std::move(program));
    }
    void add_python(const std::string& host, const std::string& text) {
        add(host, {"/usr/bin/python3", "-S", "-c", text});
    }
    void set_control(const std::string& path) { spec_.control_path = path; }
    void set_link(const std::string& text) { items_.push_back(*link::parse_link(text)); }

    void go() {
        spec_.main = spec_.programs.size() - 1;
        link::LinkSpec wire;
        for (const world::HostSpec& host : spec_.world.hosts) wire.hosts.push_back(host.name);
        wire.items = items_;
        spec_.world.links.push_back(wire);
        observe::Log log(events);
        Supervisor supervisor(spec_, log, *this);
        outcome = supervisor.run();
    }

    void on_started(std::size_t, int) override { started.push_back(os::now()); }
    void on_warning(const Complaint& warning) override { warnings.push_back(warning.sentence); }

    /// Events of one kind on one host that `wanted` accepts.
    template <class Body, class Wanted>
    [[nodiscard]] std::vector<event::Event> find(event::HostIndex host, Wanted wanted) const {
        std::vector<event::Event> found;
        for (const event::Event& event : events) {
            const auto* body = std::get_if<Body>(&event.body);
            if (body != nullptr && event.host == host && wanted(*body)) found.push_back(event);
        }
        return found;
    }
    /// Instants at which `host` sent a segment with `flag` for the first time.
    [[nodiscard]] std::vector<Instant> sent_with(event::HostIndex host, std::uint8_t flag) const {
        std::vector<Instant> at;
        for (const event::Event& event : find<event::SegmentSent>(host, [&](const auto& sent) {
                 return (sent.segment.flags & flag) != 0 && sent.segment.retransmission == 0;
             })) {
            at.push_back(event.at);
        }
        return at;
    }

  private:
    RunSpec spec_;
    std::vector<link::LinkItem> items_;
};

inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04;
inline constexpr const char* listener_text =
    "import socket, os, time, select, errno\n"
    "l = socket.socket(); l.setsockopt(1, 2, 1); l.bind(('', 7000)); l.listen(BACKLOG)\n";

inline std::string listening(int backlog, const std::string& then) {
    std::string text = listener_text;
    text.replace(text.find("BACKLOG"), 7, std::to_string(backlog));
    return text + then;
}

}  // namespace dt::host::testing
