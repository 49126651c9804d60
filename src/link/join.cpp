// Which hosts which link joins: a pair named twice is one link, and every host is reached.
#include <algorithm>

#include "link/grammar.hpp"

namespace dt::link {

namespace {

bool names_pair(const LinkItem& item) {
    return item.where.kind == Where::Kind::one_way || item.where.kind == Where::Kind::both_ways;
}

bool joins(const LinkSpec& link, const std::string& host) {
    return std::ranges::find(link.hosts, host) != link.hosts.end();
}

LinkSpec* link_between(std::vector<LinkSpec>& links, const Where& where) {
    const auto found = std::ranges::find_if(links, [&](const LinkSpec& link) {
        return joins(link, where.from) && joins(link, where.to);
    });
    return found == links.end() ? nullptr : &*found;
}

std::vector<LinkSpec> links_as_written(std::span<const LinkItem> items) {
    std::vector<LinkSpec> links;
    for (const LinkItem& item : items) {
        if (!names_pair(item) || link_between(links, item.where) != nullptr) continue;
        links.push_back({{item.where.from, item.where.to}, {}});
    }
    return links;
}

/// Whether an item says something about `link`.
bool concerns(const LinkItem& item, const LinkSpec& link) {
    switch (item.where.kind) {
        case Where::Kind::all: return true;
        case Where::Kind::host: return joins(link, item.where.from);
        case Where::Kind::one_way:
        case Where::Kind::both_ways:
            return joins(link, item.where.from) && joins(link, item.where.to);
    }
    return false;
}

}  // namespace

std::expected<std::vector<LinkSpec>, ItemError> join(std::span<const std::string> hosts,
                                                     std::span<const LinkItem> items,
                                                     Joining joining) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (auto error = unknown_host(items[i].where, hosts))
            return std::unexpected(ItemError{i, *error});
    }
    std::vector<LinkSpec> links;
    if (joining == Joining::as_written) links = links_as_written(items);
    if (links.empty()) links.push_back({{hosts.begin(), hosts.end()}, {}});
    for (LinkSpec& link : links) {
        for (const LinkItem& item : items) {
            if (concerns(item, link)) link.items.push_back(item);
        }
    }
    for (const std::string& host : hosts) {
        if (std::ranges::any_of(links, [&](const LinkSpec& link) { return joins(link, host); }))
            continue;
        return std::unexpected(ItemError{items.size(),
                                         {1, 1, "no link reaches host `" + host + "`",
                                          "add `" + host + "<->NAME: …` to the links"}});
    }
    return links;
}

}  // namespace dt::link
