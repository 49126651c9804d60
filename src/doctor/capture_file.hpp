// Reads pcap and pcapng files with libpcap into what the rules look at (pcap-savefile(5)).
#pragma once

#include <expected>
#include <string>

#include "base/octets.hpp"
#include "rules/capture.hpp"

namespace dt::doctor {

struct CaptureAnswer {
    rules::Verdict verdict;
    std::uint64_t packets = 0;
    std::size_t flows = 0;
    std::string cut;  ///< why reading ended before the file did; empty where it did not
};

/// Reads a file to its end, or to where it is broken. The error is a sentence.
[[nodiscard]] std::expected<CaptureAnswer, std::string> read_capture(const std::string& path);

/// Takes one packet that begins with its IP header, of which `octets` are at hand of `size`.
void see_packet(rules::Capture& capture, std::uint64_t number, Instant at, Octets octets,
                std::size_t size);

}  // namespace dt::doctor
