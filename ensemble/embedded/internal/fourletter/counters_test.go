package fourletter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

var unexported = cmp.AllowUnexported(Counters{}, ConnCounters{}, Latency{}, Sizes{}, distribution{})

func TestCounters(t *testing.T) {
	const ms = time.Millisecond
	var server Counters
	a, b := server.Connect(), server.Connect()
	for _, r := range []Reply{
		reply(0, wire.CreateSession, 4*ms), reply(1, wire.GetData, 9*ms), reply(-2, wire.Ping, 0),
	} {
		a.Received(40)
		a.Begin(r.Xid)
		a.Answered(r)
		a.Sent()
	}
	b.Received(10)
	b.Begin(7)
	b.Begin(-2)
	wantServer := Counters{
		connections: 2, outstanding: 2, received: 4, sent: 3,
		latency: Latency{3, 13, 0, 9},
		counts:  map[Count]int64{bytesReceived: 130, bytesSentInReplies: 48},
		measures: map[Measure]*distribution{
			readTime:   {Latency{2, 9, 0, 9}, []int64{9, 0}},
			updateTime: {Latency{1, 4, 4, 4}, []int64{4}},
		},
		responses: Sizes{16, 16, 16, true},
	}
	if diff := cmp.Diff(wantServer, server, unexported); diff != "" {
		t.Error("server", diff)
	}
	wantA := ConnCounters{
		server: &server, received: 3, sent: 3, latency: Latency{3, 13, 0, 9},
		lastOp: "PING", lastCxid: 1, lastZxid: 0x100000010, lastResponse: started.UnixMilli(),
	}
	if diff := cmp.Diff(wantA, a, unexported); diff != "" {
		t.Error("a", diff)
	}
	b.Reset()
	wantB := ConnCounters{server: &server, pending: 2, queued: 1, lastOp: "NA", lastCxid: -1, lastZxid: -1}
	if diff := cmp.Diff(wantB, b, unexported); diff != "" {
		t.Error("b", diff)
	}
	server.Reset()
	if diff := cmp.Diff(Counters{connections: 2, outstanding: 2}, server, unexported); diff != "" {
		t.Error("reset", diff)
	}
	b.Answered(reply(7, wire.Create, 3*ms))
	if b.queued != 0 || b.pending != 1 || b.lastLatency != 3 || server.outstanding != 1 {
		t.Errorf("after an answer: %+v %+v", b, server)
	}
	b.Close()
	if server.connections != 1 || server.outstanding != 0 {
		t.Errorf("after the end of b: %+v", server)
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	var server Counters
	c := server.Connect()
	r := reply(1, wire.SetData, time.Millisecond)
	if n := testing.AllocsPerRun(100, func() {
		c.Received(40)
		c.Begin(1)
		c.Answered(r)
		c.Sent()
	}); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func TestLastOperation(t *testing.T) {
	tests := []struct {
		op     wire.Op
		failed bool
		want   string
	}{
		{wire.Create2, false, "CREA"},
		{wire.CreateTTL, false, "CREA"},
		{wire.Create, true, "NA"},
		{wire.SetData, true, "NA"},
		{wire.Multi, true, "MULT"},
		{wire.GetData, true, "GETD"},
		{wire.GetChildren2, false, "GETC"},
		{wire.SetWatches2, false, "STW2"},
		{wire.Sync, false, "SYNC"},
		{wire.CreateSession, false, "SESS"},
		{wire.SASL, false, "NA"},
		{77, false, "NA"},
	}
	for _, test := range tests {
		if got := (Reply{Op: test.op, Failed: test.failed}).lop(); got != test.want {
			t.Errorf("%v, failed %v: %s, want %s", test.op, test.failed, got, test.want)
		}
	}
}

func TestUpdates(t *testing.T) {
	for op, want := range map[wire.Op]bool{
		wire.Create: true, wire.Create2: true, wire.CreateTTL: true, wire.CreateContainer: true,
		wire.DeleteContainer: true, wire.Delete: true, wire.SetData: true, wire.SetACL: true, wire.Multi: true,
		wire.Reconfig: true, wire.CreateSession: true, wire.CloseSession: true,
		wire.MultiRead: false, wire.Sync: false, wire.GetData: false, wire.Ping: false, wire.SetWatches: false,
	} {
		if updates(op) != want {
			t.Errorf("%v: %v", op, !want)
		}
	}
}

// Two readings of a clock with milliseconds differ by 1 when 0.6 ms cross a boundary.
func TestMilliseconds(t *testing.T) {
	const us = time.Microsecond
	for _, test := range []struct {
		past, took time.Duration
		want       int64
	}{
		{0, 999 * us, 0},
		{500 * us, 499 * us, 0},
		{500 * us, 600 * us, 1},
		{999 * us, 1001 * us, 2},
		{0, 2000 * us, 2},
		{0, -5000 * us, 0},
	} {
		start := started.Add(test.past)
		if got := milliseconds(start, start.Add(test.took)); got != test.want {
			t.Errorf("%v from %v: %d, want %d", test.took, test.past, got, test.want)
		}
	}
}

// Averages are printed like new BigDecimal(total / count).setScale(4, HALF_UP).doubleValue() in Java.
func TestAverage(t *testing.T) {
	for want, l := range map[string]Latency{
		"0.0":            {},
		"12.0":           {count: 2, total: 24},
		"6.1765":         {count: 17, total: 105},
		"0.0313":         {count: 32, total: 1},
		"4.0E-4":         {count: 2500, total: 1},
		"1.0E-4":         {count: 15000, total: 1},
		"0.001":          {count: 1000, total: 1},
		"9999999.5":      {count: 2, total: 19999999},
		"1.0E7":          {count: 1, total: 1e7},
		"1.23456789E8":   {count: 1, total: 123456789},
		"1.2345678925E8": {count: 4, total: 493827157},
	} {
		if got := javaDouble(l.average()); got != want {
			t.Errorf("%d/%d: %s, want %s", l.total, l.count, got, want)
		}
	}
}

// Addresses are printed like those of java.net.InetSocketAddress.
func TestAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:2181":               "/127.0.0.1:2181",
		"[::ffff:10.0.0.1]:2181":       "/10.0.0.1:2181",
		"[::1]:2181":                   "/[0:0:0:0:0:0:0:1]:2181",
		"[2001:db8:0:a::b%eth0]:65535": "/[2001:db8:0:a:0:0:0:b%eth0]:65535",
		"memory:7":                     "/memory:7",
	} {
		if got := javaAddr(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
