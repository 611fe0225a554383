package recipes

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// someID is an id that no client makes.
var someID = strings.Repeat("0f", 16)

// TestListsFitIntoAReply checks that a list is no longer than what clients accept by default
// (jute.maxbuffer, 0xfffff bytes), if a folder has as many znodes as allowed, with the longest
// possible names, and as many more as producers may put in at once.
func TestListsFitIntoAReply(t *testing.T) {
	const last = "-2147483648"
	taken := jobName{id: someID, worker: someID, attempt: maxTries, tries: maxTries, seq: math.MinInt32}
	pending := jobName{id: someID, attempt: maxTries, tries: maxTries, seq: math.MinInt32}
	for _, c := range []struct {
		name              string
		bytes, most, more int
	}{
		{someID + "-" + kindItem + "-" + last, 66, MaxItems, 1000},
		{someID + "-" + kindItem + "-" + znodes.RankText(math.MinInt32) + "-" + last, 66, MaxItems, 800},
		{someID + "-" + kindDue + "-" + znodes.RankText(lastDue) + "-" + last, 66, MaxItems, 800},
		{someID + "-" + kindBounded + "-" + last, 66, MaxItems, 1000},
		{pending.String(), 97, MaxJobs, 800},
		{taken.String(), 97, MaxJobs, 800},
	} {
		size := 4 + len(c.name)
		if size > c.bytes {
			t.Errorf("%s takes %d bytes, not %d at most", c.name, size, c.bytes)
		}
		if all := 100 + size*(c.most+c.more); all > 0xfffff {
			t.Errorf("a list of %d like %s has %d bytes", c.most+c.more, c.name, all)
		}
	}
}

// FuzzMembers checks that the members of a round are lines of its znode, whatever the
// znode holds.
func FuzzMembers(f *testing.F) {
	f.Add(someID + "-member-2147483647\n" + someID + "-member-x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range members([]byte(text)) {
			if !slices.Contains(strings.Split(text, "\n"), name) {
				t.Errorf("member %q of %q", name, text)
			}
		}
	})
}
