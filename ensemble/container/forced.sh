# The commands of the helper that takes from servers' disks what was not forced to them. Each server has a
# folder in /forced: see images/zookeeper/forced.c. Its transaction logs are in /disks/N/log.
#
#   hold N             Nothing of the log of server N reaches its disk.
#   release N          It does.
#   shorten N LOG SIZE The log keeps so many bytes.
#   remove N LOG       The log is gone.

hold() { : >"/forced/${1# }/hold"; }
release() { rm -f "/forced/${1# }/hold"; }
shorten() { set -- $1 && truncate -s "$3" "/disks/$1/log/version-2/$2"; }
remove() { set -- $1 && rm "/disks/$1/log/version-2/$2"; }
undo() { rm -f /forced/*/hold; }

# The servers' user writes there.
for id in $(seq "$servers"); do mkdir -m 777 -p "/forced/$id"; done
