#!/usr/bin/env bash
# Builds everything, checks the formatting and runs all tests. The last line is "N passed, N failed, N skipped".
#
#   eng/test.sh            everything
#   eng/test.sh Core       test projects whose name contains "Core", without the formatting check
#
# Installs what it needs where it may (Debian: chromium for the browser tests, postgresql for the store tests); what cannot be had is skipped with the reason.
set -uo pipefail
cd "$(dirname "$0")/.."
results="$PWD/artifacts/test-results"
rm -rf "$results"
mkdir -p "$results"

if ! command -v dotnet >/dev/null; then
  echo "dotnet was not found: install the .NET 10 SDK." >&2
  exit 1
fi

# What the tests need of the system; nothing that the build needs.
install_for_tests() {
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    return
  fi
  if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
    echo "Installing Debian's chromium for the browser tests"
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core) >"$results/apt.log" 2>&1 ||
      echo "chromium could not be installed ($results/apt.log); the browser tests will be skipped" >&2
  fi
  if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    echo "Installing Debian's postgresql for the store tests"
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql) >>"$results/apt.log" 2>&1 ||
      echo "postgresql could not be installed ($results/apt.log); the store tests run on SQLite alone" >&2
  fi
}

# Tests that send signals need programs that hear them: under nohup or in the background of a script, SIGHUP and SIGINT are ignored from the start, and so by all that is started from there.
hear_signals=()
if env --default-signal true 2>/dev/null; then
  hear_signals=(env --default-signal)
fi

# Runs the tests of a project that has been built. Its own program runs them and says which take long; one that hangs is ended, and counted as failed by the summary.
run_tests() {
  local configuration=${Configuration:-Release}
  echo "== $1"
  "${hear_signals[@]}" timeout --foreground --kill-after=30s 15m \
    "artifacts/bin/$1/${configuration,,}/$1" -noLogo -noColor -longRunning 120 -trx "$results/$1.trx" >"$results/$1.log" 2>&1
  local ended=$?
  echo $ended >"$results/$1.exit"
  if [ $ended = 124 ] || [ $ended = 137 ]; then
    echo "$1 was ended after 15 minutes; its last lines:"
  elif [ $ended = 0 ]; then
    tail -n 1 "$results/$1.log"
    return
  fi
  tail -n 100 "$results/$1.log"
}

# Downloads while the processors compile.
install_for_tests &
installing=$!

# One compiler for all projects saves each its start. It is ours alone, by its name, and is ended here.
compiler="greentune-tests-$$"
UseSharedCompilation=true SharedCompilationId=$compiler dotnet build GreenTune.Aspire.sln --nologo -v q
built=$?
sdk=$(dotnet --info | sed -n 's/^ *Base Path: *//p')
dotnet exec "${sdk%/}/Roslyn/bincore/VBCSCompiler.dll" -shutdown "-pipename:$compiler" >/dev/null 2>&1
wait $installing
[ $built = 0 ] || exit 1

mapfile -t projects < <(ls -d tests/*"${1:-}"*/*.csproj | xargs -n 1 basename -s .csproj)
together=(GreenTune.Models.Tests GreenTune.Core.Tests)

if [ $# -eq 0 ]; then
  # The models' tests leave a processor idle for much of their time, and neither they nor the core's watch the clock. The rest runs one project at a time: several start
  # processes, time them and measure energy.
  # Of the format, white space alone: the build has checked style and analyzers already, as errors.
  dotnet format whitespace GreenTune.Aspire.sln --verify-no-changes --no-restore &
  formatting=$!
  run_tests GreenTune.Models.Tests &
  models=$!
  wait $formatting
  formatted=$?
  run_tests GreenTune.Core.Tests
  wait $models
  [ $formatted = 0 ] || exit 1
else
  together=()
fi

for project in "${projects[@]}"; do
  if [[ " ${together[*]} " != *" $project "* ]]; then
    run_tests "$project"
  fi
done

exec dotnet run eng/TestSummary.cs -- "$results" "${projects[@]}"
