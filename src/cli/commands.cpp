// The list of commands.
#include <array>

#include "cli/command.hpp"

namespace dt::cli {

std::span<const Command> commands() {
    static constexpr auto list = std::to_array<Command>({{"demo", demo_command},
                                                         {"run", run_command},
                                                         {"up", up_command},
                                                         {"ss", ss_command},
                                                         {"ladder", ladder_command},
                                                         {"replay", replay_command},
                                                         {"doctor", doctor_command},
                                                         {"help", help_command}});
    return list;
}

}  // namespace dt::cli
