package container

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRulesOfEachServer(t *testing.T) {
	net := subnet{netip.MustParsePrefix("10.200.1.64/26")}
	l := links{
		cut:   map[link]bool{{1, 2}: true, {3, 2}: true},
		loss:  map[link]float64{{2, 1}: 0.25},
		delay: map[link]time.Duration{{1, 3}: 20 * time.Millisecond, {1, 2}: 1500 * time.Microsecond},
	}
	for id, want := range map[int]struct{ rules, queues string }{
		1: {
			"rules -A ZKLAB-OUT -d 10.200.1.76 -j DROP|-A ZKLAB-IN -s 10.200.1.76 -m statistic --mode random --probability 0.250000 -j DROP",
			"queues 10.200.1.76 netem delay 1500us limit 100000|10.200.1.77 netem delay 20000us limit 100000",
		},
		2: {"rules -A ZKLAB-IN -s 10.200.1.75 -j DROP|-A ZKLAB-IN -s 10.200.1.77 -j DROP", "queues "},
		3: {"rules -A ZKLAB-OUT -d 10.200.1.76 -j DROP", "queues "},
	} {
		rules, queues := l.commands(id, net)
		if diff := cmp.Diff([]string{want.rules, want.queues}, []string{rules, queues}); diff != "" {
			t.Errorf("server %d: %s", id, diff)
		}
	}
}

func TestLinksAreSetAndUnset(t *testing.T) {
	var l links
	l.loss = set(l.loss, link{1, 2}, 0) // removing what does not exist changes nothing
	l.loss = set(l.loss, link{1, 2}, 0.3)
	l.loss = set(l.loss, link{1, 2}, 0.5)
	copied := l.clone()
	copied.loss = set(copied.loss, link{1, 2}, 0)
	copied.cut = set(copied.cut, link{1, 2}, true)
	if len(copied.loss) != 0 || l.loss[link{1, 2}] != 0.5 || l.cut != nil {
		t.Errorf("%v, and its copy %v", l, copied)
	}
}
