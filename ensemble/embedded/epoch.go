package embedded

import (
	"net"
	"slices"
	"time"
)

// An epoch is a signed number of 32 bits. Counted in quarters of a second from
// here on it lasts until 2043.
var (
	epochsBegin = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	epochUnit   = time.Second / 4
)

// firstEpoch returns the epoch of the ensemble's first leader: 1, unless somebody has chosen
// the ports. Then there may have been another ensemble, all of which is gone, and
// clients of it may come here. A server hangs up on one that has seen a higher zxid
// than it has itself, without a word, and the client would try again for ever.
// So the epochs follow from the clock: they rise more slowly than that, however
// often there is an election. Every zxid of the ensemble before is lower, and its
// clients get to know that their sessions have expired.
func (c Config) firstEpoch(now time.Time) int64 {
	if !slices.ContainsFunc(c.Addrs, fixed) {
		return 1
	}
	return max(1, int64(now.Sub(epochsBegin)/epochUnit))
}

// fixed reports whether an address names a port.
func fixed(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && port != "" && port != "0"
}

// begin decides with which epoch the servers begin: a later one than any of them knows
// from its files, whatever the clock says.
func (e *Ensemble) begin(now time.Time) {
	e.epoch = e.cfg.firstEpoch(now)
	for _, s := range e.servers {
		e.epoch = max(e.epoch, s.disk.AcceptedEpoch()+1)
	}
	for _, s := range e.servers {
		s.disk.Begin(e.epoch)
	}
}
