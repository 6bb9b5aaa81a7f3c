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

if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing Debian's chromium for the browser tests"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core) >"$results/apt.log" 2>&1 ||
    echo "chromium could not be installed ($results/apt.log); the browser tests will be skipped" >&2
fi

if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing Debian's postgresql for the store tests"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql) >>"$results/apt.log" 2>&1 ||
    echo "postgresql could not be installed ($results/apt.log); the store tests run on SQLite alone" >&2
fi

dotnet build GreenTune.Aspire.sln --nologo -v q || exit 1

if [ $# -eq 0 ]; then
  projects=(GreenTune.Aspire.sln)
  # White space alone: the build has checked style and analyzers already, as errors.
  dotnet format whitespace GreenTune.Aspire.sln --verify-no-changes --no-restore || exit 1
else
  mapfile -t projects < <(ls -d tests/*"$1"*/*.csproj)
fi

for project in "${projects[@]}"; do
  # One project at a time: several of them start processes and watch the clock.
  dotnet test "$project" --no-build --nologo -m:1 --logger trx --results-directory "$results" --blame-hang-timeout 5min
done

exec dotnet run eng/TestSummary.cs -- "$results"
