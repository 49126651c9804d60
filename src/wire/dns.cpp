// DNS messages, parsed and emitted (RFC 1035 §4).
#include "wire/dns.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace dt::wire {

namespace {

constexpr std::size_t question_tail = 4;   // type and class
constexpr std::size_t record_tail = 10;    // type, class, time to live, length of the data
constexpr std::size_t record_pointer = 2;  // an answer's name
constexpr std::uint16_t pointer_to_question = 0xc000 | DnsView::header_length;

constexpr std::uint16_t flag_response = 0x8000;
constexpr std::uint16_t flag_authoritative = 0x0400;
constexpr std::uint16_t flag_recursion_desired = 0x0100;
constexpr std::uint16_t flag_recursion_available = 0x0080;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

DnsType type_of(const IpAddr& address) { return address.is_v4() ? DnsType::a : DnsType::aaaa; }
std::size_t data_size(const IpAddr& address) { return address.is_v4() ? Ipv4::size : Ipv6::size; }

void store_address(const IpAddr& address, MutableOctets to, std::size_t at) {
    if (address.is_v4()) {
        address.v4().store(to, at);
        return;
    }
    address.v6().store(to, at);
}

/// Where the pointer leads: behind the header, before the piece of the name that it ends.
Result<std::size_t> pointer_at(Octets message, std::size_t at, std::size_t piece) {
    if (at + 2 > message.size()) return fail(Error::truncated);
    const std::size_t target = load_be<std::uint16_t>(message, at) & 0x3fffU;
    if (target >= piece || target < DnsView::header_length) return fail(Error::malformed);
    return target;
}

Result<std::string_view> label_at(Octets message, std::size_t at) {
    const auto length = std::to_integer<std::size_t>(message[at]);
    if (length > DnsName::label_max) return fail(Error::malformed);
    if (at + 1 + length > message.size()) return fail(Error::truncated);
    return std::string_view(reinterpret_cast<const char*>(message.data() + at + 1), length);
}

/// Where the name itself ends: at its first pointer, or behind its last label.
void end_once(std::size_t& end, std::size_t at) {
    if (end == 0) end = at;
}

}  // namespace

bool DnsName::append_label(std::string_view label) {
    if (label.empty() || label.size() > label_max) return false;
    if (label.find('.') != std::string_view::npos) return false;
    const std::size_t dot = is_root() ? 0 : 1;
    if (length_ + dot + label.size() > size_max) return false;
    if (dot != 0) chars_[length_++] = '.';
    for (const char c : label) chars_[length_++] = lower(c);
    return true;
}

Result<DnsName> DnsName::parse(std::string_view text) {
    DnsName name;
    if (text == ".") return name;
    if (text.ends_with('.')) text.remove_suffix(1);
    while (true) {
        const std::size_t dot = text.find('.');
        if (!name.append_label(text.substr(0, dot))) return fail(Error::malformed);
        if (dot == std::string_view::npos) return name;
        text.remove_prefix(dot + 1);
    }
}

void DnsName::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= wire_size());
    std::size_t at = 0;
    std::string_view rest = view();
    while (!rest.empty()) {
        const std::string_view label = rest.substr(0, rest.find('.'));
        to[at++] = static_cast<std::byte>(label.size());
        std::memcpy(to.data() + at, label.data(), label.size());
        at += label.size();
        rest.remove_prefix(std::min(rest.size(), label.size() + 1));
    }
    to[at] = std::byte{0};
}

Result<DnsView> DnsView::parse(Octets message) {
    if (message.size() < header_length) return fail(Error::truncated);
    return DnsView(message);
}

/// RFC 1035 §4.1.4. Each pointer must lead to before the piece it ends, so that every step goes
/// backwards and the walk ends.
Result<DnsView::NameAt> DnsView::read_name(std::size_t at) const {
    NameAt found{.name = {}, .end = 0};
    std::size_t piece = at;
    while (true) {
        if (at >= message_.size()) return fail(Error::truncated);
        const auto length = std::to_integer<std::size_t>(message_[at]);
        if (length == 0) {
            end_once(found.end, at + 1);
            return found;
        }
        if (length >= 0xc0) {
            end_once(found.end, at + 2);
            DT_TRY(target, pointer_at(message_, at, piece));
            at = piece = target;
        } else {
            DT_TRY(label, label_at(message_, at));
            if (!found.name.append_label(label)) return fail(Error::malformed);
            at += 1 + length;
        }
    }
}

Result<DnsQuestion> DnsView::question() const {
    if (question_count() != 1) return fail(Error::malformed);
    DT_TRY(name, read_name(header_length));
    if (name.end + question_tail > message_.size()) return fail(Error::truncated);
    return DnsQuestion{name.name, static_cast<DnsType>(field(name.end)),
                       static_cast<DnsClass>(field(name.end + 2))};
}

Result<std::size_t> DnsView::addresses(std::span<IpAddr> into) const {
    if (question_count() != 1) return fail(Error::malformed);
    DT_TRY(asked, read_name(header_length));
    std::size_t at = asked.end + question_tail;
    std::size_t count = 0;
    for (unsigned i = 0; i < answer_count() && count < into.size(); ++i) {
        DT_TRY(name, read_name(at));
        const std::size_t data = name.end + record_tail;
        if (data > message_.size()) return fail(Error::truncated);
        const auto type = static_cast<DnsType>(field(name.end));
        const std::size_t length = field(name.end + 8);
        if (data + length > message_.size()) return fail(Error::truncated);
        if (type == DnsType::a && length == Ipv4::size) into[count++] = Ipv4::load(message_, data);
        if (type == DnsType::aaaa && length == Ipv6::size) {
            into[count++] = Ipv6::load(message_, data);
        }
        at = data + length;
    }
    return count;
}

DnsRepr DnsRepr::answer_to(std::uint16_t id, const DnsQuestion& question, DnsRcode rcode) {
    DnsRepr repr;
    repr.id = id;
    repr.kind = Kind::response;
    repr.rcode = rcode;
    repr.question = question;
    return repr;
}

void DnsRepr::add(const IpAddr& address) {
    if (answer_count < answers_max) answers[answer_count++] = address;
}

std::size_t DnsRepr::size() const {
    std::size_t size = DnsView::header_length + question.name.wire_size() + question_tail;
    for (std::size_t i = 0; i < answer_count; ++i) {
        size += record_pointer + record_tail + data_size(answers[i]);
    }
    return size;
}

void DnsRepr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    auto flags = static_cast<unsigned>(rcode);
    if (recursion_desired) flags |= flag_recursion_desired;
    if (kind == Kind::response) {
        flags |= flag_response | flag_authoritative | flag_recursion_available;
    }
    std::memset(to.data(), 0, DnsView::header_length);
    store_be(to, 0, id);
    store_be(to, 2, static_cast<std::uint16_t>(flags));
    store_be<std::uint16_t>(to, 4, 1);
    store_be<std::uint16_t>(to, 6, answer_count);
    question.name.emit(to.subspan(DnsView::header_length));
    std::size_t at = DnsView::header_length + question.name.wire_size();
    store_be(to, at, static_cast<std::uint16_t>(question.type));
    store_be(to, at + 2, static_cast<std::uint16_t>(question.klass));
    at += question_tail;
    for (std::size_t i = 0; i < answer_count; ++i) {
        const IpAddr& address = answers[i];
        store_be(to, at, pointer_to_question);
        store_be(to, at + 2, static_cast<std::uint16_t>(type_of(address)));
        store_be(to, at + 4, static_cast<std::uint16_t>(DnsClass::internet));
        store_be(to, at + 6, ttl_s);
        store_be(to, at + 10, static_cast<std::uint16_t>(data_size(address)));
        store_address(address, to, at + 12);
        at += record_pointer + record_tail + data_size(address);
    }
}

}  // namespace dt::wire
