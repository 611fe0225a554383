package mesh

import "time"

const (
	// retransmission is when TCP first repeats a packet that was not acknowledged (Linux: TCP_RTO_MIN);
	// each time it waits twice as long.
	retransmission = 200 * time.Millisecond
	// retries is how often it repeats a packet before it gives the connection up, as set for servers in
	// containers by net.ipv4.tcp_retries2.
	retries = 3
)

// lose draws how often the packet of an item is lost before it arrives, if it does, and delays the item
// accordingly. News are a packet, too, but no sender waits for its acknowledgement: it can only be
// delayed.
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
