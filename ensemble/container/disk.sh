# The commands of the keeper, which holds the servers' small disks: they are in
# memory, and would be gone with the last container that has them.
#
#   fill N  There is no room on the disk of server N.
#   free N  There is room again.

fill() {
	filler=/disks/${1# }/filler
	cat /dev/zero >>"$filler" 2>/dev/null
	# Whether that was for want of room shows in what it did not stop at.
	! echo >"$filler.more" && rm -f "$filler.more" && [ -s "$filler" ]
} 2>/dev/null

free() { rm -f "/disks/${1# }/filler"; }

undo() { rm -f /disks/*/filler; }

# Not every server's image makes its folders itself, or as the user that writes there.
for disk in /disks/*; do
	mkdir -m 777 -p "$disk/data" "$disk/log"
done
