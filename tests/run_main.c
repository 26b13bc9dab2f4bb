/* The main of tests of emulated kernels, whose own the build renames to test_main. */
#undef main

int test_main(void);

int main(void) { return test_main(); }
