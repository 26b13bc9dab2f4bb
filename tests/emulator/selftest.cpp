// Runs the correct kernels and calls under several orders of threads, blocks and streams, and every
// bug in a process of its own, whose report it reads.
#include "bugs.h"

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

const bug_file *const bug_files[] = { &bugs_of_threads, &bugs_of_pipes, &bugs_of_tiles,
                                      &bugs_of_clusters };

// Bugs are numbered through the files, one after another.
struct numbered {
    const bug_file *file;
    const bug *wrong;
};

numbered bug_number(int number)
{
    for (const bug_file *file : bug_files) {
        if (number < file->count) return { file, file->bugs + number };
        number -= file->count;
    }
    return { nullptr, nullptr };
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

// "bugs.cu:LINE" of the line that carries the bug's mark.
std::string place_of(const char *path, const char *name)
{
    std::ifstream source(path);
    const std::string file = std::string(path).substr(std::string(path).rfind('/') + 1);
    const std::string mark = std::string("BUG: ") + name;
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

void check_bug(int number)
{
    const auto [file, wrong] = bug_number(number);
    const bug &b = *wrong;
    const outcome result = run_self("bug", std::to_string(number).c_str(), b.setting);
    const std::string place = b.names_the_line ? place_of(file->path, b.name) : "";
    const bool told = contains(result.errors, b.report) && contains(result.errors, place);
    (told ? passed : failed)++;
    if (!told)
        std::printf("FAILED %s: \"%s\" %s is not in its report (status %x):\n%s\n", b.name,
                    b.report, place.c_str(), unsigned(result.status), result.errors.c_str());
}

void check_status(const char *name, int status, const char *claim)
{
    int number = 0;
    while (std::strcmp(bug_number(number).wrong->name, name)) number++;
    const outcome result = run_self("bug", std::to_string(number).c_str(), nullptr);
    check(WEXITSTATUS(result.status) == status, claim);
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
    if (count > 2 && !std::strcmp(words[1], "bug")) {
        bug_number(std::atoi(words[2])).wrong->run();
        return 0;
    }
    run_correct_warps();
    run_correct_blocks();
    run_correct_calls();
    run_correct_pipes();
    run_correct_tiles();
    run_correct_clusters();
    if (count > 1) return failed != 0;

    check_correct_kernels("WL_EMULATOR_SEED=1");
    check_correct_kernels("WL_EMULATOR_SEED=20");
    check_correct_kernels("WL_EMULATOR_ASYNC=1");
    check_correct_kernels("WL_EMULATOR_SMS=16");
    int skipped = 0;
    for (int i = 0; bug_number(i).wrong; i++) {
        if (bug_number(i).wrong->shows_in & this_build)
            check_bug(i);
        else
            skipped++;
    }
    check_status("divergent_barrier", 97, "a broken rule ends the process with status 97");
    check_status("missed_grid_barrier", 98, "a deadlock ends the process with status 98");
    std::printf("%d bugs show only in builds with another sanitizer\n", skipped);
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
