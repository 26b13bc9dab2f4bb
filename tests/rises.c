/* Gradients of whole models: see rises.h. */
#include "rises.h"

#include "data_files.h"

#include <float.h>
#include <math.h>

part part_of_parameter(const wl_parameters *all, int32_t number)
{
    const wl_tensor value = wl_parameters_value(all, number);
    const wl_tensor gradient = wl_parameters_gradient(all, number);
    return (part){ .name = all->list[number].name,
                   .value = value.data,
                   .gradient = gradient.data,
                   .count = all->list[number].count };
}

static int64_t place(const part *a, int64_t i)
{
    return a->rows ? a->rows[i / a->E] * a->E + i % a->E : i;
}

static void move(const part *a, double factor)
{
    for (int64_t i = 0; i < a->count; i++)
        a->value[place(a, i)] += (float)(factor * (double)a->gradient[i]);
}

/* By central differences, of which two leave an error of the fourth order, under what they differ
 * by. Each label's loss is rounded by half an epsilon and more on its way. */
void rises_along(const part *a, int64_t labels, double (*loss)(void *), void *user,
                 const char *what)
{
    double rise = 0, differences[2], lost = 0;
    for (int64_t i = 0; i < a->count; i++) rise += (double)a->gradient[i] * (double)a->gradient[i];
    assert_true(rise > 0);
    for (int i = 0; i < 2; i++) {
        const double step = 0.001 / rise * (i + 1); /* a small part of the loss */
        move(a, step);
        const double above = loss(user);
        move(a, -2 * step);
        differences[i] = (above - loss(user)) / (2 * step);
        move(a, step);
        lost = fmax(lost, (double)labels * (double)FLT_EPSILON * above / (2 * step));
    }
    const double found = (4 * differences[0] - differences[1]) / 3;
    if (!(fabs(found - rise) < lost + fabs(differences[0] - differences[1])))
        fail_msg("%s of %s: the loss rises by %g, its gradient says %g", a->name, what, found,
                 rise);
}
