/* What stands for plot.c in a program without cairo. */
#include "plot.h"

#include "program.h"

int plot_check(const char *option, const char *path)
{
    (void)path;
    say("%s: this program was built without cairo, which draws pictures", option);
    return EXIT_USAGE;
}

wl_status plot_write(const plot_chart *chart, const char *path, wl_error *error)
{
    (void)chart;
    return wl_error_set(error, WL_UNSUPPORTED, "%s: this program was built without cairo", path);
}
