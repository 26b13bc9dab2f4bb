/* Tasks for sequence-to-sequence models whose examples are made, not read. */
#ifndef WORDLOOM_NN_TASKS_H
#define WORDLOOM_NN_TASKS_H

#include <wordloom/nn/examples.h>

WL_BEGIN

/*   addition   "16+75" to "91": two numbers, each of 0 to 999, all as likely
 *   date       "Tuesday, September 27, 1994" to "1994-09-27": a day of 1970 to 2019, all as likely,
 *              as 9/27/94, Sep 27, 1994, September 27, 1994 or with its weekday, each a quarter of
 *              the time; half of them as here, a quarter lower case, a quarter upper case
 *   copy       "3141" to "3141": 3 to 10 digits, all lengths and digits as likely
 *   reverse    "3141" to "1413": likewise
 *   sort       "3141" to "1134": likewise */
typedef enum wl_task {
    WL_TASK_ADDITION = 0,
    WL_TASK_DATE = 1,
    WL_TASK_COPY = 2,
    WL_TASK_REVERSE = 3,
    WL_TASK_SORT = 4,
} wl_task;

WL_API extern const char *const wl_tasks[]; /* their names, by their numbers; ends with null */

/* Makes examples of a task. Example i depends on the task, the seed and i alone, not on the count.
 * Each is drawn independently of the others, so that some may be equal: of 50,000 additions one in
 * forty repeats an earlier one. WL_OUT_OF_RANGE: no such task, or a count outside 1 to 2^31 - 1.
 * WL_NO_MEMORY. */
WL_API wl_status wl_examples_generate(wl_examples **out, int32_t task, int64_t count, uint64_t seed,
                                      wl_error *error);

WL_END
#endif
