# The life of every helper: it answers each line of its input with one line,
# "ok" and what there is to say, or "no" and why not, with | for line breaks.
# When its input ends it undoes what it did. That is when the harness closes it,
# and when the harness is gone, however it went: a dead man's switch.
#
# Before this stand the functions that are its commands, and undo. What an
# earlier helper in this place may have left is undone first.

one_line() { printf '%s' "$1" | tr '\n' '|'; }

undo >/dev/null 2>&1
trap 'undo >/dev/null 2>&1' EXIT
echo ok
while IFS= read -r line; do
	command=${line%% *}
	if said=$("$command" "${line#"$command"}" 2>&1); then
		echo "ok $(one_line "$said")"
	else
		echo "no $(one_line "$said")"
	fi
done
