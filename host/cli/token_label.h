/* A token of a model as it stands beside a picture or a table. */
#ifndef WL_CLI_TOKEN_LABEL_H
#define WL_CLI_TOKEN_LABEL_H

#include <stdbool.h>

enum { TOKEN_LABEL_WIDTH = 24 }; /* columns at most */

typedef struct token_label {
    char text[8 * TOKEN_LABEL_WIDTH];
} token_label;

/* The token with what is not seen made visible: a blank is ␣, a newline ␊. What is too long ends
 * in …. Where the signs that come in are to be ASCII (not `utf8`), they are _, ? and ~. */
token_label token_label_of(const char *token, bool utf8);

#endif
