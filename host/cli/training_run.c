/* Runs of training: see training_run.h. */
#include "training_run.h"

#include "program.h"

#include <wordloom/nn/file.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

volatile sig_atomic_t training_stop;

static void on_signal(int number)
{
    (void)number;
    training_stop = 1;
}

/* The second signal finds the default action again. */
void training_catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal,
                                .sa_flags = SA_RESTART | (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void training_options(training_run *r, option_row rows[TRAINING_ROWS])
{
    const option_row made[TRAINING_ROWS] = {
        { .name = "checkpoint",
          .kind = OPTION_TEXT,
          .value = &r->checkpoint_option,
          .placeholder = "FILE",
          .help = "where an unfinished run is kept; else OUT.checkpoint" },
        { .name = "checkpoint-every",
          .kind = OPTION_REAL,
          .value = &r->checkpoint_every,
          .high = 1e9,
          .help = "seconds between two checkpoints, 0 for none" },
        { .name = "resume",
          .kind = OPTION_FLAG,
          .value = &r->resume,
          .help = "go on from the checkpoint, where there is one" },
    };
    r->checkpoint_every = 300;
    memcpy(rows, made, sizeof made);
}

/* ------------------------------------------------------------------ files */

static bool regular(const char *path)
{
    struct stat found;
    return stat(path, &found) || S_ISREG(found.st_mode) || S_ISDIR(found.st_mode);
}

/* Finds out before an hour of training whether a file can be written. A FIFO or a device is not
 * touched. */
static wl_status try_to_write(const char *path, wl_error *error)
{
    wl_writer *writer;
    if (!path || !regular(path)) return WL_OK;
    const wl_status status = wl_writer_open(&writer, path, error);
    if (!status) wl_writer_close(writer);
    return status;
}

/* Beside a FIFO or a device there is no place for a checkpoint. */
static wl_status name_checkpoint(training_run *r, wl_error *error)
{
    static const char suffix[] = ".checkpoint";
    const char *given = r->checkpoint_option;
    if (!given && !regular(r->out)) return WL_OK;
    r->checkpoint = given ? strdup(given) : malloc(strlen(r->out) + sizeof suffix);
    if (!r->checkpoint) return wl_error_set(error, WL_NO_MEMORY, "no memory for a file's name");
    if (!given) strcat(strcpy(r->checkpoint, r->out), suffix);
    return WL_OK;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (stat(a, &x) || stat(b, &y)) return !strcmp(a, b);
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino && S_ISREG(x.st_mode);
}

static int distinct(const training_path *a, const training_path *b)
{
    if (!a->path || !b->path || !same_file(a->path, b->path)) return EXIT_DONE;
    say("%s and %s: expected two files, found \"%s\" for both", a->option, b->option, b->path);
    return EXIT_USAGE;
}

static int check_distinct(const training_run *r, const training_path *files)
{
    const training_path written[] = { { "--out", r->out, true },
                                      { "--checkpoint", r->checkpoint, true } };
    int code = EXIT_DONE;
    for (const training_path *f = files; f->option && !code; f++) {
        for (const training_path *g = f + 1; g->option && !code; g++) code = distinct(f, g);
        for (int i = 0; i < 2 && !code; i++) code = distinct(f, &written[i]);
    }
    return code ? code : distinct(&written[0], &written[1]);
}

/* Whether the run is kept where it stands now and then. */
static bool keeps(const training_run *r) { return r->checkpoint && r->checkpoint_every > 0; }

int training_begin(training_run *r, const training_path *files)
{
    wl_error error;
    wl_status status = name_checkpoint(r, &error);
    if (status) return fail(status, &error);
    const int code = check_distinct(r, files);
    if (code) return code;
    status = try_to_write(r->out, &error);
    for (const training_path *f = files; f->option && !status; f++)
        if (f->written) status = try_to_write(f->path, &error);
    if (!status && keeps(r)) status = try_to_write(r->checkpoint, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

/* ------------------------------------------------------------------ checkpoints */

static wl_status keep(training_run *r, wl_error *error)
{
    const wl_status status = r->save(r->user, r->checkpoint, error);
    r->kept_at = progress_seconds(&r->report);
    r->kept = r->kept || !status;
    return status;
}

void training_keep(training_run *r)
{
    wl_error error;
    if (!keeps(r) || training_stop) return;
    if (progress_seconds(&r->report) - r->kept_at < r->checkpoint_every) return;
    if (keep(r, &error)) say("no checkpoint: %s", error.text);
}

wl_status training_resume(training_run *r, wl_error *error)
{
    const bool there = r->checkpoint && (access(r->checkpoint, F_OK) == 0 || errno != ENOENT);
    if (!r->resume && there)
        progress_note(&r->report, "%s is there; --resume would go on from it", r->checkpoint);
    if (r->resume && !there)
        progress_note(&r->report, "there is no checkpoint %s: starting anew",
                      r->checkpoint ? r->checkpoint : "beside a device");
    if (!r->resume || !there) return WL_OK;
    const wl_status status = r->load(r->user, r->checkpoint, error);
    if (status) return status;
    r->kept = true;
    progress_note(&r->report, "going on from %s", r->checkpoint);
    return WL_OK;
}

int training_interrupted(training_run *r)
{
    wl_error error;
    if (!keeps(r)) {
        say(r->kept ? "interrupted: %s is as it was, without newer checkpoints"
                    : "interrupted: nothing is kept, without checkpoints",
            r->checkpoint);
        return EXIT_INTERRUPTED;
    }
    const wl_status status = keep(r, &error);
    if (status) return fail(status, &error);
    say("interrupted: %s has the run so far; the same command with --resume goes on",
        r->checkpoint);
    return EXIT_INTERRUPTED;
}

int training_written(training_run *r, wl_status status, const wl_error *error)
{
    wl_error other;
    if (status && keeps(r) && !keep(r, &other))
        say("%s has the run: the same command with --resume writes the file", r->checkpoint);
    if (status) return fail(status, error);
    if (r->kept && unlink(r->checkpoint) && errno != ENOENT)
        say("%s: cannot remove: %s", r->checkpoint, strerror(errno));
    return EXIT_DONE;
}

int training_end(training_run *r, int code)
{
    progress_outcome(&r->report, code == EXIT_DONE          ? "done"
                                 : code == EXIT_INTERRUPTED ? "interrupted"
                                                            : "failed");
    free(r->checkpoint);
    const int closed = progress_close(&r->report);
    return code ? code : closed;
}
