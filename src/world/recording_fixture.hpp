// For tests: a world of two hosts, its events, and a recording in memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "event/sink.hpp"
#include "link/grammar.hpp"
#include "world/recorder.hpp"
#include "world/world.hpp"

namespace dt::world {

class Events final : public event::Sink {
  public:
    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        list.push_back({list.size() + 1, at, host, body});
    }
    /// Of one host, or of all.
    template <class Body>
    [[nodiscard]] std::vector<Body> of(std::optional<event::HostIndex> host = {}) const {
        std::vector<Body> found;
        for (const event::Event& event : list) {
            const auto* body = std::get_if<Body>(&event.body);
            if (body != nullptr && (!host || event.host == *host)) found.push_back(*body);
        }
        return found;
    }
    std::vector<event::Event> list;
};

class StringSink final : public link::OctetSink {
  public:
    void write(Octets octets) override {
        text.append(reinterpret_cast<const char*>(octets.data()), octets.size());
    }
    [[nodiscard]] Octets octets() const {
        return std::as_bytes(std::span(text.data(), text.size()));
    }
    std::string text;
};

inline Spec two_hosts(const std::string& settings, const std::vector<std::string>& faults = {}) {
    Spec spec;
    spec.seed = 0x5eed;
    spec.hosts = {{"client"}, {"server"}};
    link::LinkSpec link{{"client", "server"}, {}};
    if (!settings.empty()) link.items.push_back(*link::parse_link(settings));
    spec.links = {link};
    for (const std::string& fault : faults) spec.faults.push_back(*link::parse_fault(fault));
    return spec;
}

}  // namespace dt::world
