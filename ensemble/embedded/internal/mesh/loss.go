package mesh

import "time"

const (
	// retransmission is when TCP first sends a packet again that nobody has
	// acknowledged (Linux: TCP_RTO_MIN); each time it waits twice as long.
	retransmission = 200 * time.Millisecond
	// retries is how often it does before it gives the connection up: what servers in
	// containers have for net.ipv4.tcp_retries2.
	retries = 3
)

// lose draws how often the packet of an item is lost before it arrives, if it
// does, and makes it late by that. News are a packet, too, but nobody waits for its
// acknowledgement: it is late at most.
func (l *link[M]) lose(it *item[M]) {
	if l.share == 0 {
		return
	}
	late := time.Duration(0)
	wait := retransmission
	for range retries + 1 {
		if l.draw().Float64() >= l.share {
			it.delay(late)
			return
		}
		late += wait
		wait *= 2
	}
	it.delay(late)
	it.lost = !it.broken
}

func (it *item[M]) delay(by time.Duration) {
	switch {
	case by == 0:
	case it.due.IsZero():
		it.due = time.Now().Add(by)
	default:
		it.due = it.due.Add(by)
	}
}
