// The seccomp filter of a run, written by hand: a few blocks of "is it this call? then this
// verdict".
#include "host/filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace dt::host {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_X86_64;
constexpr std::uint32_t compat_arch = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t compat_arch = AUDIT_ARCH_ARM;
#else
#error "the filter knows x86-64 and arm64"
#endif

constexpr std::uint32_t notify = SECCOMP_RET_USER_NOTIF;
constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t absent = SECCOMP_RET_ERRNO | ENOSYS;

constexpr std::uint32_t x32_bit = 0x40000000;  // system calls of the x32 ABI
constexpr std::uint32_t out_queue = 0x5411;    // SIOCOUTQ, which is also TIOCOUTQ
constexpr std::uint32_t socket_ioctls = 0x8900;

/// Control calls on a socket: always ours to look at.
constexpr auto control_calls = std::to_array<std::uint32_t>(
    {SYS_bind, SYS_connect, SYS_accept4, SYS_accept, SYS_setsockopt, SYS_getsockopt,
     SYS_getsockname, SYS_getpeername, SYS_listen, SYS_shutdown, SYS_sendmsg, SYS_recvmsg,
     SYS_sendmmsg, SYS_recvmmsg});

/// They move octets past every filter. Who begins with them is noted.
constexpr auto absent_calls =
    std::to_array<std::uint32_t>({SYS_io_uring_enter, SYS_io_uring_register});

/// i386: socketcall, the single socket calls (359, 361 to 373; 360 is socketpair) and io_uring.
/// ARM: the socket calls 281 to 297 without socketpair (288), accept4 (366), recvmmsg and sendmmsg.
#if defined(__x86_64__)
constexpr auto absent_compat_calls =
    std::to_array<std::uint32_t>({102, 337, 345, 359, 361, 362, 363, 364, 365, 366,
                                  367, 368, 369, 370, 371, 372, 373, 425, 426, 427});
#else
constexpr auto absent_compat_calls =
    std::to_array<std::uint32_t>({281, 282, 283, 284, 285, 286, 287, 290, 292, 293,
                                  294, 295, 296, 297, 365, 366, 374, 425, 426, 427});
#endif

class Assembler {
  public:
    void load(std::size_t offset) {
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    }
    void mask(std::uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits); }
    void verdict(std::uint32_t value) { add(BPF_RET | BPF_K, value); }
    /// Skips `then` instructions where the accumulator is `value`, else `otherwise`.
    void jump_equal(std::uint32_t value, std::uint8_t then, std::uint8_t otherwise) {
        code_.push_back(sock_filter{BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, value});
    }
    /// The next `count` instructions are for `value` only.
    void unless_equal_skip(std::uint32_t value, std::uint8_t count) { jump_equal(value, 0, count); }
    void equal_then(std::uint32_t value, std::uint32_t then) {
        unless_equal_skip(value, 1);
        verdict(then);
    }
    /// `then` where one of the bits is set.
    void any_bit_then(std::uint32_t bits, std::uint32_t then) {
        code_.push_back(sock_filter{BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits});
        verdict(then);
    }
    void at_least_then(std::uint32_t value, std::uint32_t then) {
        code_.push_back(sock_filter{BPF_JMP | BPF_JGE | BPF_K, 0, 1, value});
        verdict(then);
    }
    [[nodiscard]] std::vector<sock_filter> take() { return std::exchange(code_, {}); }

  private:
    void add(unsigned code, std::uint32_t k) {
        code_.push_back(sock_filter{static_cast<std::uint16_t>(code), 0, 0, k});
    }
    std::vector<sock_filter> code_;
};

/// Both machines are little-endian: the low half of an argument comes first.
constexpr std::size_t low_half(std::size_t argument) {
    return offsetof(seccomp_data, args) + 8 * argument;
}
constexpr std::size_t high_half(std::size_t argument) { return low_half(argument) + 4; }

/// sendto() and recvfrom() without an address are send() and recv(): native, but for flags that the
/// pair would take in another sense.
void add_addressed_call(Assembler& code, std::uint32_t number, std::uint32_t own_flags) {
    code.unless_equal_skip(number, 9);
    code.load(low_half(3));
    code.any_bit_then(own_flags, notify);
    code.load(low_half(4));
    code.jump_equal(0, 0, 2);
    code.load(high_half(4));
    code.jump_equal(0, 1, 0);
    code.verdict(notify);
    code.verdict(allow);
}

void add_socket_call(Assembler& code) {
    code.unless_equal_skip(SYS_socket, 6);
    code.load(low_half(0));
    code.equal_then(AF_INET, notify);
    code.equal_then(AF_INET6, notify);
    code.verdict(allow);
}

void add_ioctl(Assembler& code) {
    code.unless_equal_skip(SYS_ioctl, 7);
    code.load(low_half(1));
    code.equal_then(out_queue, notify);
    code.mask(0xff00);
    code.equal_then(socket_ioctls, notify);
    code.verdict(allow);
}

void add_compat_calls(Assembler& code) {
    for (const std::uint32_t number : absent_compat_calls) code.equal_then(number, absent);
    code.verdict(allow);
}

}  // namespace

std::vector<sock_filter> make_filter() {
    Assembler compat;
    compat.load(offsetof(seccomp_data, nr));
    add_compat_calls(compat);
    const std::vector<sock_filter> compat_code = compat.take();

    Assembler code;
    code.load(offsetof(seccomp_data, arch));
    code.unless_equal_skip(compat_arch, static_cast<std::uint8_t>(compat_code.size()));
    std::vector<sock_filter> program = code.take();
    program.insert(program.end(), compat_code.begin(), compat_code.end());

    code.jump_equal(native_arch, 1, 0);
    code.verdict(absent);
    code.load(offsetof(seccomp_data, nr));
    code.at_least_then(x32_bit, absent);
    add_addressed_call(code, SYS_sendto, MSG_OOB | MSG_FASTOPEN | MSG_MORE);
    add_addressed_call(code, SYS_recvfrom, MSG_ERRQUEUE);
    add_socket_call(code);
    for (const std::uint32_t number : control_calls) code.equal_then(number, notify);
    add_ioctl(code);
    code.equal_then(SYS_io_uring_setup, notify);
    for (const std::uint32_t number : absent_calls) code.equal_then(number, absent);
    code.verdict(allow);
    const std::vector<sock_filter> native_code = code.take();
    program.insert(program.end(), native_code.begin(), native_code.end());
    return program;
}

}  // namespace dt::host
