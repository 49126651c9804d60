// Fuzzer of the stack by scripts of calls, packets and time steps: every state of every socket.
#include "stack_harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t steps_max = 200;
    dt::fuzz::Harness harness;
    dt::fuzz::Input input(std::as_bytes(std::span{data, size}));
    for (std::size_t i = 0; i < steps_max && !input.empty(); ++i) {
        const auto kind = input.take<std::uint8_t>() & 7U;
        if (kind < 4) {
            harness.call(input);
        } else if (kind < 7) {
            harness.packet(input);
        } else {
            harness.sleep(input);
        }
    }
    harness.finish();
    return 0;
}
