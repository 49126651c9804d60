// Captures in pcapng (draft-ietf-opsawg-pcapng §4): section header, one interface a host and link,
// enhanced packet blocks with nanoseconds and comments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "buf/frame.hpp"
#include "link/link.hpp"

namespace dt::link {

/// Takes the octets of a capture, in order. A file, or a string in a test.
class OctetSink {
  public:
    virtual ~OctetSink() = default;
    virtual void write(Octets octets) = 0;
};

/// Writes blocks; little-endian on every machine.
class PcapngWriter {
  public:
    /// Writes the section header. `application` is named in it.
    PcapngWriter(OctetSink& sink, std::string_view application);

    /// An Ethernet interface; returns its number, in order from 0.
    std::uint32_t add_interface(std::string_view name);
    /// One frame with its link header. `since_epoch` is not negative; `comment` may be empty.
    void packet(std::uint32_t interface, Duration since_epoch, Octets frame,
                std::string_view comment);

  private:
    void begin_block(std::uint32_t type);
    void end_block();
    void u16(std::uint16_t number);
    void u32(std::uint32_t number);
    void padded(Octets octets);
    void option(std::uint16_t code, Octets value);
    void option(std::uint16_t code, std::string_view text);

    OctetSink& sink_;
    std::vector<std::byte> block_;
    std::uint32_t interfaces_ = 0;
};

/// Gives the n of `pn`, the number viewers give to a packet that was sent; 0 where there is none.
class EventNumbers {
  public:
    virtual ~EventNumbers() = default;
    [[nodiscard]] virtual std::uint64_t sent(std::uint64_t frame) const = 0;
};

/// A capture of all links of a world: each frame once, where it was sent; lost ones with the reason
/// as a comment, all with the number of their event.
class PcapngTap final : public Tap {
  public:
    /// `epoch`: the instant that the capture shows as `wall` (time since 1970-01-01 UTC).
    PcapngTap(OctetSink& sink, std::string_view application, Instant epoch, Duration wall);

    /// The interface that frames from port `from` of link `link` are shown on: `client/eth0`.
    void name_port(std::uint16_t link, PortIndex from, std::string_view name);
    void number_with(const EventNumbers& numbers) { numbers_ = &numbers; }

    void on_frame(Instant now, std::uint16_t link, PortIndex from, const buf::Frame& frame,
                  std::string_view touched_by) override;

  private:
    struct Named {
        std::uint16_t link;
        PortIndex port;
        std::uint32_t interface;
    };
    [[nodiscard]] std::uint32_t interface_of(std::uint16_t link, PortIndex from);

    PcapngWriter writer_;
    Instant epoch_;
    Duration wall_;
    std::vector<Named> names_;
    std::vector<std::byte> octets_;
    const EventNumbers* numbers_ = nullptr;
};

}  // namespace dt::link
