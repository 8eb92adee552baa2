#!/bin/sh
# Installs the pinned style sheet and script packages and copies what the console serves into
# internal/web/assets/dist. Does nothing when dist is newer than everything it is made from.
set -eu
cd "$(dirname "$0")/../internal/web/assets"

if ! command -v npm >/dev/null 2>&1; then
	echo "assets: npm is missing; install Node.js 20 or newer (Debian: apt-get install nodejs npm)" >&2
	exit 1
fi
stamp=dist/.built
if [ -f "$stamp" ] && [ -d node_modules/axe-core ] &&
	[ -z "$(find package-lock.json build.mjs src -newer "$stamp" -print -quit)" ]; then
	exit 0
fi
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	npm ci --no-audit --no-fund --loglevel=error
fi
node build.mjs
touch "$stamp"
