/* Model files as tests change them: a digit, any byte, or what is told of their tensors. All files
 * are in the folder of data_files.h. */
#ifndef WORDLOOM_TESTS_MODEL_FILES_H
#define WORDLOOM_TESTS_MODEL_FILES_H

#include "data_files.h"

#include <wordloom/context.h>
#include <wordloom/nn/safetensors.h>

/* Copies a file with another digit after the first place of `field`. */
void change_digit(const char *from, const char *to, const char *field, char digit);

/* Opens what is left of a model's file; answers as its reader does, and keeps nothing. */
typedef wl_status open_model(wl_ctx *ctx, const char *path, wl_error *error);

/* The file with each third byte of its header and of its last 40 bytes changed, and cut at many
 * places: it is a model, or a bad file. */
void assert_survives_damage(const char *name, wl_ctx *ctx, open_model *open);

/* A file in memory, to be written again as it is then. */
typedef struct held_tensor {
    wl_safetensors_entry entry;
    char *bytes;
    size_t length;
} held_tensor;

typedef struct held_file {
    wl_safetensors *file; /* whose names and metadata these are */
    int64_t count;
    held_tensor *tensors;
    wl_safetensors_pair metadata[3]; /* format, model, config; null values are not written */
} held_file;

enum { HELD_FORMAT, HELD_MODEL, HELD_CONFIG };

held_file hold_file(const char *name);
void release_file(held_file *f);
void put_file(const held_file *f, const char *name);

held_tensor *held(const held_file *f, const char *tensor); /* fails where there is none */
/* As much of its bytes as the shape [rows,columns] takes, or of a row where columns is 0; zeros
 * follow. */
void reshape(held_tensor *t, int64_t rows, int64_t columns);
/* Adds an F32 tensor of zeros; the name is not copied. */
void add_tensor(held_file *f, const char *name, int64_t rows, int64_t columns);
void drop_tensor(held_file *f, const char *tensor);

#endif
