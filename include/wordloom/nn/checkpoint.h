/* Checkpoints: the state of a run of training as one safetensors file that is written whole and
 * trusted only by its checksum. A run that goes on from one ends with the same bits as one that was
 * never interrupted. */
#ifndef WORDLOOM_NN_CHECKPOINT_H
#define WORDLOOM_NN_CHECKPOINT_H

#include <wordloom/context.h>
#include <wordloom/nn/vocabulary.h>

WL_BEGIN

/* A dense tensor of a checkpoint. */
typedef struct wl_checkpoint_tensor {
    const char *name;
    wl_tensor tensor; /* of no elements, or not there (ndim 0): the file has none */
    wl_ctx *ctx;      /* of the device that it lies on; null: in the host's memory */
    int32_t fixed;    /* 1: not loaded, but expected to be the same bytes in the file */
    const char *what; /* what differs where the file has it in another form, or other bytes */
} wl_checkpoint_tensor;

typedef struct wl_checkpoint {
    const char *model;          /* the metadata's model is "MODEL checkpoint" */
    const char *config;         /* JSON object; a run of another configuration is refused */
    const wl_vocabulary *words; /* likewise */
    uint64_t text;              /* hash of what is trained on; likewise */
    const wl_checkpoint_tensor *tensors;
    int64_t count;

    /* Where it is not null: looks at what was loaded into the host's memory, before anything is
     * loaded to a device. WL_BAD_FILE: it makes no sense; `name` is the file's. */
    wl_status (*check)(void *user, const char *name, wl_error *error);
    void *user;
} wl_checkpoint;

/* Replaces the file at `path`. WL_OUT_OF_RANGE: more than 512 tensors. WL_IO_ERROR. WL_NO_MEMORY.
 */
WL_API wl_status wl_checkpoint_save(const wl_checkpoint *checkpoint, const char *path,
                                    wl_error *error);

/* Loads the tensors that are not fixed. WL_BAD_FILE: the file is no checkpoint of such a model, or
 * a byte of it changed. WL_OUT_OF_RANGE: it is of another configuration, vocabulary or text; the
 * message says which. WL_IO_ERROR. WL_NO_MEMORY. After an error that is not one of these two the
 * tensors are undefined. */
WL_API wl_status wl_checkpoint_load(const wl_checkpoint *checkpoint, const char *path,
                                    wl_error *error);

WL_END
#endif
