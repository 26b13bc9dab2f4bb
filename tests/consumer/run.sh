#!/bin/sh
# What an embedder meets: libwordloom, installed from BUILD_DIR into a folder that is then moved,
# is found by CMake and by pkg-config, compiles as C11 and C++17, exports what symbols.txt lists
# and nothing else, does not print or exit, and works where there is no CUDA.
#
#   tests/consumer/run.sh BUILD_DIR SOURCE_DIR
#
# Exits 0 if all claims hold, 1 if one does not, 77 (CTest's "skipped") if BUILD_DIR has no shared
# library as users get it.
set -eu
export LC_ALL=C

[ $# -eq 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$(cd "$1" && pwd)
source=$(cd "$2" && pwd)
here=$source/tests/consumer
work=$(mktemp -d "${TMPDIR:-/tmp}/wordloom-consumer.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM
failures=0

fail() { echo "not so: $1" >&2; failures=$((failures + 1)); }
skip() { echo "skipped: $1"; exit 77; }

# claim TEXT COMMAND...: runs the command; if it fails, shows what it said
claim() {
    text=$1
    shift
    if "$@" >"$work/log" 2>&1 </dev/null; then
        echo "so: $text"
    else
        tail -n 40 "$work/log" >&2
        fail "$text"
    fi
}

cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }

[ -z "$(cached WORDLOOM_SANITIZE)" ] || skip "a library under a sanitizer is not what users link"
case $(cached BUILD_SHARED_LIBS) in
    ON|TRUE|YES|1) ;;
    *) skip "this build makes no shared library" ;;
esac
version=$(cached CMAKE_PROJECT_VERSION)
CC=$(cached CMAKE_C_COMPILER)
CXX=$(cached CMAKE_CXX_COMPILER)
: "${CXX:=c++}" # a build without tests knows none
strict='-Wall -Wextra -Wpedantic -Werror'
CMAKE_GENERATOR=$(cached CMAKE_GENERATOR) # the one that is known to be here
export CC CXX CMAKE_GENERATOR

# ------------------------------------------------------------------ installed, then moved
cmake --install "$build" --prefix "$work/first" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail 'the build installs'; exit 1; }
prefix=$work/moved
mv "$work/first" "$prefix"
pc=$(find "$prefix" -name wordloom.pc)
lib=$(dirname "$(dirname "$pc")")
shared=$lib/libwordloom.so

# ------------------------------------------------------------------ the shared library
link_to() { [ "$(readlink "$lib/$1")" = "$2" ]; }
soname() { readelf -d "$shared" | grep -q "SONAME.*\[libwordloom.so.${version%%.*}\]"; }
claim 'libwordloom.so links to the major version' link_to libwordloom.so \
    "libwordloom.so.${version%%.*}"
claim 'the major version links to the full one' link_to "libwordloom.so.${version%%.*}" \
    "libwordloom.so.$version"
claim 'the SONAME has the major version' soname

exported() { nm -D --defined-only "$1" | awk '{ print $3 }' | sort; }
only_ours() { ! exported "$1" | grep -v '^wl_'; }
as_recorded() {
    exported "$shared" >"$work/symbols.txt"
    diff "$here/symbols.txt" "$work/symbols.txt" && return
    echo "Symbols that went break programs that are already built. To record those that came:"
    echo "  nm -D --defined-only $build/libwordloom.so | awk '{ print \$3 }' | LC_ALL=C sort" \
        "> $here/symbols.txt"
    return 1
}
for library in "$lib"/libwordloom*.so; do
    claim "all that $(basename "$library") exports begins with wl_" only_ours "$library"
done
claim 'libwordloom.so exports what symbols.txt lists' as_recorded

needed() {
    ! readelf -d "$shared" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -vE '^(libopenblas|libgomp|libomp|libm|libc|libdl|librt|libpthread|ld-linux.*)\.so'
}
no_cuda_linked() { ! ldd "$shared" | grep -E 'libcu|libnv|not found'; }
claim 'libwordloom.so needs only libc, libm, OpenBLAS and OpenMP' needed
claim 'libwordloom.so is not linked to CUDA libraries' no_cuda_linked

# What an operator's object files call: cudart, which is linked statically, may exit, but not we. One
# exception: CUB's code in algorithms.cu exits where it cannot ask for the current device, which it
# asks for only in algorithms_open, just after that device was made current.
quiet() {
    objects=$(find "$build/CMakeFiles" -path '*/wordloom*.dir/*' -name '*.o')
    for part in context backends embedding; do
        echo "$objects" | grep -q "/$part\." || { echo "$part is not among the objects"; return 1; }
    done
    echo "$objects" | while IFS= read -r object; do
        nm -u "$object" | awk -v of="${object#"$build/"}" '{ print $NF " in " of }'
    done | grep -v '^exit in .*/algorithms\.cu\.o$' >"$work/undefined"
    ! grep -E '^(_?_?exit|_Exit|quick_exit|abort|raise|kill|v?f?printf|v?dprintf|f?puts|f?putc|putc?har|_IO_putc|fwrite|perror|psignal|syslog|__assert(_fail)?|(__)?v?[fd]?printf_chk|std(out|err)) ' "$work/undefined"
}
claim 'no object file of libwordloom can print or end the program' quiet

# ------------------------------------------------------------------ headers, each alone
headers=$(cd "$prefix/include" && find wordloom -name '*.h' | sort)
alone() {
    echo "#include <$1>" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    $CC -std=c11 $strict -fsyntax-only -I"$prefix/include" "$work/alone.c" &&
        $CXX -std=c++17 $strict -fsyntax-only -I"$prefix/include" "$work/alone.cpp"
}
in_use_cpp() { grep -qxF "#include <$1>" "$here/use.cpp"; }
for header in $headers; do
    claim "$header compiles alone" alone "$header"
    claim "use.cpp includes $header" in_use_cpp "$header"
done

# ------------------------------------------------------------------ found and used
built_by_cmake() {
    cmake -S "$here" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DEXPECTED_VERSION="$version" \
        -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF && cmake --build "$work/cmake"
}
run() { env LD_LIBRARY_PATH="$lib" "$@"; }
claim 'find_package finds it, and a project builds' built_by_cmake
claim 'the C program that CMake built runs' "$work/cmake/use_c" "$version"
claim 'the C++ program that CMake built runs' "$work/cmake/use_cpp"
[ ! -f "$lib/libwordloom_nn.so" ] ||
    claim 'the program of the host layer that CMake built runs' "$work/cmake/use_nn"
[ ! -f "$prefix/bin/wordloom" ] ||
    claim 'the program wordloom runs where it was moved to' "$prefix/bin/wordloom" --version

packaged() { env PKG_CONFIG_PATH="$(dirname "$pc")" pkg-config "$@" wordloom; }
is_relocated() { [ "$(realpath "$(packaged --variable=prefix)")" = "$(realpath "$prefix")" ]; }
same_version() { [ "$(packaged --modversion)" = "$version" ]; }
built_by_pkg_config() {
    $CC -std=c11 $strict "$here/use.c" $(packaged --cflags --libs) -o "$work/use_c" &&
        $CXX -std=c++17 $strict "$here/use.cpp" $(packaged --cflags --libs) -o "$work/use_cpp"
}
if command -v pkg-config >/dev/null; then
    claim 'pkg-config finds it where it was moved to' is_relocated
    claim 'pkg-config tells its version' same_version
    claim 'programs build with what pkg-config says' built_by_pkg_config
    claim 'the C program so built runs' run "$work/use_c" "$version"
    claim 'the C++ program so built runs' run "$work/use_cpp"
else
    echo 'not checked: wordloom.pc, for there is no pkg-config here'
fi

# ------------------------------------------------------------------ without CUDA
# Libraries of these names that cannot be loaded, found before any that can.
hide() {
    mkdir -p "$work/$1"
    for name in $2; do : >"$work/$1/$name"; done
}
without() { env LD_LIBRARY_PATH="$work/$1" "$work/cmake/use_c" "$version" no-cuda; }
hide driver 'libcuda.so libcuda.so.1'
hide cublas "$(for n in '' .12 .13 .14; do echo "libcublas.so$n libcublasLt.so$n"; done)"
claim 'without the CUDA driver there is no CUDA device, and the CPU works' without driver
claim 'without cuBLASLt there is no CUDA device, and the CPU works' without cublas

[ "$failures" -eq 0 ] || { echo "$failures claims do not hold" >&2; exit 1; }
