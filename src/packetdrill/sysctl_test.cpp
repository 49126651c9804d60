// Reading the tunables of a network namespace from a folder of files.
#include "packetdrill/sysctl.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace dt::packetdrill {
namespace {

class Sysctl : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "dialtone-XXXXXX").string();
        root = ::mkdtemp(name.data());
        std::filesystem::create_directories(root / "ipv4");
    }
    void TearDown() override { std::filesystem::remove_all(root); }
    void write(const char* name, const char* line) const { std::ofstream(root / name) << line; }

    std::filesystem::path root;
};

TEST_F(Sysctl, WhatTheFilesSayBecomesTheConfiguration) {
    write("ipv4/tcp_rmem", "4096\t540000\t15728640\n");
    write("ipv4/tcp_timestamps", "0\n");
    write("ipv4/tcp_synack_retries", "3\n");
    write("ipv4/tcp_fin_timeout", "7\n");
    const Config config = read_settings(root, Config{});
    EXPECT_EQ(config.receive_buffer, 540'000U);
    EXPECT_EQ(config.receive_buffer_max, 15'728'640U);
    EXPECT_EQ(config.timestamps, event::Switch::off);
    EXPECT_EQ(config.synack_retries, 3);
    EXPECT_EQ(config.fin_wait_2, std::chrono::seconds{7});
}

TEST_F(Sysctl, TheLeastBurstIsWhatTheKernelSaysWithinWhatAPacketHolds) {
    EXPECT_EQ(least_burst(root), 2U);
    write("ipv4/tcp_min_tso_segs", "10\n");
    EXPECT_EQ(least_burst(root), 10U);
    write("ipv4/tcp_min_tso_segs", "1000\n");
    EXPECT_EQ(least_burst(root), 44U);
}

TEST_F(Sysctl, WhatIsMissingOrWithoutSenseStaysAsItWas) {
    write("ipv4/tcp_rmem", "4096 many\n");
    write("ipv4/tcp_synack_retries", "300\n");
    const Config base;
    const Config config = read_settings(root, base);
    EXPECT_EQ(config.receive_buffer, base.receive_buffer);
    EXPECT_EQ(config.synack_retries, base.synack_retries);
    EXPECT_EQ(config.timestamps, base.timestamps);
}

}  // namespace
}  // namespace dt::packetdrill
