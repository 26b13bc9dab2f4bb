// Compares the emulator's headers with the toolkit's, line by line of header_values.cpp.
#include <cstdio>
#include <sstream>
#include <string>

std::string emulated_values();
std::string toolkit_values();

int main()
{
    std::istringstream ours(emulated_values()), theirs(toolkit_values());
    int passed = 0, failed = 0;
    for (std::string a, b; std::getline(theirs, b);) {
        std::getline(ours, a);
        (a == b ? passed : failed)++;
        if (a != b) std::printf("FAILED %s, in the toolkit %s\n", a.c_str(), b.c_str());
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
