// Fuzzer of the stack by what arrives: a listener, a connection and a datagram socket that nobody
// touches, and packets with time between them.
#include "stack_harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t steps_max = 200;
    dt::fuzz::Harness harness;
    dt::fuzz::Input input(std::as_bytes(std::span{data, size}));
    for (std::size_t i = 0; i < steps_max && !input.empty(); ++i) {
        if ((input.take<std::uint8_t>() & 7U) == 7U) {
            harness.sleep(input);
        } else {
            harness.packet(input);
        }
    }
    harness.finish();
    return 0;
}
