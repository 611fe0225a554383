package container

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// link is the path of packets from one server to another.
type link struct{ from, to int }

// links holds the faults between servers; the zero value has none.
type links struct {
	cut   map[link]bool
	loss  map[link]float64 // the share of packets that gets lost
	delay map[link]time.Duration
}

func (l links) clone() links {
	return links{maps.Clone(l.cut), maps.Clone(l.loss), maps.Clone(l.delay)}
}

// set puts a value for a link, or none when it is the zero value.
func set[V comparable](m map[link]V, at link, value V) map[link]V {
	var none V
	switch {
	case value == none:
		delete(m, at)
	case m == nil:
		m = map[link]V{at: value}
	default:
		m[at] = value
	}
	return m
}

// sorted returns the links that have a value, in a fixed order.
func sorted[V any](m map[link]V) []link {
	return slices.SortedFunc(maps.Keys(m), func(a, b link) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return a.to - b.to
	})
}

// The chains of a server's own.
const (
	chainIn  = "ZKLAB-IN"
	chainOut = "ZKLAB-OUT"
)

// rules returns the firewall rules in the network of one server, for iptables. A cut is made at both
// ends, so that a server that is started again, with a network that has no rules yet, is cut off from
// its first packet. Loss is only at the receiver, since packets would otherwise be lost twice.
func (l links) rules(of int, net subnet) (rules []string) {
	for _, cut := range sorted(l.cut) {
		if cut.to == of {
			rules = append(rules, fmt.Sprintf("-A %s -s %s -j DROP", chainIn, net.server(cut.from)))
		}
		if cut.from == of {
			rules = append(rules, fmt.Sprintf("-A %s -d %s -j DROP", chainOut, net.server(cut.to)))
		}
	}
	for _, lossy := range sorted(l.loss) {
		if lossy.to == of {
			rules = append(rules, fmt.Sprintf("-A %s -s %s -m statistic --mode random --probability %.6f -j DROP",
				chainIn, net.server(lossy.from), l.loss[lossy]))
		}
	}
	return rules
}

// queues returns, for tc, the queues through which packets leave one server: for each the address that
// it sends to, and how long packets wait.
func (l links) queues(of int, net subnet) (queues []string) {
	for _, slow := range sorted(l.delay) {
		if slow.from == of {
			queues = append(queues, delayQueue(net.server(slow.to), l.delay[slow]))
		}
	}
	return queues
}

// delayQueue delays what goes to an address. The limit is more packets than ever wait, since netem
// drops packets when its queue is full.
func delayQueue(to netip.Addr, by time.Duration) string {
	return fmt.Sprintf("%s netem delay %dus limit 100000", to, by.Microseconds())
}

// commands returns the commands that make a helper beside one server apply its faults.
func (l links) commands(of int, net subnet) (rules, queues string) {
	return "rules " + strings.Join(l.rules(of, net), "|"), "queues " + strings.Join(l.queues(of, net), "|")
}
