# Sourced by the commands: where the checkout is, how they speak, how they configure and build.
# shellcheck shell=bash
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
logs=$root/build/logs

say() { printf '%s\n' "$*"; }

# One clear line, and out. $me is the command's name, set by whoever sources this.
fail() {
  printf '%s: %s\n' "$me" "$*" >&2
  exit 1
}

# quietly LOG WHAT COMMAND...: runs the command with its output in a log file; if it fails, shows the end of the log and says
# that WHAT failed.
quietly() {
  local log=$logs/$1.log what=$2
  shift 2
  mkdir -p "$logs" || fail "cannot write below $root/build"
  "$@" >"$log" 2>&1 </dev/null && return
  # Of a build, what failed; of anything else, how it ended.
  { grep -A 40 -m 1 -E '^FAILED: |error: |CMake Error' "$log" || tail -n 40 "$log"; } >&2
  fail "$what failed; the whole log is in $log"
}

# As many compilers at a time as there are cores, and 1.5 GiB of memory for each.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1024 / 1536) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo $((cores < memory ? cores : memory))
}

# configure PRESET FOLDER [OPTION...]: a no-op if that was done before, with the same options, in this place.
configure() {
  local preset=$1 folder=$root/build/$2 wanted="$*"
  shift 2
  local stamp=$folder/.configured fresh=()
  [[ $root/CMakePresets.json -nt $stamp ]] || [[ $(<"$stamp") != "$root $wanted" ]] || return 0
  [[ ! -e $folder/CMakeCache.txt ]] || fresh=(--fresh)
  (cd "$root" && quietly "configure-${folder##*/}" "configuring build/${folder##*/}" \
    cmake --preset "$preset" -B "$folder" "${fresh[@]}" "$@")
  echo "$root $wanted" >"$stamp"
}

# build FOLDER [CMAKE_BUILD_OPTION...]
build() {
  local folder=$1 start=$SECONDS wanted="$*"
  shift
  local stamp=$root/build/$folder/.built
  grep -qsxF -e "$folder" -e "$wanted" "$stamp" || say "$me: building in build/$folder, which takes some minutes the first time"
  quietly "build-$folder" "building build/$folder" cmake --build "$root/build/$folder" --parallel "$(jobs)" "$@"
  ((SECONDS - start < 10)) || say "$me: built in $((SECONDS - start)) s"
  echo "$wanted" >>"$stamp"
}

# run_tests PRESET FOLDER [CTEST_OPTION...]: shows what failed, and the summary.
run_tests() {
  local preset=$1 folder=$2 log=$logs/test-$2.log result=0
  shift 2
  mkdir -p "$logs"
  (cd "$root" && ctest --preset "$preset" --test-dir "build/$folder" --no-tests=error --parallel "$(nproc)" "$@") >"$log" 2>&1 </dev/null || result=$?
  if ((result == 0)); then
    grep -E 'tests passed|^Total Test time' "$log"
  else
    grep -vE '^ *[0-9]+/[0-9]+ Test .*Passed|^ *Start +[0-9]+:|^$' "$log" >&2
    fail "tests failed in build/$folder; the whole log is in $log"
  fi
}

# prepare_release "$@": what the two commands begin with. Their first argument may be --allow-replace.
prepare_release() {
  local options=()
  [[ ${1:-} != --allow-replace ]] || options=("$1")
  "$root/.ci/setup" "${options[@]}"
  configure release release
}
