# Gate on a build: what the sans-IO archives leave undefined (`nm -u`) is on a short list, so that no clock, syscall,
# random source or output can sneak in; and the layers of virtual time lean on no clock and no randomness.
"""Symbols of our own layers, defined in another sans-IO archive, are fine. In a sanitized build, so are the sanitizers'."""

import pathlib
import re
import subprocess
import tempfile
import tomllib

import tree

# Everything else that the layers lean on. Mangled names: operator new and delete in all forms, what the standard
# containers throw (with -fno-exceptions: abort), and type information of the standard library.
ALLOWED = re.compile(r"""^(?:
    mem(?:cpy|move|set|cmp|chr|rchr|mem) | str(?:len|cmp|ncmp|chr|rchr|nlen) | bcmp | abort
  | __(?:mem(?:cpy|move|set)|str\w+)_chk | __stack_chk_fail
  | _Zn[wa]m(?:St11align_val_t)?(?:RKSt9nothrow_t)? | _Zd[la]Pv(?:m)?(?:St11align_val_t)?(?:RKSt9nothrow_t)?
  | _ZSt\d+__throw_\w+ | _ZSt28__throw_bad_array_new_lengthv | _ZSt21__glibcxx_assert_fail\w*
  | _ZSt7nothrow | _ZSt9terminatev
  | __cxa_pure_virtual | __cxa_throw_bad_array_new_length | _ZTVN10__cxxabiv1\w+
  | _GLOBAL_OFFSET_TABLE_ | __dso_handle
  | __cpu_model  # which instructions there are: chooses between two ways to one sum
  | _ZNK?St7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE\w+ | _ZNKSt8__detail20_Prime_rehash_policy\w+
  | _ZSt(?:18_Rb_tree_increment|18_Rb_tree_decrement|29_Rb_tree_insert_and_rebalance|28_Rb_tree_rebalance_for_erase)\w+
  | _ZNSt8__detail15_List_node_base\w+
  | _ZSt(?:10from_chars|8to_chars)\w*
)$""", re.X)
SANITIZER = re.compile(r"^(?:__asan_|__ubsan_|__tsan_|__sanitizer_|__sancov_|__(?:start|stop)_(?:__sancov|asan_globals))")
CLOCK = re.compile(r"""^(?:
    clock_gettime | clock_nanosleep | gettimeofday | time | ftime | nanosleep | usleep | sleep
  | getrandom | getentropy | s?rand | s?random | [dejlmn]rand48 | arc4random\w*
  | _ZNSt6chrono3_V2\d+(?:system|steady)_clock3nowEv | _ZNSt13random_device\w+
)$""", re.X)


def symbols(archive):
    """(undefined, defined) symbols of an archive."""
    text = subprocess.run(["nm", "-P", str(archive)], capture_output=True, check=True, text=True).stdout
    undefined, defined = set(), set()
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[1]) == 1:
            (undefined if words[1] in "Uwv" else defined).add(words[0])
    return undefined, defined


def demangled(name):
    try:
        return subprocess.run(["c++filt", name], capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return name


def judge(archives):
    """`archives` is {layer: (undefined, defined)}."""
    ours = set().union(*(defined for _, defined in archives.values())) if archives else set()
    def sentence(layer, name):
        if name.startswith("dt::"):
            return f"layer {layer} calls {name}, which no sans-IO layer defines"
        return f"layer {layer} leans on {name}: what it brings must arrive as an argument"

    return [sentence(layer, demangled(symbol))
            for layer, (undefined, _) in sorted(archives.items())
            for symbol in sorted(undefined - ours)
            if not ALLOWED.match(symbol) and not SANITIZER.match(symbol)]


def judge_clock(archives):
    return [f"layer {layer} leans on {demangled(symbol)}: its time is virtual, `now` and seeds are arguments"
            for layer, (undefined, _) in sorted(archives.items()) for symbol in sorted(undefined) if CLOCK.match(symbol)]


def problems(build):
    table = tomllib.loads((tree.ROOT / "tests/tidy/layers.toml").read_text(encoding="utf-8"))
    sans_io, absent = archives_of(build, table["sans_io"]["layers"])
    virtual, absent_too = archives_of(build, table["virtual_time"]["layers"])
    return absent + absent_too + judge(sans_io) + judge_clock(virtual)


def archives_of(build, layers):
    """({layer: symbols}, sentences about archives that should be there)."""
    archives, absent = {}, []
    sources = tree.Tree.real()
    for layer in layers:
        archive = pathlib.Path(build, f"libdialtone_{layer}.a")
        parts = [f for f in sources.code("src/" + layer) if f.endswith(".cpp")]
        if archive.exists():
            archives[layer] = symbols(archive)
        elif [f for f in parts if not f.endswith(("_test.cpp", "/pretty.cpp"))]:
            absent.append(f"{archive} is not there: the gate judges a finished build")
    return archives, absent


def self_test():
    archives = {"base": ({"memcpy", "abort", "_Znwm", "__asan_report_load8", "__start_asan_globals"}, {"_ZN2dt4base1fEv"}),
                "tcp": ({"_ZN2dt4base1fEv", "_ZdlPvm"}, set())}
    tree.expect(judge(archives))
    for symbol, sentence in (("clock_gettime", "clock_gettime"), ("_ZNSt6chrono3_V212steady_clock3nowEv", "steady_clock::now"),
                             ("write", "write"), ("getrandom", "getrandom"), ("_ZSt4cout", "std::cout"), ("socket", "socket")):
        tree.expect(judge(dict(archives, tcp=({symbol}, set()))), "layer tcp leans on", sentence)
    tree.expect(judge_clock({"sim": ({"fwrite", "_Znwm"}, set())}))
    tree.expect(judge_clock({"sim": ({"fwrite", "clock_gettime"}, set())}), "layer sim leans on clock_gettime")
    # The same with a real compiler: a function that reads the clock is found in its archive.
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "a.cpp").write_text("#include <ctime>\nlong f() { return time(nullptr); }\n", encoding="utf-8")
        subprocess.run(["g++", "-c", "a.cpp", "-o", "a.o"], cwd=folder, check=True)
        subprocess.run(["ar", "rc", "a.a", "a.o"], cwd=folder, check=True)
        tree.expect(judge({"tcp": symbols(path / "a.a")}), "layer tcp leans on time")


tree.main(problems, self_test, built=True)
