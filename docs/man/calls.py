#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Man pages of libisahp's calls, made of what the headers say (kernel-doc).

calls.py --list          the names of the pages
calls.py --write FOLDER  NAME.3.scd for each of them
calls.py --check         each call is documented, with the parameters it has, and
                         shown by an example
"""

import argparse
from pathlib import Path
import re
import sys
import textwrap

TOP = Path(__file__).resolve().parents[2]
HEADERS = [TOP / "libisahp/include/isahp" / name for name in
           ("emulation.h", "isahp.h", "region.h")]
MAP = TOP / "libisahp/libisahp.map"
EXAMPLES = TOP / "libisahp/examples"
# Exported for inline code alone.
INTERNAL = {"isahp_self", "isahp_enter_slow", "isahp_enter_taken",
            "isahp_enter_unregistered", "isahp_leave_slow"}
# Types that a page tells of, besides those of its prototype.
ALSO = {
    "ISAHP_VARIANT": ["struct isahp_variant"],
    "ISAHP_VARIANT_RESULTS": ["struct isahp_variant"],
    "ISAHP_OPERATION_INIT": ["struct isahp_operation"],
    "isahp_operation_create": ["struct isahp_variant"],
    "isahp_callback_add": ["enum isahp_callback_kind", "struct isahp_change"],
    "isahp_status": ["enum isahp_source"],
    "isahp_late": ["struct isahp_late"],
    "isahp_operation_measure": ["isahp_probe"],
}
# Types that are told of by the page of another call only.
ELSEWHERE = {
    "struct isahp_operation": "ISAHP_OPERATION_INIT",
    "struct isahp_region": "isahp_enter",
    "struct isahp_variant": "ISAHP_VARIANT",
    "struct isahp_change": "isahp_callback_add",
}
GROUPS = [
    ["ISAHP_OPERATION_DECLARE", "ISAHP_OPERATION_DEFINE",
     "ISAHP_OPERATION_DEFINE_FLAGS", "ISAHP_VARIANT", "ISAHP_VARIANT_RESULTS",
     "ISAHP_SET", "ISAHP_SET_NONE"],
    ["isahp_operation_register", "isahp_operation_unregister",
     "isahp_operation_create", "isahp_operation_destroy", "ISAHP_OPERATION_INIT",
     "isahp_operation_at"],
    ["isahp_operation_variant", "isahp_operation_measure", "isahp_operation_cost"],
    ["isahp_enter", "isahp_leave", "isahp_poll", "isahp_resume", "isahp_deadline"],
    ["isahp_mark", "isahp_unwind", "isahp_enter"],
    ["isahp_start", "isahp_stop", "isahp_fd", "isahp_dispatch", "isahp_status"],
    ["isahp_callback_add", "isahp_callback_remove", "isahp_veto", "isahp_late"],
    ["isahp_emulation_install", "isahp_emulation_remove", "isahp_emulation_signal",
     "isahp_emulation_status"],
]
# Others come with <isahp/isahp.h>.
ALONE = {"emulation.h"}
DOC = re.compile(r"^/\*\*\n(.*?)^ \*/\n|^/\*\* (.*?) \*/\n", re.S | re.M)


class Doc:
    """One kernel-doc comment and the declaration behind it."""

    def __init__(self, header, text, code):
        self.header = header
        lines = [re.sub(r"^ \*[ ]?", "", l) for l in text.split("\n")]
        head, _, self.short = lines[0].partition(" - ")
        self.name = re.sub(r"^typedef ", "", head)
        self.params, self.paragraphs, self.declaration = {}, [], declaration(code)
        at, rest = None, []
        for line in lines[1:]:
            match = re.match(r"@([\w.]+|\.\.\.):\s*(.*)", line)
            if match and not rest:
                at = match[1]
                self.params[at] = match[2]
            elif at and line.startswith("\t"):
                self.params[at] += " " + line.strip()
            else:
                at = None
                rest.append(line)
        for paragraph in "\n".join(rest).strip("\n").split("\n\n"):
            if paragraph.strip():
                self.paragraphs.append(paragraph)
        self.is_macro = self.declaration.startswith("#define")
        self.is_type = bool(re.match(r"(struct|enum|typedef)\b", self.declaration)) \
            and not re.search(r"\b%s\(" % self.name.split()[-1], self.declaration)

    def arguments(self):
        """Names of what is in the parentheses."""
        inside = re.search(r"%s\((.*)\)" % re.escape(self.name), self.declaration, re.S)
        if not inside or inside[1].strip() in ("", "void"):
            return []
        return [re.sub(r".*?([\w.]+)$", r"\1", a.strip(), flags=re.S)
                for a in inside[1].split(",")]


def declaration(code):
    """The first declaration or macro's head in this text."""
    macro = re.match(r"#define \w+(\([^)]*\))?", code)
    if macro:
        return macro[0]
    if re.match(r"(typedef )?(struct|enum)\b[^;(]*\{", code):
        return code[:re.search(r"^\}.*?;", code, re.M).end()]
    end = re.search(r";|^\{", code, re.M)
    text = code[:end.start()].strip()
    text = re.sub(r"^(ISAHP_API|ISAHP_INLINE_|static inline)\s+", "", text)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"\* (\w)", r"*\1", text) + ";"


def read():
    docs = {}
    for header in HEADERS:
        text = header.read_text(encoding="utf-8")
        for match in DOC.finditer(text):
            doc = Doc(header, match[1] or match[2], text[match.end():])
            docs[doc.name] = doc
    return docs


def pages(docs):
    return sorted(n for n, d in docs.items()
                  if not d.is_type and " " not in n and n != "isahp_fn")


def escaped(text, docs=None, own=None):
    """Prose for scdoc: names as man pages have them."""
    text = re.sub(r"([\\_*#|`~<\[])", r"\\\1", text)
    text = re.sub(r"@(\w(?:\\?[\w.>-])*\w|\w)",
                  lambda m: "_" + m[1] + "_", text)

    def call(match):
        name = match[1].replace("\\", "")
        if docs and name in docs and name != own:
            return "*" + match[1] + "*(3)"
        return "*" + match[1] + "*()"
    return re.sub(r"\b((?:isahp|ISAHP)(?:\\_\w+?)+)\(\)", call, text)


def sentence(text):
    return text[0].upper() + text[1:] + ("" if text.endswith("?") else ".")


def prose(paragraph, docs, own):
    out, code = [], []
    lines = paragraph.split("\n")
    if all(l.startswith("\t") for l in lines):
        return "```\n" + "\n".join(l[1:] for l in lines) + "\n```\n"
    for line in lines:
        (code if line.startswith("\t") else out).append(line.strip())
    text = escaped(" ".join(out), docs, own)
    return textwrap.fill(text, 78, break_long_words=False,
                         break_on_hyphens=False) + "\n" + (
        "\n```\n" + "\n".join(code) + "\n```\n" if code else "")


def errors(paragraph, docs, own):
    """-EINVAL: why; -ENOMEM. -> a list"""
    out = []
    parts = re.split(r"(?:^|[;.,]\s+|\s)(?=-E[A-Z0-9]+\b(?:[:;.]|$))",
                     paragraph.replace("\n", " "))
    for part in (p.strip() for p in parts if p.strip()):
        match = re.match(r"-(E[A-Z0-9]+)(?::\s*)?(.*?)[;.]?$", part, re.S)
        if not match:
            out.append(prose(part, docs, own))
            continue
        why = match[2].strip()
        why = (why[0].upper() + why[1:] + ".") if why else {
            "ENOMEM": "No memory.", "EINVAL": "An argument makes no sense.",
            "ENOENT": "There is none such."}.get(match[1], "")
        out.append(f"*-{match[1]}*\n\t" + escaped(why, docs, own) + "\n")
    return "\n".join(out)


def about_type(doc, docs, own):
    out = ["```", doc.declaration.rstrip(";") + ";", "```", ""]
    for name, text in doc.params.items():
        out += [f"_{escaped(name)}_", "\t" + escaped(text, docs, own), ""]
    for paragraph in doc.paragraphs:
        out += [prose(paragraph, docs, own)]
    return out


def types_of(doc, docs):
    named = re.findall(r"(?:struct|enum) isahp_\w+|isahp_callback|isahp_probe",
                       doc.declaration)
    out = [t for t in named if t in docs and doc.name not in
           ("isahp_status",) or t == "struct isahp_status"]
    out = [t for t in out if t in docs and
           ELSEWHERE.get(t, doc.name) == doc.name] + ALSO.get(doc.name, [])
    return list(dict.fromkeys(t for t in out if t in docs))


def prototype(doc):
    if doc.is_macro:
        return re.sub(r"^#define ", "", doc.declaration)
    if len(doc.declaration) <= 72:
        return doc.declaration
    head, _, inside = doc.declaration.partition("(")
    return head + "(\n\t" + ",\n\t".join(a.strip() for a in inside.split(","))


def included(doc):
    return doc.header.name if doc.header.name in ALONE else "isahp.h"


def page(doc, docs):
    own = doc.name
    out = [f"{own}(3)", "", "; SPDX-License-Identifier: MIT",
           f"; Made of {doc.header.name} by docs/man/calls.py.", "",
           "# NAME", "", f"{own} - {escaped(doc.short)}", "",
           "# SYNOPSIS", "", "```", f"#include <isahp/{included(doc)}>", "",
           *prototype(doc).split("\n"), "```", "", "# DESCRIPTION", ""]
    described = [p for p in doc.paragraphs
                 if not p.startswith(("Return:", "-E"))]
    returns = [p for p in doc.paragraphs if p.startswith("Return:")]
    failures = [p for p in doc.paragraphs if p.startswith("-E")]
    if not described:
        out += [textwrap.fill(sentence(escaped(doc.short, docs, own)), 78), ""]
    for paragraph in described:
        out += [prose(paragraph, docs, own)]
    for name, text in doc.params.items():
        out += [f"_{escaped(name)}_", "\t" + escaped(text, docs, own), ""]
    for paragraph in returns:
        body = paragraph[len("Return:"):].strip()
        head, _, tail = body.partition(" -E")
        if tail and re.match(r"[A-Z]+:", tail):
            failures.insert(0, "-E" + tail)
            body = head
        out += ["# RETURN VALUE", "", prose(body[0].upper() + body[1:], docs, own)]
    if failures or (not returns and re.match(r"int \w+\(", doc.declaration)):
        if not returns:
            out += ["# RETURN VALUE", "", "0, or a negative errno.", ""]
        if failures:
            out += ["# ERRORS", ""] + [errors(p, docs, own) for p in failures]
    for name in types_of(doc, docs):
        out += [f"# {name.upper()}", ""] + about_type(docs[name], docs, own)
    shown = shown_by(own)
    if shown:
        out += ["# EXAMPLES", "", escaped(", ".join(shown)) +
                " in the library's folder of examples.", ""]
    see = dict.fromkeys(n for g in GROUPS if own in g for n in g
                        if n != own and n in docs)
    out += ["# SEE ALSO", "", ", ".join(
        [f"*{escaped(n)}*(3)" for n in see] + ["*isahp*(1)", "*isahp*(7)"]), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out))


def examples():
    return [p for p in EXAMPLES.rglob("*") if p.suffix in (".c", ".cpp")]


def shown_by(name):
    """Those that are about it, else the first few that have it."""
    having = sorted(p for p in examples() if mentions(p, name))
    about = [p for p in having
             if re.search(r"\b%s\b" % name, p.read_text(encoding="utf-8").split("*/")[0])]
    return [p.name for p in about or having[:3]]


def mentions(path, name):
    return re.search(r"\b%s\b" % name, path.read_text(encoding="utf-8")) is not None


def exported():
    names = re.search(r"global:(.*?)local:", MAP.read_text(encoding="utf-8"), re.S)[1]
    return set(re.findall(r"\w+", names)) - INTERNAL


def inline():
    """Calls that the headers define, and macros that applications write."""
    out = set()
    for header in HEADERS:
        text = header.read_text(encoding="utf-8")
        out |= set(re.findall(r"^(?:ISAHP_INLINE_|static inline)[^(;]*?\b(isahp_\w+[^_\W])\(",
                              text, re.M))
        out |= {n for n in re.findall(r"^#define (ISAHP_\w*[^_\W])\(", text, re.M)
                if n != "ISAHP_ENTER_HOOK"}
    return out


def check(docs):
    wrong = []
    have = set(pages(docs))
    for name in sorted(exported() | inline()):
        if name not in have:
            wrong.append(f"{name}: has no kernel-doc, hence no man page")
        elif not any(mentions(p, name) for p in examples()):
            wrong.append(f"{name}: no example has it")
    for name in sorted(have):
        doc = docs[name]
        if not doc.is_macro and name not in exported() | inline():
            wrong.append(f"{name}: is documented, but not to be called")
        if doc.params and list(doc.params) != doc.arguments():
            wrong.append(f"{name}: documents {list(doc.params)}, has {doc.arguments()}")
        if not doc.params and doc.arguments() and not doc.is_macro:
            wrong.append(f"{name}: does not say what {doc.arguments()} are")
    listed = {n for g in GROUPS for n in g}
    wrong += [f"{n}: is in no group of calls.py" for n in sorted(have - listed)]
    print("\n".join(wrong) or f"{len(have)} calls are documented and shown")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    docs = read()
    if args.list:
        print(";".join(pages(docs)), end="")
    if args.write:
        args.write.mkdir(parents=True, exist_ok=True)
        for name in pages(docs):
            (args.write / f"{name}.3.scd").write_text(page(docs[name], docs),
                                                     encoding="utf-8")
    return check(docs) if args.check else 0


if __name__ == "__main__":
    sys.exit(main())
