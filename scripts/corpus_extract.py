"""Turns unpacked Debian packages into an English corpus: a sentence a line, a space between tokens.

    corpus_extract.py PACKAGES OUT SOURCE...

PACKAGES holds a folder for each unpacked package, of its name. `scripts/corpus` calls this.
A source is a function that yields paragraphs of plain text; what follows (sentences, tokens,
counts) is common to all.
"""

import collections
import contextlib
import functools
import html
import os
import pathlib
import re
import string
import struct
import subprocess
import sys
import unicodedata
import zlib

MIN_COUNT = 5  # a type seen less often than this is not worth a vector

# ---- text to tokens ------------------------------------------------------------------------------

# What ends with a full stop without ending a sentence.
ABBREVIATIONS = set("""mr mrs ms dr st sr jr prof rev gen col capt lt sgt hon gov sen rep messrs esq
    vs cf viz eg ie etc ca approx esp specif illust fig figs no nos vol vols ch chap sec p pp ed eds
    op cit ibid trans jan feb mar apr jun jul aug sept sep oct nov dec inc ltd co corp dept univ ave
    mt ft""".split())

END = re.compile(r"""[.!?]+["')\]]*\s+(?=["'(\[]*[A-Z0-9])""")
PUNCTUATION = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"',
                             "‐": "-", "‑": "-", "–": " - ", "—": " - ", "\u00ad": None})
TOKEN = re.compile(r"""
    (?:[^\W\d_]\.){2,}                # initials: u.s.
  | \d+(?:[.,]\d+)+                   # numbers: 1,000 and 3.14
  | [^\W_]+(?:['-][^\W_]+)*           # words: don't, well-known, 12th
""", re.VERBOSE)
# Initials that are also written with a space: e. g., U. S.
SPACED = re.compile(r"\b(?:e\. (?=g\.)|i\. (?=e\.)|U\. (?=S\.)|B\. (?=C\.)|A\. (?=D\.))")
# Words whose 's is a verb or a pronoun and stays; the 's of a possessive becomes a token.
CONTRACTED = set("he she it that there here what who where how when let".split())


def sentences(paragraph):
    """Cuts at . ! ? before a capital, unless the last word is an abbreviation or an initial."""
    start = 0
    for end in END.finditer(paragraph):
        before = paragraph[start:end.start()].rpartition(" ")[2].strip("\"'([").lower()
        short = before in ABBREVIATIONS or re.fullmatch(r"(\w\.)*[a-z]", before)
        if short and paragraph[end.start()] == ".":
            continue
        yield paragraph[start:end.end()]
        start = end.end()
    yield paragraph[start:]


def tokens(sentence):
    """Lower-case words and numbers, without punctuation."""
    found = []
    for token in TOKEN.findall(sentence.lower()):
        stem, apostrophe, rest = token.rpartition("'")
        if token[0].isdigit():
            token = token.replace(",", "")
        if rest == "s" and apostrophe and stem not in CONTRACTED:
            found += [stem, "'s"]
        else:
            found.append(token)
    return found


def lines(paragraphs):
    """The sentences of all paragraphs that have two words at least, tokens apart by a space."""
    for paragraph in paragraphs:
        text = paragraph.translate(PUNCTUATION).replace("--", " - ")
        text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
        text = SPACED.sub(lambda initial: initial[0].strip(), text)
        for sentence in sentences(text):
            line = tokens(sentence)
            words = sum(token[-1].isalpha() and len(token) > 1 for token in line)
            if words > 1 and 2 * words >= len(line):
                yield " ".join(line)


# ---- sources -------------------------------------------------------------------------------------

def wordnet(package):
    """Glosses and examples, no lemmas: `vectors eval --thesaurus wordnet` asks for them."""
    for part in ("noun", "verb", "adj", "adv"):
        for row in (package / f"usr/share/wordnet/data.{part}").read_text("utf-8").splitlines():
            if row.startswith("  "):
                continue  # the licence
            gloss = row.partition("|")[2]
            yield from re.findall(r'"([^"]*)"', gloss)
            yield re.sub(r'"[^"]*"?(\s*-[^;]*)?', " ", gloss)  # after a dash: the example's author


def world_english_bible(package):
    for part in ("ot", "nt"):
        for block in sword_blocks(package, part):
            yield from osis(block.decode("utf-8"))


def sword_blocks(package, part):
    """Of a SWORD module: zlib blocks of OSIS, one a book, listed by offset and size in *.bzs."""
    data = sword_file(package, f"{part}.bzz")
    for offset, size, _ in struct.iter_unpack("<3I", sword_file(package, f"{part}.bzs")):
        yield zlib.decompress(data[offset:offset + size])


def sword_file(package, name):
    folder, = (package / "usr/share/sword/modules/texts/ztext").iterdir()
    return (folder / name).read_bytes()


def osis(text):
    """Paragraphs without notes, titles and tags; w, name and seg touch words, others part them."""
    text = re.sub(r"<(note|title|speaker)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r"</?(w|name|seg)\b[^>]*>", "", text)
    for paragraph in re.split(r'<div [^>]*type="x-p"[^>]*>|<item\b[^>]*>|<list\b[^>]*>', text):
        yield re.sub(r"<[^>]*>", " ", paragraph)


def king_james_version(package):
    """Windows, each the output of compress(1) without its header; before them their offsets."""
    data = (package / "usr/lib/bible.data").read_bytes()
    windows, = struct.unpack_from(">I", data, 0x58)
    bounds = [*struct.unpack_from(f">{windows}I", data, 0x5C), len(data)]
    text = b"".join(gunzip(b"\x1f\x9d\x90" + data[start:end])
                    for start, end in zip(bounds, bounds[1:])).decode("ascii", "replace")
    yield from re.sub(r"^\w+ ?\d+:\d+ ?|[{}]", "", text, flags=re.MULTILINE).splitlines()


def gunzip(data):
    return subprocess.run(["gzip", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout


def jane_austen(package):
    """R's lazy-load file: each novel a length and a zlib block, which holds its lines."""
    data = (package / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb").read_bytes()
    while data:
        block = zlib.decompressobj()
        yield from "\n".join(r_strings(block.decompress(data[4:]))).split("\n\n")
        data = block.unused_data


def r_strings(data):
    """The elements of an R character vector as saveRDS writes it, in big-endian order."""
    at = 18 + struct.unpack_from(">I", data, 14)[0]  # after format, versions, encoding
    kind, size = struct.unpack_from(">II", data, at)
    assert kind & 0xFF == 16, "not a vector of strings"
    at += 8
    for _ in range(size):
        length, = struct.unpack_from(">i", data, at + 4)
        yield data[at + 8:at + 8 + max(length, 0)].decode("utf-8")
        at += 8 + max(length, 0)


def anarchist_faq(package):
    """HTML pages without those that list links, books or contents, and without [references]."""
    lists = re.compile(r"(\w*links|biblio|book|contact|index|new|pdf|translations|sec\wcon)\.html")
    for page in sorted((package / "usr/share/doc/anarchism/html").glob("*.html")):
        if lists.match(page.name):
            continue
        body = page.read_text("utf-8").partition("<body>")[2]
        block = r"</?(?:p|h\d|li|ul|ol|blockquote|div|br|td|tr|pre)\b[^>]*>"
        for paragraph in re.split(block, body):
            text = html.unescape(re.sub(r"<[^>]*>", "", paragraph))
            text = re.sub(r"\[[^\]]*\b(pp?\.|vol\.|no\.|Op\. Cit)[^\]]*\]", " ", text)
            yield re.sub(r"\[(\w+)\]|https?://\S+|\b[A-J](?:\.\d+)+\b", r"\1", text)


def dictd(package):
    """A dictionary's entries, each once; *.index has word, offset and size in base 64."""
    folder = package / "usr/share/dictd"
    data = gunzip(next(folder.glob("*.dict.dz")).read_bytes())
    entries = set()
    for row in next(folder.glob("*.index")).read_text("utf-8").splitlines():
        word, offset, size = row.split("\t")[:3]
        if not word.startswith("00"):
            entries.add((base64_number(offset), base64_number(size)))
    for offset, size in sorted(entries):
        yield data[offset:offset + size].decode("utf-8", "replace").strip("\n")


def base64_number(text):
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    return functools.reduce(lambda value, letter: 64 * value + digits.index(letter), text, 0)


def entry_parts(entry):
    """Headwords, which stand at the margin, and paragraphs, indented and apart by blank lines."""
    head, body = [], []
    for line in entry.split("\n"):
        (body if body or line.startswith(" ") else head).append(line)
    return head, re.split(r"\n\s*\n", "\n".join(body))


def foldoc(package):
    """Computing: a headword, then text with <subjects>, {cross-references}, [references], dates."""
    for entry in dictd(package):
        head, paragraphs = entry_parts(entry)
        for number, text in enumerate(paragraphs):
            text = FOLDOC_APPARATUS.sub(" ", text).replace("{", "").replace("}", "")
            yield f"{head[0]} {text}" if number == 0 and head else text


FOLDOC_APPARATUS = re.compile(r"""
    \{?\(?\b(?:https?|ftp|news|mailto|gopher)://[^\s)}]*\)?\}? | \([^)\s]*\.html?\) | \S+@\S+
  | /[^/\s]+/ | <[a-z\ ,/-]+> | \(\d{4}-\d\d-\d\d\) | \[[^\]]*\]
  | \b(?:E-mail|Home|Usenet\ newsgroups?|Version|Latest\ version)\b[^.:]*:
""", re.VERBOSE)


def jargon_file(package):
    """Hackers' slang: a headword, a line of /its sound/ and part of speech, then text."""
    for entry in dictd(package):
        head, paragraphs = entry_parts(entry)
        paragraphs[0] = re.sub(r"(?m)^ +(/[^/\n]*/.*|\w+\..*|//)$", "", paragraphs[0])
        speech = r"^\s*(\d+\.)?\s*((n|v|vt|vi|adj|adv|prefix|suffix|interj|excl|imp)\.,?\s*)*"
        for number, text in enumerate(paragraphs):
            text = re.sub(r"\{ ?|\}", "", re.sub(speech, "", text))
            text = re.sub(r"https?://\S+|\S+@\S+|<[^>]*>|/[^/\s]+/", " ", text)
            yield f"{head[0]} {text}" if number == 0 and head else text


def gcide(package):
    r"""Webster's of 1913 and additions. A sense follows its headword, both in one sentence.

    An entry begins `Word \Word"\ (sound), n.; pl. {Words}. [Origin.] (Subject.)`; a paragraph ends
    in `--Author.` and the names of its sources, `[1913 Webster +PJC]`, after which only spellings
    of the next headword may follow.
    """
    for entry in dictd(package):
        first, *others = re.split(r"\n\s*\n", re.sub(GCIDE_LETTER, r"\1", entry))
        head, _, first = first.rpartition("\\")
        headword = head.partition("\\")[0]
        yield from gcide_senses(headword, "1. " + gcide_plain(first))
        for text in others:
            if "Syn:" in text and "WordNet" in text:
                continue  # WordNet's synonyms: `vectors eval --thesaurus wordnet` asks for them
            yield from gcide_senses(headword, gcide_plain(text))


# [ae] [=o] ["u] [^e] [.a] [e^] [-i] [oo^] [imac] [aum] and the like: a letter and its accent.
GCIDE_LETTER = re.compile(r"""
    \[ [-=^"'`.,*~]* (ae|oe|AE|OE|oo|[a-z]) (?:[-=^"'`.,*~]+|mac|um|cr|sl|tail)? \]
""", re.VERBOSE)
GCIDE_SPEECH = r"""(?:n|a|p|v|t|i|adj|adv|prep|conj|interj|pron|imp|pr|vb|pl|sing|compar|superl|obs
                      |fem|masc|prop|E|L)\."""
# What stands between a headword and what it means: sound, parts of speech, other forms, subjects.
GCIDE_GRAMMAR = re.compile(rf"""
    (?: [\s,;:.&] | \d+\. | \([^)]*\) | \b{GCIDE_SPEECH}
      | \b(?:or|and)\b(?=\s+\w+\.) | \{{[^}}]*\}}(?=\s*[,;.(])
    )*""", re.VERBOSE)
# What follows a cross-reference, `{Coke}, n.` or `{Rhomb}, 1`, or leads to another form, `-- adv.`
GCIDE_TRAILER = re.compile(rf"""
    (?<=\}}),?\ (?:{GCIDE_SPEECH},?\ ?)+(?:\d+\b)? | (?<=\}}),\ \d+\b
  | --\ {GCIDE_SPEECH} | \bUsage:
""", re.VERBOSE)


def gcide_plain(text):
    """One paragraph without its sources, authors, origins and subjects."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\[[^\]]*\b(Webster|WordNet|PJC|RP|RDH|Century)\b[^\]]*\].*", "", text)
    text = re.sub(r"""--\s?(?=[A-Z0-9(])[^"\[\]{}]{1,70}?(?=["\[]|\s--|$)""", " ", text)
    while (flat := re.sub(r"\[[^\[\]]*\]", " ", text)) != text:
        text = flat
    return re.sub(r"\((?:[A-Z][a-z.]*[ ,&]*)+\)", " ", text)


def gcide_senses(headword, text):
    """Cuts at the marks of senses, puts the headword before each, takes off grammar and braces."""
    for piece in re.split(r"\s(?=\([a-z]\)\s)", text):
        sense = re.match(r"(\d+\.|\([a-z]\)|Syn:|Note:)[ -]*", piece)
        if sense:
            piece = piece[GCIDE_GRAMMAR.match(piece, sense.end()).end():]
        piece = GCIDE_TRAILER.sub(" ", piece)
        piece = re.sub(r"[{}*]|(?<=[a-z])[\"`](?=[a-z])", "", piece)  # the latter: marks of stress
        piece = re.sub(r"(?<=\w) '(?=(ll|re|ve|d|m|s)\b)", "'", piece)
        yield f"{headword} {piece}" if sense and sense[1] != "Note:" else piece


def fortunes(package):
    """Quotations, each ended by a line with %, its author on a line that begins with --."""
    for path in sorted((package / "usr/share/games/fortunes").iterdir()):
        if path.suffix or path.is_symlink() or path.name in FORTUNES_LEFT_OUT:
            continue
        for fortune in re.split(r"^%$", path.read_text("utf-8"), flags=re.MULTILINE):
            text = re.sub(r"^\s*--.*", "", fortune, flags=re.MULTILINE | re.DOTALL)
            yield from re.split(r"\n\s*\n", re.sub(r"\S+@\S+|https?://\S+|.\x08", "", text))


# Pictures, program text, Latin, chatter, and two files of jokes at somebody's expense.
FORTUNES_LEFT_OUT = {"ascii-art", "perl", "translate-me", "knghtbrd", "debian", "zippy", "ethnic",
                     "men-women"}


# package: (reader, licence)
SOURCES = {
    "wordnet-base": (wordnet, "WordNet 3.0 licence"),
    "sword-text-web": (world_english_bible, "public domain"),
    "bible-kjv-text": (king_james_version, "public domain"),
    "r-cran-janeaustenr": (jane_austen, "text public domain, package MIT"),
    "dict-gcide": (gcide, "GPL-2+"),
    "anarchism": (anarchist_faq, "GPL-2"),
    "dict-foldoc": (foldoc, "GFDL"),
    "dict-jargon": (jargon_file, "public domain"),
    "fortunes": (fortunes, "mixed, Debian-free"),
}


# ---- assembly ------------------------------------------------------------------------------------

def split_rare_compounds(corpus):
    """A hyphenated word too rare for a vector becomes its parts, which are not."""
    compound = re.compile(r"\S+-\S+")
    count = collections.Counter(word for line in corpus for word in compound.findall(line))
    for line in corpus:
        yield compound.sub(
            lambda match: match[0].replace("-", " ") if count[match[0]] < MIN_COUNT else match[0],
            line)


@contextlib.contextmanager
def replacing(out):
    """A file that takes the place of `out` when it is whole."""
    temporary = f"{out}.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            yield file
        os.replace(temporary, out)
    finally:
        pathlib.Path(temporary).unlink(missing_ok=True)


def main(packages, out, *names):
    corpus, licences = [], []
    for name in names:
        reader, licence = SOURCES[name]
        before = len(corpus)
        corpus.extend(lines(reader(pathlib.Path(packages, name))))
        size = sum(line.count(" ") + 1 for line in corpus[before:])
        print(f"  {name}: {len(corpus) - before:,} sentences, {size:,} tokens", file=sys.stderr)
        licences.append(f"{name}: {licence}")

    count = collections.Counter()
    with replacing(out) as file:
        for line in split_rare_compounds(corpus):
            count.update(line.split(" "))
            file.write(line + "\n")
    types = sum(n >= MIN_COUNT for n in count.values())
    print(f"{out}: {len(corpus):,} sentences, {count.total():,} tokens, {types:,} types with count "
          f">= {MIN_COUNT}; {'; '.join(licences)}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
