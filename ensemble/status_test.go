package ensemble

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

// These are answers of Apache ZooKeeper 3.9.3 and 3.4.13.
const (
	leaderAnswer = `Zookeeper version: 3.9.3-${mvngit.commit.id}, built on 2026-03-08 16:19 UTC
Latency min/avg/max: 0/4.5/18
Received: 58
Sent: 57
Connections: 3
Outstanding: 2
Zxid: 0x20000000c
Mode: leader
Node count: 5
Proposal sizes last/min/max: 36/36/89
`
	oldAnswer = `Zookeeper version: 3.4.13-3--1, built on Tue, 05 Nov 2019
Latency min/avg/max: 0/0/11
Received: 4
Sent: 3
Connections: 1
Outstanding: 0
Zxid: 0xffffffff00000001
Mode: standalone
Node count: 4
`
)

func TestParseStatus(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name, answer string
		want         Status
	}{
		{"leader", leaderAnswer, Status{Leader, 0x20000000c, "3.9.3", 3, [3]time.Duration{0, 4500 * time.Microsecond, 18 * ms}, 5, 58, 57, 2}},
		{"old and past the 63rd bit", oldAnswer, Status{Standalone, -0xffffffff, "3.4.13", 1, [3]time.Duration{0, 0, 11 * ms}, 4, 4, 3, 0}},
		{"mode alone", "Mode: observer\n", Status{Role: Observer}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := must.Get(ParseStatus(test.answer))(t)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseStatusRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":         "",
		"another service": "HTTP/1.1 400 Bad Request\r\n",
		"not whitelisted": "srvr is not executed because it is not in the whitelist.\n",
		"unknown mode":    "Mode: read-only\n",
		"bad zxid":        "Zxid: 0xhello\nMode: leader\n",
		"bad latency":     "Latency min/avg/max: 1/2\nMode: leader\n",
		"bad count":       "Connections: many\nMode: leader\n",
		"cut off":         leaderAnswer[:150],
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseStatus(answer); err == nil {
				t.Errorf("took %+v", got)
			}
		})
	}
	denied := pipeTo(func(c net.Conn) {
		defer c.Close()
		if _, err := io.ReadFull(c, make([]byte, 4)); err == nil {
			io.WriteString(c, tests["not whitelisted"])
		}
	})
	if _, err := AskStatus(t.Context(), denied, "any"); !errors.Is(err, ErrNoWord) {
		t.Errorf("not whitelisted: %v", err)
	}
	_, err := ParseStatus("This ZooKeeper instance is not currently serving requests\n")
	if !errors.Is(err, ErrNotServing) {
		t.Errorf("a server without a majority: %v", err)
	}
}

func TestEpoch(t *testing.T) {
	if got := (Status{Zxid: 0x20000000c}).Epoch(); got != 2 {
		t.Errorf("epoch %d", got)
	}
}

// pipeTo returns a function that dials a server, which serve implements.
func pipeTo(serve func(net.Conn)) DialFunc {
	return func(string, string, time.Duration) (net.Conn, error) {
		client, server := net.Pipe()
		go serve(server)
		return client, nil
	}
}

func TestAskStatus(t *testing.T) {
	dial := pipeTo(func(c net.Conn) {
		defer c.Close()
		word := make([]byte, 4)
		if _, err := io.ReadFull(c, word); err == nil && string(word) == "srvr" {
			io.WriteString(c, leaderAnswer)
		}
	})
	got, err := AskStatus(t.Context(), dial, "any")
	if err != nil || got.Role != Leader {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAskStatusOfServerThatHangsUp(t *testing.T) {
	dial := pipeTo(func(c net.Conn) {
		io.ReadFull(c, make([]byte, 4))
		c.Close()
	})
	if _, err := AskStatus(t.Context(), dial, "any"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

// The part of an answer that came before the time was over is not taken for the whole answer.
func TestAskOfServerThatStopsHalfWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := pipeTo(func(c net.Conn) {
			io.ReadFull(c, make([]byte, 4))
			io.WriteString(c, leaderAnswer)
			io.Copy(io.Discard, c) // until the other side gives up
			c.Close()
		})
		if answer, err := Ask(t.Context(), dial, "any", "dump"); !errors.Is(err, errNoAnswer) {
			t.Errorf("%q, %v", answer, err)
		}
	})
}

// The dialer gives up when the time is over, like TLS while a server is silent.
func TestAskOfServerThatAcceptsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := func(_, _ string, timeout time.Duration) (net.Conn, error) {
			time.Sleep(timeout - time.Microsecond)
			return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
		}
		if _, err := Ask(t.Context(), dial, "any", "srvr"); !errors.Is(err, errNoAnswer) {
			t.Error(err)
		}
	})
}

func TestAskStatusOfPausedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := pipeTo(func(c net.Conn) {
			io.Copy(io.Discard, c) // until the other side gives up
			c.Close()
		})
		start := time.Now()
		if _, err := AskStatus(t.Context(), dial, "any"); !errors.Is(err, errNoAnswer) || time.Since(start) != answerTimeout {
			t.Errorf("without deadline: %v after %v", err, time.Since(start))
		}

		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start = time.Now()
		if _, err := AskStatus(ctx, dial, "any"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 300*time.Millisecond {
			t.Errorf("with deadline: %v after %v", err, time.Since(start))
		}
	})
}
