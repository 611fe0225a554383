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

// firstEpoch returns the epoch of the ensemble's first leader: 1, unless the ports are fixed. Then
// there may have been another ensemble on them, of which nothing is left, and its clients may connect
// here. A server silently closes the connection of a client that has seen a higher zxid than it has
// itself, and the client would try again for ever. So the epochs follow from the clock: they rise more
// slowly than the clock, however often there is an election. Every zxid of the ensemble before is
// lower, and its clients learn that their sessions have expired.
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

// begin decides the epoch with which the servers begin: a later one than any of them knows from its
// files, whatever the clock says.
func (e *Ensemble) begin(now time.Time) {
	e.epoch = e.cfg.firstEpoch(now)
	for _, s := range e.servers {
		e.epoch = max(e.epoch, s.disk.AcceptedEpoch()+1)
	}
	for _, s := range e.servers {
		s.disk.Begin(e.epoch)
	}
}
