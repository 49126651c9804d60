// The pcapng writer, and the tap that feeds it.
#include "link/pcapng.hpp"

#include <algorithm>

#include "base/checksum.hpp"

namespace dt::link {

namespace {

constexpr std::uint32_t section_header = 0x0a0d0d0a;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint16_t link_type_ethernet = 1;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_name = 2;         // of an interface
constexpr std::uint16_t option_application = 4;  // of a section
constexpr std::uint16_t option_resolution = 9;   // of an interface: 10^-n seconds

Octets octets_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Completes a checksum that was left to the sender's hardware.
void complete_checksum(MutableOctets frame, const wire::Offload& offload) {
    if (offload.checksum != wire::ChecksumState::needed || !offload.is_sane(frame.size())) return;
    const std::size_t field = std::size_t{offload.checksum_start} + offload.checksum_offset;
    const std::uint16_t sum = Checksum::of(frame.subspan(offload.checksum_start)).finish();
    store_be(frame, field, sum);
}

}  // namespace

PcapngWriter::PcapngWriter(OctetSink& sink, std::string_view application) : sink_(sink) {
    begin_block(section_header);
    u32(byte_order_magic);
    u16(1);  // version 1.0
    u16(0);
    u32(0xffffffff);  // section length: not given
    u32(0xffffffff);
    option(option_application, application);
    option(option_end, std::string_view());
    end_block();
}

std::uint32_t PcapngWriter::add_interface(std::string_view name) {
    begin_block(interface_description);
    u16(link_type_ethernet);
    u16(0);
    u32(0);  // no limit to the length of packets
    option(option_name, name);
    constexpr std::byte nanoseconds{9};
    option(option_resolution, Octets(&nanoseconds, 1));
    option(option_end, std::string_view());
    end_block();
    return interfaces_++;
}

void PcapngWriter::packet(std::uint32_t interface, Duration since_epoch, Octets frame,
                          std::string_view comment) {
    const auto ns = static_cast<std::uint64_t>(since_epoch.count());
    const auto length = static_cast<std::uint32_t>(frame.size());
    begin_block(enhanced_packet);
    u32(interface);
    u32(static_cast<std::uint32_t>(ns >> 32));
    u32(static_cast<std::uint32_t>(ns));
    u32(length);
    u32(length);
    padded(frame);
    if (!comment.empty()) {
        option(option_comment, comment);
        option(option_end, std::string_view());
    }
    end_block();
}

void PcapngWriter::begin_block(std::uint32_t type) {
    block_.clear();
    u32(type);
    u32(0);  // total length, known at the end
}

void PcapngWriter::end_block() {
    const auto length = static_cast<std::uint32_t>(block_.size() + 4);
    u32(length);
    for (std::size_t i = 0; i < 4; ++i) block_[4 + i] = block_[block_.size() - 4 + i];
    sink_.write(block_);
}

void PcapngWriter::u16(std::uint16_t number) {
    block_.push_back(static_cast<std::byte>(number));
    block_.push_back(static_cast<std::byte>(number >> 8));
}

void PcapngWriter::u32(std::uint32_t number) {
    u16(static_cast<std::uint16_t>(number));
    u16(static_cast<std::uint16_t>(number >> 16));
}

void PcapngWriter::padded(Octets octets) {
    block_.insert(block_.end(), octets.begin(), octets.end());
    while (block_.size() % 4 != 0) block_.push_back(std::byte{0});
}

void PcapngWriter::option(std::uint16_t code, Octets value) {
    const Octets kept = value.first(std::min<std::size_t>(value.size(), 65535));
    u16(code);
    u16(static_cast<std::uint16_t>(kept.size()));
    padded(kept);
}

void PcapngWriter::option(std::uint16_t code, std::string_view text) {
    option(code, octets_of(text));
}

PcapngTap::PcapngTap(OctetSink& sink, std::string_view application, Instant epoch, Duration wall)
    : writer_(sink, application), epoch_(epoch), wall_(wall) {}

void PcapngTap::name_port(std::uint16_t link, PortIndex from, std::string_view name) {
    names_.push_back({link, from, writer_.add_interface(name)});
}

std::uint32_t PcapngTap::interface_of(std::uint16_t link, PortIndex from) {
    const auto found = std::ranges::find_if(
        names_, [&](const Named& each) { return each.link == link && each.port == from; });
    if (found != names_.end()) return found->interface;
    name_port(link, from, "link" + std::to_string(link) + "/port" + std::to_string(from));
    return names_.back().interface;
}

void PcapngTap::on_frame(Instant now, std::uint16_t link, PortIndex from, const buf::Frame& frame,
                         std::string_view touched_by) {
    const std::uint32_t interface = interface_of(link, from);
    octets_.resize(frame.size());
    frame.copy_to(octets_);
    complete_checksum(octets_, frame.offload);
    std::string comment;
    const std::uint64_t number = numbers_ == nullptr ? 0 : numbers_->sent(frame.id);
    if (number != 0) comment = "p" + std::to_string(number);
    if (!touched_by.empty())
        comment += (comment.empty() ? "lost: " : ", lost: ") + std::string(touched_by);
    writer_.packet(interface, std::max(now - epoch_ + wall_, Duration{}), octets_, comment);
}

}  // namespace dt::link
