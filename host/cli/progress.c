/* Progress of a run: see progress.h. */
#include "progress.h"

#include "program.h"
#include "text_width.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double BAR_EVERY = 0.1, LINE_EVERY = 5, LOG_EVERY = 1; /* seconds */

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int progress_open(progress *p, const common_options *common)
{
    *p = (progress){ .quiet = common->quiet, .terminal = isatty(STDERR_FILENO) };
    p->start = p->shown = p->logged = now_seconds();
    p->last.recent_loss = p->last.epoch_loss = NAN;
    if (!common->log) return EXIT_DONE;
    p->log = fopen(common->log, "we");
    if (p->log) return EXIT_DONE;
    say("%s: cannot open: %s", common->log, strerror(errno));
    return EXIT_BAD_FILE;
}

static void end_bar(progress *p)
{
    if (p->drawn) fputc('\n', stderr);
    p->drawn = false;
}

int progress_close(progress *p)
{
    end_bar(p);
    json_decref(p->more);
    if (!p->log) return EXIT_DONE;
    const int broken = ferror(p->log);
    if (fclose(p->log) == 0 && !broken) return EXIT_DONE;
    say("--log: cannot write: %s", strerror(errno));
    return EXIT_BAD_FILE;
}

void progress_start(progress *p) { p->start = p->shown = p->logged = now_seconds(); }
double progress_seconds(const progress *p) { return now_seconds() - p->start; }

/* ------------------------------------------------------------------ lines */

/* Draws over the bar's line, cut to the terminal's width. */
static void draw(progress *p, const char *text)
{
    fprintf(stderr, "\r%.*s\x1b[K", terminal_width(STDERR_FILENO) - 1, text);
    fflush(stderr);
    p->drawn = true;
}

void progress_note(progress *p, const char *format, ...)
{
    va_list list;
    if (p->quiet) return;
    if (p->drawn) fputs("\r\x1b[K", stderr);
    p->drawn = false;
    va_start(list, format);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

/* Whether it is time to show something again. */
static bool due(progress *p)
{
    const double now = now_seconds();
    if (p->quiet || now - p->shown < (p->terminal ? BAR_EVERY : LINE_EVERY)) return false;
    p->shown = now;
    return true;
}

static void show(progress *p, const char *text)
{
    if (p->terminal)
        draw(p, text);
    else
        fprintf(stderr, "%s\n", text);
}

static double share(int64_t part, int64_t all)
{
    return all > 0 ? fmin(1, (double)part / (double)all) : 1;
}

void progress_count(void *user, int64_t words, int64_t bytes, int64_t total_bytes)
{
    progress *p = user;
    char line[128];
    if (!due(p)) return;
    snprintf(line, sizeof line, "reading %3.0f%%  %.1f M words", 100 * share(bytes, total_bytes),
             (double)words * 1e-6);
    show(p, line);
}

void progress_part(progress *p, const char *doing, int64_t done, int64_t total)
{
    char line[128];
    if (!due(p)) return;
    snprintf(line, sizeof line, "%s %3.0f%%", doing, 100 * share(done, total));
    show(p, line);
}

/* "1:02:03", "2:03" */
static const char *clock_text(char *out, size_t room, double seconds)
{
    const int64_t s = seconds < 1e9 ? (int64_t)(seconds + 0.5) : 999999999;
    if (s >= 3600)
        snprintf(out, room, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
    else
        snprintf(out, room, "%d:%02d", (int)(s / 60), (int)(s % 60));
    return out;
}

static double speed(const progress *p, const progress_report *now)
{
    const double seconds = progress_seconds(p);
    return seconds > 0 ? (double)(now->words - p->first_words) / seconds : 0;
}

static void show_training(progress *p, const progress_report *now)
{
    enum { CELLS = 20 };
    char bar[CELLS + 1], line[256], left[32], cost[64];
    const double done = share(now->words, now->total_words), rate = speed(p, now);
    const double loss = isnan(now->epoch_loss) ? now->recent_loss : now->epoch_loss;
    for (int i = 0; i < CELLS; i++) bar[i] = i < (int)(done * CELLS) ? '#' : '.';
    bar[CELLS] = 0;
    clock_text(left, sizeof left,
               rate > 0 ? (double)(now->total_words - now->words) / rate : INFINITY);
    p->tell_loss(cost, sizeof cost, loss);
    snprintf(line, sizeof line,
             "%3.0f%% [%s] epoch %" PRId64 "/%" PRId64 "  %.*f k %s/s  lr %.5g  %s  ETA %s",
             100 * done, bar, now->epoch, now->epochs, rate < 1e5 ? 1 : 0, rate * 1e-3, p->unit,
             now->lr, cost, left);
    show(p, line);
}

/* ------------------------------------------------------------------ the log */

json_t *progress_number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static void write_log(progress *p, const char *event)
{
    const progress_report *now = &p->last;
    json_t *object =
        json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "event", event, "seconds",
                  progress_number(progress_seconds(p)), "epoch", (json_int_t)now->epoch, "epochs",
                  (json_int_t)now->epochs, "words", (json_int_t)now->words, "total_words",
                  (json_int_t)now->total_words, "words_per_second", progress_number(speed(p, now)),
                  "lr", progress_number(now->lr), "loss", progress_number(now->recent_loss),
                  "epoch_loss", progress_number(now->epoch_loss));
    if (object && p->more) json_object_update(object, p->more);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (text) fprintf(p->log, "%s\n", text);
    fflush(p->log);
    free(text);
    json_decref(object);
}

void progress_train(progress *p, const progress_report *now, json_t *more)
{
    const double time = now_seconds();
    if (!p->begun) p->first_words = now->words;
    p->begun = true;
    p->last = *now;
    json_decref(p->more);
    p->more = more;
    if (due(p)) show_training(p, now);
    if (!p->log || (!now->epoch_ended && time - p->logged < LOG_EVERY)) return;
    p->logged = time;
    write_log(p, now->epoch_ended ? "epoch" : "progress");
}

void progress_outcome(progress *p, const char *outcome)
{
    if (p->log) write_log(p, outcome);
}
