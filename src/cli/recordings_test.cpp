// Recordings on disk: which are kept, who may read them, and two runs at once.
#include "cli/recordings.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>

namespace dt::cli {
namespace {

namespace fs = std::filesystem;

class Recordings : public ::testing::Test {
  protected:
    Recordings() {
        std::string name = (fs::temp_directory_path() / "dialtone-XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~Recordings() override { fs::remove_all(folder); }

    [[nodiscard]] std::string run(int number) const {
        return folder + "/run-" + std::to_string(number) + ".dtr";
    }
    void have_runs(int count) const {
        for (int i = 0; i < count; ++i) ASSERT_TRUE(RecordingFile::next_in(folder));
    }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }

    std::string folder;
};

TEST_F(Recordings, TheLastRunsAreKept) {
    have_runs(12);
    EXPECT_EQ(files(), runs_kept);
    EXPECT_FALSE(fs::exists(run(7)));
    EXPECT_TRUE(fs::exists(run(8)));
    EXPECT_EQ(newest_recording(folder), run(12));
}

TEST_F(Recordings, OneThatIsBeingWrittenStaysThoughOthersComeAndGo) {
    const auto first = RecordingFile::next_in(folder);
    ASSERT_TRUE(first);
    have_runs(9);
    EXPECT_TRUE(is_being_written(run(1)));
    EXPECT_FALSE(is_being_written(run(10)));
    EXPECT_FALSE(fs::exists(run(2)));
    EXPECT_EQ(files(), runs_kept + 1);
}

TEST_F(Recordings, OneThatIsOverGoesWithTheOthers) {
    have_runs(1);
    have_runs(9);
    EXPECT_FALSE(fs::exists(run(1)));
}

TEST_F(Recordings, RunsThatBeginTogetherHaveAFileEach) {
    const auto one = RecordingFile::next_in(folder);
    const auto two = RecordingFile::next_in(folder);
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->path(), two->path());
}

TEST_F(Recordings, OnlyTheUserMayReadThem) {
    const auto next = RecordingFile::next_in(folder);
    const auto chosen = RecordingFile::at(folder + "/mine.dtr");
    ASSERT_TRUE(next && chosen);
    for (const auto& file : {next->path(), chosen->path()}) {
        struct stat status {};
        ASSERT_EQ(::stat(file.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600U) << file;
    }
}

TEST_F(Recordings, AChosenFileIsEmptiedButNotUnderAnotherRun) {
    const std::string path = folder + "/mine.dtr";
    constexpr std::array octets{std::byte{1}, std::byte{2}};
    {
        auto before = RecordingFile::at(path);
        ASSERT_TRUE(before);
        before->write(octets);
        EXPECT_FALSE(before->has_failed());
        EXPECT_EQ(RecordingFile::at(path).error(), EWOULDBLOCK);
        EXPECT_EQ(fs::file_size(path), octets.size());
    }
    ASSERT_TRUE(RecordingFile::at(path));
    EXPECT_EQ(fs::file_size(path), 0U);
}

TEST_F(Recordings, AFullDiskIsRemembered) {
    auto file = RecordingFile::at("/dev/full");
    ASSERT_TRUE(file);
    file->write(std::array{std::byte{1}});
    EXPECT_TRUE(file->has_failed());
}

}  // namespace
}  // namespace dt::cli
