#!/usr/bin/env bash
# Renews what the pages use of other people's work: the newest Bootstrap 5.3 and htmx 2 of the npm registry.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)/static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-save --ignore-scripts --no-audit --no-fund bootstrap@~5.3.8 htmx.org@^2
rm -rf "$here"
mkdir -p "$here"
sed '/^\/\*# sourceMappingURL/d' node_modules/bootstrap/dist/css/bootstrap.min.css >"$here/bootstrap.min.css"
cp node_modules/htmx.org/dist/htmx.min.js "$here/"
cp node_modules/bootstrap/LICENSE "$here/bootstrap.LICENSE"
cp node_modules/htmx.org/LICENSE "$here/htmx.LICENSE"
version() { node -p "require('./node_modules/$1/package.json').version"; }
cat >"$here/VERSIONS.txt" <<EOT
bootstrap.min.css  Bootstrap $(version bootstrap), MIT licence (bootstrap.LICENSE), npm package bootstrap
htmx.min.js        htmx $(version htmx.org), Zero-Clause BSD licence (htmx.LICENSE), npm package htmx.org

To renew both: web/vendor.sh
EOT
