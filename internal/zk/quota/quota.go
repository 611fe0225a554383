// Package quota knows how ZooKeeper stores quotas: for each subtree with a quota, two znodes below
// /zookeeper/quota hold the limits and the servers' counts ("Administrator's Guide, Quotas"). It does
// not connect to servers.
package quota

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// These are the places of quotas: the limits of /a/b are in Root + "/a/b/" + Limits.
const (
	Root   = "/zookeeper/quota"
	Limits = "zookeeper_limits"
	Counts = "zookeeper_stats"
)

// The numbers of a quota: znodes and bytes of data. Each has a soft limit, which servers only log when
// it is exceeded, and since 3.7 a hard one, which servers enforce if enforceQuota is set.
const (
	Count     = "count"
	Bytes     = "bytes"
	HardCount = "countHardLimit"
	HardBytes = "byteHardLimit"
)

// None is the value of a limit that is not set.
const None = -1

// Numbers holds the numbers of one of the two znodes, by name. Count and Bytes are always there.
type Numbers map[string]int64

// Of returns the number with a name, or None if it is missing.
func (n Numbers) Of(name string) int64 {
	if v, ok := n[name]; ok {
		return v
	}
	return None
}

var separator = regexp.MustCompile("[,;]+")

// Parse reads "count=4,bytes=30", which may contain further numbers, as StatsTrack does. Numbers that
// are missing are None.
func Parse(data []byte) (n Numbers, ok bool) {
	n = Numbers{Count: None, Bytes: None}
	if len(data) == 0 {
		return n, true
	}
	for _, pair := range separator.Split(string(data), -1) {
		key, value, ok := strings.Cut(strings.TrimRight(pair, "="), "=")
		v, err := strconv.ParseInt(value, 10, 64)
		if !ok || err != nil {
			return nil, false
		}
		n[key] = v
	}
	return n, true
}

// Data is the inverse of Parse: count and bytes come first, then a separator after which servers before 3.7
// ignore the rest, and then all other numbers by name.
func (n Numbers) Data() []byte {
	b := fmt.Appendf(nil, "%s=%d,%s=%d", Count, n[Count], Bytes, n[Bytes])
	first := true
	for _, key := range slices.Sorted(maps.Keys(n)) {
		if key == Count || key == Bytes {
			continue
		}
		if first {
			b, first = append(b, '='), false
		}
		b = fmt.Appendf(b, ";%s=%d", key, n[key])
	}
	return b
}
