/* What stands for plot.c, plot_map.c and plot_points.c in a program without cairo. */
#include "plot.h"

#include "plot_map.h"
#include "plot_points.h"
#include "program.h"

int plot_check(const char *option, const char *path)
{
    (void)path;
    say("%s: this program was built without cairo, which draws pictures", option);
    return EXIT_USAGE;
}

static wl_status no_cairo(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_UNSUPPORTED, "%s: this program was built without cairo", path);
}

wl_status plot_write(const plot_chart *charts, int count, const char *path, wl_error *error)
{
    (void)charts, (void)count;
    return no_cairo(path, error);
}

wl_status plot_maps_write(const plot_map *maps, int count, const char *path, wl_error *error)
{
    (void)maps, (void)count;
    return no_cairo(path, error);
}

wl_status plot_points_write(const plot_points *plot, const char *path, wl_error *error)
{
    (void)plot;
    return no_cairo(path, error);
}
