package fourletter

import (
	"fmt"
	"strings"
)

func srvr(s Server) string {
	var b strings.Builder
	writeVersion(&b, s)
	writeStatus(&b, s)
	return b.String()
}

func stat(s Server) string {
	var b strings.Builder
	writeVersion(&b, s)
	b.WriteString("Clients:\n")
	for _, c := range ask(s.Connections) {
		c.write(&b, false)
	}
	b.WriteString("\n")
	writeStatus(&b, s)
	return b.String()
}

func writeVersion(b *strings.Builder, s Server) {
	fmt.Fprintf(b, "Zookeeper version: %s\n", s.version())
}

func writeStatus(b *strings.Builder, s Server) {
	c := s.Counters
	fmt.Fprintf(b, "Latency min/avg/max: %d/%s/%d\n", c.latency.min, javaDouble(c.latency.average()), c.latency.max)
	fmt.Fprintf(b, "Received: %d\nSent: %d\nConnections: %d\n", c.received, c.sent, c.connections)
	fmt.Fprintf(b, "Outstanding: %d\nZxid: %s\nMode: %s\nNode count: %d\n", c.outstanding, hex(s.Zxid), s.Role, s.Nodes)
	if s.Leader != nil {
		last, least, largest := s.Leader.Proposals.values()
		fmt.Fprintf(b, "Proposal sizes last/min/max: %d/%d/%d\n", last, least, largest)
	}
}

func cons(s Server) string {
	var b strings.Builder
	for _, c := range ask(s.Connections) {
		c.write(&b, true)
	}
	b.WriteString("\n")
	return b.String()
}

// write writes a line about the connection. The number in brackets says what its channel waits for: 1
// for packets to read, 0 once a word was read.
func (c Connection) write(b *strings.Builder, details bool) {
	n, interest := c.Counters, 1
	if c.Asking {
		interest = 0
	}
	fmt.Fprintf(b, " %s[%d](queued=%d,recved=%d,sent=%d", javaAddr(c.Addr), interest, n.queued, n.received, n.sent)
	if details && c.Session != 0 {
		c.writeSession(b)
	}
	b.WriteString(")\n")
}

func (c Connection) writeSession(b *strings.Builder) {
	n := c.Counters
	fmt.Fprintf(b, ",sid=%s,lop=%s,est=%d,to=%d", hex(c.Session), n.lastOp, c.Established.UnixMilli(), c.Timeout.Milliseconds())
	if n.lastCxid >= 0 {
		fmt.Fprintf(b, ",lcxid=%s", hex(n.lastCxid))
	}
	average := n.latency.total / max(1, n.latency.count)
	fmt.Fprintf(b, ",lzxid=%s,lresp=%d,llat=%d,minlat=%d,avglat=%d,maxlat=%d",
		hex(n.lastZxid), n.lastResponse, n.lastLatency, n.latency.min, average, n.latency.max)
}
