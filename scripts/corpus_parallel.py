"""Turns two unpacked Bibles into a parallel corpus: English, a tab and Spanish, a verse a line, in
lower case with a space between words and marks.

    corpus_parallel.py PACKAGES OUT ENGLISH SPANISH

PACKAGES holds a folder for each unpacked package, of its name. `scripts/corpus --parallel` calls
this. The two number their verses by other schemes, so they are joined by book, chapter and verse.
"""

import pathlib
import re
import struct
import sys

from corpus_extract import replacing, sword_blocks, sword_file

LICENCES = {"sword-text-web": "public domain", "sword-text-sparv": "public domain"}

# Where the Spanish begins chapters or cuts verses elsewhere, so that a number is not the same
# verse: first and last of them. (Found by the verses whose neighbour translates them better.)
NUMBERED_OTHERWISE = {
    "Num.13": (1, 33), "Num.30": (1, 16), "Judg.14": (18, 20), "1Sam.24": (1, 22),
    "2Sam.2": (31, 32), "2Sam.20": (25, 26), "1Kgs.18": (33, 34), "1Kgs.22": (43, 53),
    "1Chr.1": (30, 32), "1Chr.2": (34, 35), "1Chr.21": (15, 30), "2Chr.33": (10, 25),
    "Job.35": (15, 16), "Job.39": (1, 30), "Job.40": (1, 24), "Hos.12": (1, 14),
    "Jonah.2": (1, 10), "Matt.23": (13, 14), "Acts.19": (40, 41), "Rom.14": (23, 23),
    "2Cor.13": (12, 14), "1John.5": (7, 8),
}


def verses(package):
    """Their texts by chapter and number, such as ("Gen.1", 1).

    *.bzv lists them by block, offset and size; entries for a book and a chapter stand before, and
    what ends a chapter, or stands behind a book, is in the entry of the last verse.
    """
    found = {}
    for part in ("ot", "nt"):
        blocks = list(sword_blocks(package, part))
        chapter = None
        for block, offset, size in struct.iter_unpack("<2IH", sword_file(package, f"{part}.bzv")):
            entry = blocks[block][offset:offset + size].decode("utf-8")
            opened = re.search(r'<chapter [^>]*osisID="([^"]*)" sID=', entry)
            if opened:
                chapter, number = opened[1], 0
            elif re.search(r'<div [^>]* sID="[^"]*" type="book"/>', entry):
                chapter = None
            elif chapter:
                number += 1
                found[chapter, number] = plain(entry.partition("<chapter eID=")[0])
    return found


def plain(osis):
    """Its words and marks, without notes and headings but with the titles of psalms, which both
    languages have."""
    text = re.sub(r"<(note|speaker)\b.*?</\1>|<title(?! canonical)\b.*?</title>", " ", osis,
                  flags=re.DOTALL)
    text = re.sub(r"</?(w|q|name|seg)\b[^>]*>", "", text)  # these touch words, others part them
    text = re.sub(r"<[^>]*>", " ", text).lower()
    return " ".join(re.findall(r"\w+(?:['’-]\w+)*['’]?|[^\w\s]", text))


def numbered_alike(chapter, number):
    first, last = NUMBERED_OTHERWISE.get(chapter, (0, -1))
    return not first <= number <= last


def main(packages, out, english, spanish):
    source = verses(pathlib.Path(packages, english))
    target = verses(pathlib.Path(packages, spanish))
    pairs = [(source[verse], target[verse]) for verse in target
             if source.get(verse) and target[verse] and numbered_alike(*verse)]
    with replacing(out) as file:
        file.writelines(f"{one}\t{other}\n" for one, other in pairs)
    licences = "; ".join(f"{name}: {LICENCES[name]}" for name in (english, spanish))
    print(f"{out}: {len(pairs):,} verses; {licences}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
