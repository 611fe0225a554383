# The commands of the helper that says how wrong the servers' wall clocks are. Each server reads a file of
# its own, and must never see half of it.
#
#   show N MS  The clock of server N is so many milliseconds ahead, or behind if it is negative.

show() { set -- $1 && echo "$2" >"/clock/.$1" && mv "/clock/.$1" "/clock/$1"; }

undo() { for id in $(seq "$servers"); do show "$id 0"; done; }
