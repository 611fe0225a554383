package fourletter

import (
	"math"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Counters counts for one server. The zero value is ready; one goroutine
// at a time may use them and the [ConnCounters] that come from them.
type Counters struct {
	connections    int64
	outstanding    int64
	received, sent int64 // packets
	latency        Latency
	responses      Sizes
	counts         map[Count]int64
	measures       map[Measure]*distribution
}

// Connect counts a new connection and gives it counters.
func (c *Counters) Connect() ConnCounters {
	c.connections++
	conn := ConnCounters{server: c}
	conn.Reset()
	return conn
}

// Reset resets the counters, except those of the present state: connections, outstanding requests.
func (c *Counters) Reset() {
	*c = Counters{connections: c.connections, outstanding: c.outstanding}
}

// ConnCounters counts for one connection and for its server. [Counters.Connect] makes them.
type ConnCounters struct {
	server         *Counters
	pending        int64 // requests not answered
	queued         int64 // how many of them have an xid of the client's own
	received, sent int64
	latency        Latency

	lastOp       string
	lastCxid     int64 // -1: none
	lastZxid     int64 // -1: none
	lastResponse int64 // milliseconds since 1970, 0: none
	lastLatency  int64
}

// Received counts a packet of the client. bytes includes its length field.
func (c *ConnCounters) Received(bytes int) {
	c.received++
	c.server.received++
	c.server.add(bytesReceived, int64(bytes))
}

// Sent counts a packet to the client: a reply, an event, the answer to a word.
func (c *ConnCounters) Sent() {
	c.sent++
	c.server.sent++
}

// Begin counts a request that goes into work, the creation of a session too,
// which is number 0.
func (c *ConnCounters) Begin(xid int32) {
	c.pending++
	c.server.outstanding++
	if xid > 0 {
		c.queued++
	}
}

// Reply says how a request ended.
type Reply struct {
	Xid        int32
	Op         wire.Op
	Failed     bool  // with an error
	Zxid       int64 // in the reply's header
	Size       int   // bytes of the reply without its length; 0 is not counted
	Start, End time.Time
}

// Answered counts the end of a request that [ConnCounters.Begin] counted; its
// reply still counts as [ConnCounters.Sent].
func (c *ConnCounters) Answered(r Reply) {
	c.pending--
	c.server.outstanding--
	if r.Xid > 0 {
		c.queued--
	}
	took := milliseconds(r.Start, r.End)
	c.server.answered(r, took)
	c.latency.Add(took)
	if r.Xid >= 0 {
		c.lastCxid = int64(r.Xid)
	}
	c.lastZxid, c.lastOp = r.Zxid, r.lop()
	c.lastResponse, c.lastLatency = r.End.UnixMilli(), took
}

func (c *Counters) answered(r Reply, took int64) {
	c.latency.Add(took)
	if updates(r.Op) {
		c.Measured(updateTime, took)
	} else {
		c.Measured(readTime, took)
	}
	if r.Size > 0 {
		c.add(bytesSentInReplies, int64(r.Size))
		c.responses.Add(r.Size)
	}
}

// Close counts the end of the connection, and of its pending requests.
func (c *ConnCounters) Close() {
	c.server.connections--
	c.server.outstanding -= c.pending
	c.pending, c.queued = 0, 0
}

// Reset resets the counters, except those of pending requests.
func (c *ConnCounters) Reset() {
	*c = ConnCounters{
		server: c.server, pending: c.pending, queued: c.queued,
		lastOp: "NA", lastCxid: -1, lastZxid: -1,
	}
}

// milliseconds returns the difference of two readings of a clock of milliseconds, as
// Java takes it: so short requests do not all count as 0, and averages are right.
func milliseconds(start, end time.Time) int64 {
	past := time.Duration(start.Nanosecond() % int(time.Millisecond))
	return max(0, (past + end.Sub(start)).Milliseconds())
}

// Latency sums up durations in milliseconds. The zero value has none.
type Latency struct{ count, total, min, max int64 }

// Add adds one duration.
func (l *Latency) Add(ms int64) {
	if l.count == 0 {
		l.min = math.MaxInt64
	}
	l.count++
	l.total += ms
	l.min, l.max = min(l.min, ms), max(l.max, ms)
}

// average returns the mean latency, or 0 if there was none.
func (l *Latency) average() float64 {
	if l.count == 0 {
		return 0
	}
	return fourDecimals(float64(l.total) / float64(l.count))
}

// Sizes are the last, least and largest of sizes in bytes. The zero value has
// none, and says -1 to each.
type Sizes struct {
	last, min, max int
	any            bool
}

// Add adds one size.
func (s *Sizes) Add(bytes int) {
	if !s.any {
		*s = Sizes{min: bytes, any: true}
	}
	s.last, s.min, s.max = bytes, min(s.min, bytes), max(s.max, bytes)
}

func (s Sizes) values() (last, least, largest int) {
	if !s.any {
		return -1, -1, -1
	}
	return s.last, s.min, s.max
}
