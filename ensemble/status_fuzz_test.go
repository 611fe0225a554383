package ensemble

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/allocs"
)

// Anything may answer on a server's port: the result is a reasonable status, or an error of one line
// whose length does not grow with the answer.
func FuzzParseStatus(f *testing.F) {
	for _, answer := range []string{
		leaderAnswer, oldAnswer, "Mode: observer\n", "HTTP/1.1 400 Bad Request\r\n", "This ZooKeeper instance is not currently serving requests\n",
		"Latency min/avg/max: NaN/1e300/-1\nMode: leader\n", "Connections: -1\nMode: follower\r\n",
	} {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		var s Status
		var err error
		allocs.Within(t, len(answer), 100, func() { s, err = ParseStatus(answer) })
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 500 || s != (Status{}) {
				t.Fatalf("%d bytes, %+v: %s", len(text), s, text)
			}
			return
		}
		for _, l := range s.Latency {
			if l < 0 {
				t.Errorf("latency %v", s.Latency)
			}
		}
		if min(int64(s.Connections), s.Received, s.Sent, s.Outstanding) < 0 {
			t.Errorf("%+v", s)
		}
		s.Latency = [3]time.Duration{} // latencies are rounded
		again, err := ParseStatus(written(s))
		if d := cmp.Diff(s, again); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
	})
}

// written returns a status as a server writes it.
func written(s Status) string {
	return fmt.Sprintf("Zookeeper version: %s-1, built\nReceived: %d\nSent: %d\nConnections: %d\nOutstanding: %d\nZxid: 0x%x\nMode: %s\nNode count: %d\n",
		s.Version, s.Received, s.Sent, s.Connections, s.Outstanding, uint64(s.Zxid), s.Role, s.Znodes)
}
