// What may be joined is what Linux's tcp_gro_receive() joins: segments that differ in nothing but
// their place, their text and, the last of them, PSH.
#include "core/joiner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "ip/output.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/places.hpp"

namespace dt::core {

using wire::Ipv4Place;
using wire::Ipv6Place;
using wire::TcpPlace;

namespace {

constexpr std::size_t ip_at = wire::EthernetRepr::size();
constexpr std::size_t version_at = ip_at;
constexpr std::size_t v4_header = wire::Ipv4Repr::size();
constexpr std::uint16_t v4_fragment_bits = 0x3fff;  // MF and the offset
constexpr std::byte v4_plain{0x45};                 // version, and a header without options
constexpr std::size_t v6_header = wire::Ipv6Repr::size();
constexpr std::byte v6_version{0x60};
constexpr auto tcp_number = static_cast<std::byte>(wire::IpProtocol::tcp);

bool is_v4(Octets headers) { return headers[version_at] == v4_plain; }

bool is_same(Octets a, Octets b, std::size_t from, std::size_t to) {
    return std::memcmp(a.data() + from, b.data() + from, to - from) == 0;
}

bool may_be_joined(TcpFlags flags) { return flags.without(TcpFlag::psh) == TcpFlags{TcpFlag::ack}; }

TcpFlags flags_of(Octets tcp) {
    return TcpFlags::from_bits(std::to_integer<std::uint8_t>(tcp[TcpPlace::flags]));
}

}  // namespace

void Joiner::look_at(ip::InterfaceIndex in, const Frame& frame) {
    const Octets front = frame.front();
    in_ = in;
    size_ = frame.size();
    tcp_at_ = tcp_length_ = 0;
    if (front.size() < ip_at + v4_header + wire::TcpView::header_min) return;
    std::memcpy(headers_.data(), front.data(), std::min(front.size(), headers_max));
    const bool is_v6 = (headers_[version_at] & std::byte{0xf0}) == v6_version;
    if (!is_v4(headers_) && !is_v6) return;
    const auto protocol = headers_[ip_at + (is_v6 ? Ipv6Place::next_header : Ipv4Place::protocol)];
    const bool is_fragment =
        !is_v6 &&
        (load_be<std::uint16_t>(headers_, ip_at + Ipv4Place::fragment) & v4_fragment_bits) != 0;
    if (protocol != tcp_number || is_fragment) return;
    tcp_at_ = ip_at + (is_v6 ? v6_header : v4_header);
    if (front.size() < tcp_at_ + wire::TcpView::header_min) return;
    tcp_length_ = std::to_integer<std::size_t>(headers_[tcp_at_ + TcpPlace::offset] >> 4) * 4;
    if (front.size() < tcp_at_ + tcp_length_) tcp_length_ = 0;
}

bool Joiner::begin(tcp::SegmentIn& segment) {
    DT_ASSERT(!held_);
    const std::uint32_t text = segment.text_length;
    // Padding, a fragment or an extension header makes another size.
    const bool is_whole = tcp_length_ > 0 && size_ == tcp_at_ + tcp_length_ + text;
    const bool is_joinable = text > 0 && may_be_joined(segment.header.flags) &&
                             !segment.frame->offload.is_super_segment();
    if (!is_whole || !is_joinable) return false;
    const Octets ip = Octets{headers_}.subspan(ip_at, tcp_at_ - ip_at);
    const bool v4 = is_v4(headers_);
    addresses_ = Checksum::of(v4 ? ip.subspan(Ipv4Place::addresses, 8)
                                 : ip.subspan(Ipv6Place::addresses, 32))
                     .add_u16(static_cast<std::uint16_t>(wire::IpProtocol::tcp));
    first_ = last_ = text;
    held_ = std::move(segment);
    return true;
}

/// Whether the headers are those of the next segment, but for its place. Link, IP and ports first.
bool Joiner::is_alike(Octets next) const {
    const Octets ours = headers();
    const bool is_same_flow =
        is_v4(ours)
            ? is_same(ours, next, 0, ip_at + Ipv4Place::length) &&
                  is_same(ours, next, ip_at + Ipv4Place::fragment, ip_at + Ipv4Place::checksum) &&
                  is_same(ours, next, ip_at + Ipv4Place::addresses, tcp_at_ + TcpPlace::seq)
            : is_same(ours, next, 0, ip_at + Ipv6Place::length) &&
                  is_same(ours, next, ip_at + Ipv6Place::next_header, tcp_at_ + TcpPlace::seq);
    if (!is_same_flow) return false;
    const Octets tcp = next.subspan(tcp_at_);
    return load_be<std::uint32_t>(tcp, TcpPlace::seq) ==
               (held_->header.seq + held_->text_length).value() &&
           may_be_joined(flags_of(tcp)) &&
           is_same(ours, next, tcp_at_ + TcpPlace::ack, tcp_at_ + TcpPlace::flags) &&
           is_same(ours, next, tcp_at_ + TcpPlace::window, tcp_at_ + TcpPlace::window + 2) &&
           is_same(ours, next, tcp_at_ + TcpPlace::urgent, ours.size());
}

/// Both checksums, and the length that IP says.
bool Joiner::is_intact(const Frame& frame, Octets headers) const {
    if (frame.marked_bad != 0) return false;
    const Octets ip = headers.subspan(ip_at, tcp_at_ - ip_at);
    const bool v4 = is_v4(headers);
    const std::size_t counted = frame.size() - (v4 ? ip_at : tcp_at_);
    if (load_be<std::uint16_t>(ip, v4 ? Ipv4Place::length : Ipv6Place::length) != counted)
        return false;
    if (v4 && !Checksum::of(ip).is_correct()) return false;
    if (frame.offload.is_vouched_for()) return true;
    Checksum sum = addresses_;
    sum.add_u32(static_cast<std::uint32_t>(frame.size() - tcp_at_));
    return sum.add(ip::sum_of(frame, tcp_at_)).is_correct();
}

bool Joiner::add(ip::InterfaceIndex in, Frame& frame) {
    if (!held_ || in != in_ || frame.front().size() < tcp_at_ + tcp_length_) return false;
    const Octets headers = frame.front().first(tcp_at_ + tcp_length_);
    const std::size_t size = frame.size();
    const auto text = static_cast<std::uint32_t>(size - headers.size());
    // The slices of a frame are bounded; those that lie side by side take one.
    Frame& grows = *held_->frame;
    const bool has_room = grows.slices().size() + frame.slices().size() + 1 <= Frame::slices_max;
    const bool fits = text > 0 && text <= first_ && has_room &&
                      held_->text_length + text <= ip::Interface::batch_max &&
                      !frame.offload.is_super_segment();
    if (!fits || !is_alike(headers) || !is_intact(frame, headers)) return false;
    held_->header.flags |= flags_of(headers.subspan(tcp_at_));
    frame.payload(headers.size(),
                  [&grows](Slice&& slice) { DT_ASSERT(grows.extend(std::move(slice))); });
    held_->text_length += text;
    grows.offload.segment_size = static_cast<std::uint16_t>(first_);
    last_ = text;
    return true;
}

bool Joiner::is_complete() const {
    const bool is_pushed = held_->header.flags.psh();
    return is_pushed || last_ < first_ || held_->text_length + first_ > ip::Interface::batch_max;
}

tcp::SegmentIn Joiner::take() {
    tcp::SegmentIn taken = std::move(*held_);
    held_.reset();
    return taken;
}

}  // namespace dt::core
