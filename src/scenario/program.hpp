// The program of a scenario: sockets by name, calls with their answers as a script writes them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "scenario/subject.hpp"

namespace dt::scenario {

/// A socket of the script.
struct NamedSocket {
    sock::SocketId id;
    std::optional<FourTuple> tuple;  // of its connection
    bool is_datagram = false;
    std::optional<std::int64_t> read_at;  // relative number of the next octet read
    std::int64_t write_at = 1;
};

/// What a call answered, and whether that is what was written.
struct Answer {
    bool as_expected = false;
    std::string text;
};

class Program {
  public:
    Program(Subject& subject, Flows& flows) : subject_(subject), flows_(flows) {}

    /// Makes the call and compares the answer with what the script expects.
    [[nodiscard]] Answer perform(const Call& call);

    /// The ends of packets that name none: the last connection spoken of, else the last port bound.
    [[nodiscard]] const FourTuple& main_tuple() const { return main_; }
    /// The socket used last.
    [[nodiscard]] const NamedSocket* current() const;

  private:
    struct Outcome;
    [[nodiscard]] Outcome dispatch(const Call& call, NamedSocket& socket);
    [[nodiscard]] Outcome data_call(const Call& call, NamedSocket& socket);
    [[nodiscard]] Outcome question(const Call& call, NamedSocket& socket);
    Outcome open(const Call& call);
    Outcome accept(const Call& call);
    Outcome bind(const Call& call, NamedSocket& socket);
    Outcome listen(const Call& call, NamedSocket& socket);
    Outcome connect(const Call& call, NamedSocket& socket);
    Outcome shutdown(const Call& call, NamedSocket& socket);
    Outcome read(const Call& call, NamedSocket& socket);
    Outcome write(const Call& call, NamedSocket& socket);
    Outcome receive_from(const Call& call, NamedSocket& socket);
    Outcome send_to(const Call& call, NamedSocket& socket);
    static Outcome name_of(const Call& call, Result<Endpoint> name);
    NamedSocket& add(const std::string& wanted, sock::SocketId id);
    [[nodiscard]] NamedSocket* find(const std::string& name);

    Subject& subject_;
    Flows& flows_;
    std::map<std::string, NamedSocket, std::less<>> sockets_;
    std::string current_;
    std::string listener_;
    FourTuple main_{{subject_address, Port{}}, {peer_address, Port{40000}}};
    unsigned unnamed_ = 0;
};

}  // namespace dt::scenario
