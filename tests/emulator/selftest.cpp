// Runs the correct kernels and calls under several orders of threads, blocks and streams, and every
// bug in a process of its own, whose report it reads.
#include "selftest.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

int passed = 0, failed = 0;

constexpr unsigned longest = 120; // seconds

const bug_file *const bug_files[] = { &bugs, &tile_bugs };

struct placed_bug {
    const bug *what;
    const char *file;
};

std::vector<placed_bug> all_bugs()
{
    std::vector<placed_bug> all;
    for (const bug_file *from : bug_files)
        for (size_t i = 0; i < from->count; i++) all.push_back({ from->bugs + i, from->file });
    return all;
}

struct outcome {
    int status;
    std::string errors;
};

// This program once more, with two arguments and a setting; its standard error is read.
outcome run_self(const char *what, const char *which, const char *setting)
{
    int ends[2];
    std::fflush(stdout);
    if (pipe(ends)) std::abort();
    const pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        unsetenv("WL_EMULATOR_ABORT");
        if (setting) putenv(const_cast<char *>(setting));
        alarm(longest);
        execl("/proc/self/exe", "selftest", what, which, static_cast<char *>(nullptr));
        _exit(127);
    }
    close(ends[1]);
    outcome result;
    char part[4096];
    for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;)
        result.errors.append(part, std::size_t(got));
    close(ends[0]);
    waitpid(child, &result.status, 0);
    return result;
}

// "FILE:LINE" of the line that carries the bug's mark.
std::string place_of(const placed_bug &bug)
{
    std::ifstream source(bug.file);
    const std::string mark = std::string("BUG: ") + bug.what->name;
    const std::string path = bug.file, file = path.substr(path.rfind('/') + 1);
    std::string line;
    for (int number = 1; std::getline(source, line); number++) {
        const std::size_t at = line.find(mark);
        if (at != std::string::npos && at + mark.size() == line.size())
            return file + ":" + std::to_string(number);
    }
    return file + ":(unmarked)";
}

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

void check_bug(const placed_bug &placed, size_t number)
{
    const bug &b = *placed.what;
    const outcome result = run_self("bug", std::to_string(number).c_str(), b.setting);
    const std::string place = b.names_the_line ? place_of(placed) : "";
    const bool told = contains(result.errors, b.report) && contains(result.errors, place);
    (told ? passed : failed)++;
    if (!told)
        std::printf("FAILED %s: \"%s\" %s is not in its report (status %x):\n%s\n", b.name,
                    b.report, place.c_str(), unsigned(result.status), result.errors.c_str());
}

void check_statuses(const std::vector<placed_bug> &all)
{
    for (size_t i = 0; i < all.size(); i++) {
        if (!std::strcmp(all[i].what->name, "divergent_barrier"))
            check(WEXITSTATUS(run_self("bug", std::to_string(i).c_str(), nullptr).status) == 97,
                  "a broken rule ends the process with status 97");
        if (!std::strcmp(all[i].what->name, "missed_grid_barrier"))
            check(WEXITSTATUS(run_self("bug", std::to_string(i).c_str(), nullptr).status) == 98,
                  "a deadlock ends the process with status 98");
    }
}

void check_correct_kernels(const char *setting)
{
    const outcome result = run_self("correct", "", setting);
    const bool right = WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0;
    (right ? passed : failed)++;
    if (!right)
        std::printf("FAILED the correct kernels with %s:\n%s\n", setting, result.errors.c_str());
}

} // namespace

void check(bool holds, const char *claim)
{
    (holds ? passed : failed)++;
    if (!holds) std::fprintf(stderr, "FAILED %s\n", claim);
}

int main(int count, char **words)
{
    const std::vector<placed_bug> all = all_bugs();
    if (count > 2 && !std::strcmp(words[1], "bug")) {
        all.at(std::strtoul(words[2], nullptr, 10)).what->run();
        return 0;
    }
    run_correct_warps();
    run_correct_blocks();
    run_correct_calls();
    run_correct_tiles();
    if (count > 1) return failed != 0;

    check_correct_kernels("WL_EMULATOR_SEED=1");
    check_correct_kernels("WL_EMULATOR_SEED=20");
    check_correct_kernels("WL_EMULATOR_ASYNC=1");
    check_correct_kernels("WL_EMULATOR_SMS=16");
    int skipped = 0;
    for (size_t i = 0; i < all.size(); i++) {
        if (all[i].what->shows_in & this_build)
            check_bug(all[i], i);
        else
            skipped++;
    }
    check_statuses(all);
    std::printf("%d bugs show only in builds with another sanitizer\n", skipped);
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
