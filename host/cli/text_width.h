/* How wide text is on a terminal, for tables. */
#ifndef WL_CLI_TEXT_WIDTH_H
#define WL_CLI_TEXT_WIDTH_H

/* Bytes that begin a character, which is about how many columns the text takes. */
static inline int text_width(const char *text)
{
    int n = 0;
    for (; *text; text++) n += (*text & 0xc0) != 0x80;
    return n;
}

#endif
