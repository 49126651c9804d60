// Runs ladder files: one verdict each, and the marked ladder of what does not hold.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "scenario/runner.hpp"

namespace {

/// 0 = the ladder holds, 1 = it does not, 2 = it cannot be read.
int judge_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path);
        return 2;
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto wrong = dt::scenario::judge(text, path);
    if (wrong) std::fprintf(stderr, "%s\n", wrong->c_str());
    return wrong ? 1 : 0;
}

}  // namespace

int main(int count, char** paths) {
    int worst = count > 1 ? 0 : 2;
    int held = 0;
    for (int i = 1; i < count; ++i) {
        const int verdict = judge_file(paths[i]);
        if (verdict == 0) ++held;
        worst = verdict > worst ? verdict : worst;
    }
    if (count > 2) std::printf("%d of %d ladders hold\n", held, count - 1);
    return worst;
}
