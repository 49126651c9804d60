// Groups that this host hears, and reports of them.
#include "ip/groups.hpp"

#include <algorithm>

#include "wire/ipv6.hpp"

namespace dt::ip {

using wire::GroupQuery;
using wire::GroupRecord;

bool is_silent(const IpAddr& group) {
    if (group.is_v4()) return group == IpAddr(Ipv4{224, 0, 0, 1});
    constexpr unsigned link_scope = 2;
    const unsigned scope = group.v6().octets()[1] & 0x0fU;
    return group == IpAddr(wire::all_nodes()) || scope < link_scope;
}

Groups::Group* Groups::find(InterfaceIndex interface, const IpAddr& group) {
    const auto found = std::ranges::find_if(groups_, [&](const Group& each) {
        return each.interface == interface && each.address == group;
    });
    return found == groups_.end() ? nullptr : &*found;
}

bool Groups::is_heard(InterfaceIndex by, const IpAddr& group) const {
    return std::ranges::any_of(groups_, [&](const Group& each) {
        const bool is_of_link = by == loopback_interface || each.interface == by;
        return is_of_link && each.users > 0 && each.address == group;
    });
}

Duration Groups::random_below(Duration most) {
    const auto wide = static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 1));
    return Duration{static_cast<std::int64_t>(rng_.below(wide))};
}

/// The first report of a change goes at once, the others follow (RFC 3376 §5.1).
void Groups::change(Group& group, Instant now) {
    if (group.interface == loopback_interface || is_silent(group.address)) return;
    group.changes_left = robustness;
    group.change_due = now;
    due_ = std::min(due_, now);
}

Status Groups::join(Instant now, InterfaceIndex interface, const IpAddr& group) {
    Group* known = find(interface, group);
    if (known == nullptr) {
        if (groups_.size() == groups_max) return fail(Error::no_buffer_space);
        known = &groups_.emplace_back();
        known->interface = interface;
        known->address = group;
    }
    if (known->users++ == 0) change(*known, now);
    return {};
}

void Groups::leave(Instant now, InterfaceIndex interface, const IpAddr& group) {
    Group* known = find(interface, group);
    if (known == nullptr || known->users == 0) return;
    --known->users;
    if (known->users > 0) return;
    change(*known, now);
    due_ = std::min(due_, now);  // it goes when all is told
}

void Groups::tell_again(Instant now, InterfaceIndex interface) {
    for (Group& group : groups_) {
        const bool is_of_link = group.interface == interface && !group.address.is_v4();
        if (is_of_link && group.users > 0) change(group, now);
    }
}

void Groups::on_query(Instant now, InterfaceIndex interface, const GroupQuery& query) {
    if (query.version == GroupQuery::Version::two && query.group.is_v4()) {
        const auto known = std::ranges::find(old_routers_, interface, &OldRouter::interface);
        OldRouter& router = known != old_routers_.end() ? *known : old_routers_.emplace_back();
        router = {interface, now + v2_time};
    }
    for (Group& group : groups_) {
        const bool is_asked_for = group.interface == interface && group.users > 0 &&
                                  group.address.family() == query.group.family() &&
                                  (query.group.is_any() || query.group == group.address);
        if (!is_asked_for || is_silent(group.address)) continue;
        group.answer_due = std::min(group.answer_due, now + random_below(query.max_response));
    }
    update_due();
}

void Groups::report(const Group& group, GroupRecord record, Instant now) {
    const bool is_old = std::ranges::any_of(old_routers_, [&](const OldRouter& router) {
        return router.interface == group.interface && router.until > now;
    });
    reports_.push({group.interface, group.address, record,
                   is_old ? GroupQuery::Version::two : GroupQuery::Version::three});
}

void Groups::advance(Instant now) {
    if (due_ > now) return;
    for (Group& group : groups_) {
        if (group.change_due <= now) {
            report(group, group.users > 0 ? GroupRecord::joins : GroupRecord::leaves, now);
            --group.changes_left;
            group.change_due = group.changes_left > 0 ? now + random_below(change_interval) : never;
        }
        if (group.answer_due <= now) {
            report(group, GroupRecord::is_member, now);
            group.answer_due = never;
        }
    }
    std::erase_if(groups_,
                  [](const Group& group) { return group.users == 0 && group.changes_left == 0; });
    update_due();
}

void Groups::update_due() {
    due_ = never;
    for (const Group& group : groups_) {
        due_ = std::min({due_, group.change_due, group.answer_due});
    }
}

std::optional<Groups::Report> Groups::next_report() {
    if (reports_.empty()) return std::nullopt;
    return reports_.pop();
}

}  // namespace dt::ip
