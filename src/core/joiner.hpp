// Segments of one flow that arrive one behind the other become one before IP and TCP see them, as
// with Linux's generic receive offload: one look-up, one acknowledgment, one wake-up for all.
#pragma once

#include <array>
#include <optional>

#include "base/checksum.hpp"
#include "ip/interface.hpp"
#include "tcp/segment.hpp"

namespace dt::core {

/// Holds at most one segment, which grows. A frame whose headers differ from those of the first
/// one in nothing but their place in the stream goes on it; all others take the usual way.
class Joiner {
  public:
    /// Takes in the text of a frame that came by `in`, where it goes on what is held. False: the
    /// frame was left alone.
    [[nodiscard]] bool add(ip::InterfaceIndex in, Frame& frame);
    /// A frame is about to take the usual way: what follows its segment is compared with its
    /// headers.
    void look_at(ip::InterfaceIndex in, const Frame& frame);
    /// Holds the segment of that frame. False where nothing can follow it: it was left alone.
    [[nodiscard]] bool begin(tcp::SegmentIn& segment);

    [[nodiscard]] bool is_holding() const { return held_.has_value(); }
    /// Nothing can follow: its sender's PSH came, a segment that is not full, or the most text.
    [[nodiscard]] bool is_complete() const;
    [[nodiscard]] tcp::SegmentIn take();

  private:
    static constexpr std::size_t headers_max = 14 + 40 + 60;

    [[nodiscard]] bool is_alike(Octets next) const;
    [[nodiscard]] bool is_intact(const Frame& frame, Octets headers) const;
    [[nodiscard]] Octets headers() const { return Octets{headers_}.first(tcp_at_ + tcp_length_); }

    std::optional<tcp::SegmentIn> held_;
    std::uint32_t first_ = 0;  // octets of text of the first segment
    std::uint32_t last_ = 0;   // and of the last one
    // Of the frame that was looked at last.
    std::array<std::byte, headers_max> headers_{};
    std::size_t tcp_at_ = 0;
    std::size_t tcp_length_ = 0;
    std::size_t size_ = 0;
    ip::InterfaceIndex in_ = 0;
    Checksum addresses_;  // of the pseudo-header without its length
};

}  // namespace dt::core
