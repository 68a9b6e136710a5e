#!/usr/bin/env python3
"""Contract: what a document names is there. Every test, and every path, in backquotes in README.md and docs/ exists."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SOURCES = ("*.cpp", "*.h", "*.py", "*.mjs", "*.sh", "CMakeLists.txt", "*.ts", "*.tsx")
SKIPPED = ("build", "node_modules", ".git")


def tree():
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if not any(part in SKIPPED or part.startswith("build-") for part in parts):
            yield path


def test_names(files):
    """{suite: {names}}: of googletest, and of add_test in CMake."""
    suites = {}
    for path in files:
        if not any(path.match(pattern) for pattern in SOURCES) or "tests" not in path.relative_to(root).parts:
            continue
        text = path.read_text(errors="replace")
        for suite, name in re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", text):
            suites.setdefault(suite, set()).add(name)
        for suite, name in re.findall(r"NAME\s+(\w+)\.(\w+|\$\{\w+\})", text):
            suites.setdefault(suite, set()).add(name)
        # A suite of parameters is run under a prefix.
        for prefix, suite in re.findall(r"INSTANTIATE_TEST_SUITE_P\(\s*(\w+)\s*,\s*(\w+)", text):
            suites.setdefault(f"{prefix}/{suite}", set()).update(suites.get(suite, set()))
    return suites


def has(names, name):
    if any("$" in known for known in names):
        return True  # made in a loop of CMake
    pattern = re.compile(re.escape(name).replace(r"\*", ".*"))
    return any(pattern.fullmatch(known) for known in names)


def main():
    files = list(tree())
    suites = test_names([path for path in files if path.is_file()])
    paths = {str(path.relative_to(root)) for path in files}
    stems = {str(pathlib.PurePosixPath(path).with_suffix("")) for path in paths}
    tops = {path.split("/")[0] for path in paths if "/" in path}
    wrong = []
    for document in [root / "README.md", *sorted(root.glob("docs/**/*.md"))]:
        for number, line in enumerate(document.read_text().splitlines(), 1):
            suite = None
            for token in re.findall(r"`([^`\s]+)`", line):
                where = f"{document.relative_to(root)}:{number}"
                test = re.fullmatch(r"((?:\w+/)?[A-Z]\w*)?\.([A-Z*][\w*]*)(?:/\S+)?", token)
                if test and (test[1] in suites or (test[1] is None and suite)):
                    suite = test[1] or suite
                    if not has(suites[suite], test[2]):
                        wrong.append(f"{where}: there is no test {suite}.{test[2]}")
                elif test and test[1] and re.search(r"\| *$", line) and not token.endswith((".md", ".h")):
                    wrong.append(f"{where}: there is no suite of tests {test[1]}")
                elif re.fullmatch(r"[\w.-]+(/[\w.*{},-]+)+/?", token) and token.split("/")[0] in tops:
                    path = token.rstrip("/")
                    if re.search(r"[*{]", path) or path.startswith("build"):
                        continue
                    if path not in paths and path not in stems:
                        wrong.append(f"{where}: there is no {token}")
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
