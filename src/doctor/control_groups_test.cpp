// Control groups in a folder that looks like a mount of cgroup2.
#include "doctor/control_groups.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "rules/scene.hpp"

namespace dt::doctor {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class ControlGroups : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "groupsXXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        mount = pattern;
        fs::create_directories(mount / "system.slice" / "nginx.service");
        fs::create_directories(mount / "user.slice");
    }
    void TearDown() override { fs::remove_all(mount); }

    void make_version_2() const { std::ofstream(mount / "cgroup.controllers") << "cpu memory\n"; }
    [[nodiscard]] std::uint64_t number_of(const std::string& group) const {
        struct stat status {};
        EXPECT_EQ(::stat((mount / group).c_str(), &status), 0);
        return status.st_ino;
    }

    fs::path mount;
};

TEST_F(ControlGroups, AGroupIsFoundByItsNumberAtAnyDepth) {
    make_version_2();
    const std::uint64_t number = number_of("system.slice/nginx.service");
    EXPECT_THAT(group_paths({number}, mount),
                ElementsAre(Pair(number, "system.slice/nginx.service")));
}

TEST_F(ControlGroups, OnlyTheWantedOnesAreTold) {
    make_version_2();
    EXPECT_EQ(group_paths({number_of("user.slice"), number_of("system.slice")}, mount).size(), 2U);
    EXPECT_THAT(group_paths({number_of("user.slice") + 1'000'000}, mount), IsEmpty());
    EXPECT_THAT(group_paths({}, mount), IsEmpty());
}

TEST_F(ControlGroups, AFolderOfVersion1IsLeftAlone) {
    EXPECT_THAT(group_paths({number_of("user.slice")}, mount), IsEmpty());
    EXPECT_THAT(group_paths({1}, mount / "nothing"), IsEmpty());
}

TEST_F(ControlGroups, AHiddenOwnerIsNamedByUserAndGroup) {
    make_version_2();
    rules::Evidence evidence;
    rules::Socket listener;
    listener.state = event::State::listen;
    listener.inode = 7;
    listener.uid = 33;
    listener.cgroup = number_of("system.slice/nginx.service");
    evidence.control_groups = group_paths({listener.cgroup}, mount);
    evidence.after.sockets.push_back(listener);
    EXPECT_EQ(rules::Scene(evidence).owner_text(evidence.after.sockets[0]),
              "uid 33 in system.slice/nginx.service");
}

}  // namespace
}  // namespace dt::doctor
