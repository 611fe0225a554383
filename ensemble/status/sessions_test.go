package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// This is an answer of Apache ZooKeeper 3.9; a connection that only sends a word has no session.
func TestSessionsIn(t *testing.T) {
	const answer = ` /172.18.0.1:58410[1](queued=0,recved=9,sent=10,sid=0x200000c3a970001,lop=GETD,est=1795170858962,to=10000,lcxid=0x8)
 /172.18.0.1:58422[0](queued=0,recved=1,sent=0)
 /[fe80::1]:58408[1](queued=0,recved=0,sent=0,sid=0xf00000c3a9700000,lop=NA,est=1795170858923)

`
	var high uint64 = 0xf00000c3a9700000
	want := []Session{
		{0x200000c3a970001, "a:1", "172.18.0.1:58410"},
		{int64(high), "a:1", "[fe80::1]:58408"},
	}
	if d := cmp.Diff(want, sessionsIn(answer, "a:1")); d != "" {
		t.Error(d)
	}
}
