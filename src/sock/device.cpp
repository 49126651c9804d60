// SO_BINDTODEVICE and SO_BINDTOIFINDEX.
#include "sock/device.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace dt::sock {
namespace {

using event::Reason;

constexpr std::size_t name_max = 16;  // IFNAMSIZ, the end of the text included

const std::vector<ip::Interface>& links_of(const OptionTarget& target) {
    return target.table.core().ip().interfaces();
}

Answer<void> bind_to(const OptionTarget& target, std::uint32_t number) {
    const bool has_begun =
        target.socket.connection() != nullptr || target.socket.listener() != nullptr;
    if (has_begun) return refuse(Error::not_permitted, Reason::not_offered);
    target.socket.change_settings().device_number = number;
    target.table.apply_to_endpoint(target.socket);
    return {};
}

}  // namespace

Answer<std::size_t> read_device(const OptionTarget& target, MutableOctets to) {
    const auto device = target.socket.settings().device();
    if (!device) return 0;
    if (to.size() < name_max) return refuse(Error::invalid_argument, Reason::bad_argument);
    if (*device >= links_of(target).size()) {
        return refuse(Error::no_such_device, Reason::address_not_local);
    }
    const std::string_view name = links_of(target)[*device].name;
    const std::size_t count = std::min(name.size(), name_max - 1);
    std::memcpy(to.data(), name.data(), count);
    to[count] = std::byte{0};
    return count + 1;
}

Answer<void> write_device(const OptionTarget& target, Octets from) {
    const Octets cut = from.first(std::min(from.size(), name_max - 1));
    const std::string_view text(reinterpret_cast<const char*>(cut.data()), cut.size());
    const std::string_view name = text.substr(0, text.find('\0'));
    if (name.empty()) return bind_to(target, 0);
    const auto& links = links_of(target);
    const auto known = std::ranges::find(links, name, &ip::Interface::name);
    if (known == links.end()) return refuse(Error::no_such_device, Reason::bad_argument);
    return bind_to(target, static_cast<std::uint32_t>(known - links.begin()) + 1);
}

Answer<std::size_t> read_device_number(const OptionTarget& target, MutableOctets to) {
    return put_value(to, static_cast<std::int32_t>(target.socket.settings().device_number));
}

Answer<void> write_device_number(const OptionTarget& target, Octets from) {
    if (from.size() < sizeof(std::int32_t)) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    const std::int32_t number = int_in(from);
    if (number < 0) return refuse(Error::invalid_argument, Reason::bad_argument);
    if (number == 0) return bind_to(target, 0);
    if (static_cast<std::size_t>(number) > links_of(target).size()) {
        return refuse(Error::no_such_device, Reason::bad_argument);
    }
    return bind_to(target, static_cast<std::uint32_t>(number));
}

}  // namespace dt::sock
