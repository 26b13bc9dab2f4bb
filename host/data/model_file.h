/* What the readers of model files share: safetensors files of format "wordloom". */
#ifndef WL_MODEL_FILE_H
#define WL_MODEL_FILE_H

#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/vocabulary.h>

WL_BEGIN

/* WL_BAD_FILE: the metadata tell of another format or kind of model. */
wl_status wl_model_check(const wl_safetensors *file, const char *model, wl_error *error);

/* The tensor of a name and of `ndim` axes. WL_BAD_FILE: there is none. */
wl_status wl_model_tensor(const wl_safetensors *file, const char *name, int ndim,
                          const wl_safetensor **out, wl_error *error);

/* The vocabulary in the U8 tensor of a name. WL_BAD_FILE. WL_NO_MEMORY. */
wl_status wl_model_words(wl_vocabulary **out, wl_safetensors *file, const char *name,
                         wl_error *error);

WL_END
#endif
