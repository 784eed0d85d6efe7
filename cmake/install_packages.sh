# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# Sourced by examples/run and tests/run, from the root of the checkout.
#   install_packages build        installs what is missing of one section of cmake/debian-packages
#   install_packages build test   of both

# Prints the packages of section $1 that are missing.
missing_packages() {
  local section='' package command
  while read -r package command; do
    case $package in
      '' | '#'*) continue ;;
      '['*) section=$package && continue ;;
    esac
    [ "$section" = "[$1]" ] || continue
    if [ -n "$command" ]; then
      # Also where servers stand, which the PATH of a user other than root may leave out.
      PATH=$PATH:/usr/sbin command -v "$command" > /dev/null 2>&1 || printf '%s\n' "$package"
    elif [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
      printf '%s\n' "$package"
    fi
  done < cmake/debian-packages
}

install_packages() {
  local section missing=() run=()
  if ! command -v dpkg-query > /dev/null 2>&1 || ! command -v apt-get > /dev/null 2>&1; then
    echo "This is no Debian: install by hand what cmake/debian-packages lists. Going on with what is here."
    return 0
  fi
  for section in "$@"; do
    mapfile -t -O "${#missing[@]}" missing < <(missing_packages "$section")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null 2>&1 || ! { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
      echo "Missing, and neither root nor sudo to install it. Run as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    run=(sudo)
  fi
  echo "Installing with apt: ${missing[*]}"
  mkdir -p build
  local log=build/apt.log
  run+=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)  # RUNLEVEL: a package that brings a service does not start it
  if ! { "${run[@]}" apt-get update && "${run[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } \
      > "$log" 2>&1 < /dev/null; then
    tail -n 20 "$log" >&2
    echo "Could not install: ${missing[*]} (the whole log is in $log)" >&2
    return 1
  fi
}
