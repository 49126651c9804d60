// Leaving out what a failure does not need.
#include "sim/simulation.hpp"

#include <utility>

namespace dt::sim {

namespace {

/// Tries plans, and remembers the smallest one that failed.
class Search {
  public:
    Search(Plan failing, std::size_t runs) : best_(std::move(failing)), runs_(runs) {}

    /// True if `smaller` fails too; then it is the best one.
    bool accept(Plan smaller) {
        if (runs_ == 0) return false;
        --runs_;
        if (simulate(smaller).is_good()) return false;
        best_ = std::move(smaller);
        return true;
    }
    [[nodiscard]] const Plan& best() const { return best_; }
    [[nodiscard]] bool may_go_on() const { return runs_ > 0; }

  private:
    Plan best_;
    std::size_t runs_;
};

/// Leaves out one element after the other of the list that `list` finds in a plan.
template <class List>
bool shrink(Search& search, List list) {
    bool any = false;
    Plan plan = search.best();
    for (std::size_t i = list(plan).size(); i-- > 0 && search.may_go_on();) {
        Plan smaller = search.best();
        list(smaller).erase(list(smaller).begin() + static_cast<std::ptrdiff_t>(i));
        any = search.accept(std::move(smaller)) || any;
    }
    return any;
}

/// Half the connections and half the octets.
bool halve(Search& search, std::size_t client) {
    Plan smaller = search.best();
    ClientPlan& it = smaller.clients[client];
    bool any = false;
    if (it.connections > 1) {
        it.connections /= 2;
        any = search.accept(smaller);
    }
    smaller = search.best();
    if (smaller.clients[client].up > 1) {
        smaller.clients[client].up /= 2;
        any = search.accept(smaller) || any;
    }
    smaller = search.best();
    if (smaller.clients[client].down > 1) {
        smaller.clients[client].down /= 2;
        any = search.accept(smaller) || any;
    }
    return any;
}

}  // namespace

Plan minimised(const Plan& failing, std::size_t runs) {
    Search search(failing, runs);
    bool goes_on = true;
    const auto shrink_list = [&](auto list) { goes_on = shrink(search, list) || goes_on; };
    while (goes_on && search.may_go_on()) {
        goes_on = false;
        shrink_list([](Plan & plan) -> auto& { return plan.clients; });
        shrink_list([](Plan & plan) -> auto& { return plan.datagrams; });
        shrink_list([](Plan & plan) -> auto& { return plan.spec.faults; });
        shrink_list([](Plan & plan) -> auto& { return plan.leaps; });
        shrink_list([](Plan & plan) -> auto& { return plan.restarts; });
        for (std::size_t i = 0; i < search.best().clients.size(); ++i)
            shrink_list([i](Plan & plan) -> auto& { return plan.clients[i].options; });
        for (std::size_t i = 0; i < search.best().servers.size(); ++i)
            shrink_list([i](Plan & plan) -> auto& { return plan.servers[i].options; });
        for (std::size_t i = 0; i < search.best().spec.links.size(); ++i)
            shrink_list([i](Plan & plan) -> auto& { return plan.spec.links[i].items; });
        for (std::size_t i = 0; i < search.best().clients.size(); ++i)
            goes_on = halve(search, i) || goes_on;
    }
    return search.best();
}

}  // namespace dt::sim
