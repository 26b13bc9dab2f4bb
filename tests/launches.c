/* See launches.h. */
#include "launches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const wl_backend *the_kernels(void)
{
    const wl_backend *const *b = backends_under_test();
    while ((*b)->device != WL_CUDA) b++;
    return *b;
}

void run(const char *op, const char *sizes)
{
    verdict why;
    op_case c = made(op, sizes);
    emulator_watch();
    const bool right = agrees_on(the_kernels(), &c, why);
    case_free(&c);
    if (!right) fail_msg("%s", why);
}

static void takes(const path *p)
{
    const emulator_launch *launched;
    run(p->op, p->sizes);
    const int n = emulator_launches(&launched);
    for (int i = 0; i < n || p->kernels[i]; i++)
        if (i >= n || !p->kernels[i] || strcmp(launched[i].kernel, p->kernels[i]))
            fail_msg("%s \"%s\": launch %d is %s, expected %s", p->op, p->sizes, i,
                     i < n ? launched[i].kernel : "none", p->kernels[i] ? p->kernels[i] : "none");
}

void all_take(const path *paths)
{
    for (int i = 0; paths[i].op; i++) takes(&paths[i]);
}

void launches_once(const char *kernel, unsigned grid, unsigned block)
{
    const emulator_launch *launched;
    int found = 0;
    for (int i = emulator_launches(&launched) - 1; i >= 0; i--) {
        if (strcmp(launched[i].kernel, kernel)) continue;
        assert_int_equal(launched[i].grid[0], grid);
        assert_int_equal(launched[i].block[0], block);
        found++;
    }
    if (found != 1)
        fail_msg("%d launches of %s, expected one; launch 0 is %s", found, kernel,
                 emulator_launches(&launched) ? launched[0].kernel : "none");
}
