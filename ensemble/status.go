package ensemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// ErrNotServing is the error for a server that answers, but does not serve: it
// has no majority, or is still electing.
var ErrNotServing = errors.New("the server is not serving requests")

// ErrNoWord is the error for a server that answers, but not to this four-letter word,
// because its 4lw.commands.whitelist lacks it.
var ErrNoWord = errors.New("the server does not answer this four-letter word: it is not in its 4lw.commands.whitelist")

// DialFunc connects to a server by its address; [Ensemble.Dial] is one.
type DialFunc func(network, addr string, timeout time.Duration) (net.Conn, error)

// maxAnswer bounds how many bytes of an answer to a four-letter word are read: another
// program may listen on the port. The answers to cons and dump have a line for each
// session.
const maxAnswer = 16 << 20

// answerTimeout bounds a question whose context has no deadline.
const answerTimeout = 5 * time.Second

// AskStatus asks the server at addr for its status, with "srvr": the only four-letter word
// that every ZooKeeper answers by default. A paused server stays silent: AskStatus waits
// until ctx ends, or five seconds if ctx has no deadline.
func AskStatus(ctx context.Context, dial DialFunc, addr string) (Status, error) {
	return AskStatusBy(ctx, dial, addr, "srvr")
}

// AskStatusBy is like AskStatus, but sends the given four-letter word: srvr or stat.
func AskStatusBy(ctx context.Context, dial DialFunc, addr, word string) (Status, error) {
	answer, err := Ask(ctx, dial, addr, word)
	if err != nil {
		return Status{}, err
	}
	return ParseStatus(answer)
}

// Ask sends a four-letter word and returns the whole answer. If a server does not know the
// word, or is not allowed to answer it, the error is [ErrNoWord]. Ask waits as long as
// [AskStatus].
func Ask(ctx context.Context, dial DialFunc, addr, word string) (string, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, answerTimeout, errNoAnswer)
		defer cancel()
	}
	answer, err := ask(ctx, dial, addr, word)
	if strings.Contains(answer, "is not executed because it is not in the whitelist") {
		return "", ErrNoWord
	}
	return answer, err
}

// Unreachable reports whether a server could not be dialled.
func Unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// ask needs a ctx with a deadline.
func ask(ctx context.Context, dial DialFunc, addr, word string) (string, error) {
	deadline, _ := ctx.Deadline()
	conn, err := dial("tcp", addr, max(time.Until(deadline), time.Nanosecond))
	if errors.Is(err, context.DeadlineExceeded) {
		<-ctx.Done() // at once: its cause says more
	}
	if err != nil {
		return "", because(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	if _, err := io.WriteString(conn, word); err != nil {
		return "", because(ctx, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	if len(answer) > maxAnswer {
		return "", fmt.Errorf("%s: the answer has more than %d bytes", word, maxAnswer)
	}
	if len(answer) > 0 && (err == nil || ctx.Err() == nil) { // else the answer is incomplete
		return string(answer), nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return "", fmt.Errorf("%s: %w", word, because(ctx, err))
}

// because adds the end of ctx as the reason of an error that it caused.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// ParseStatus parses the answer to "srvr" (or "stat", which begins alike).
func ParseStatus(answer string) (Status, error) {
	if strings.Contains(answer, "not currently serving requests") {
		return Status{}, ErrNotServing
	}
	var s Status
	for line := range strings.SplitSeq(answer, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		if err := s.set(key, strings.TrimSpace(value)); err != nil {
			return Status{}, err
		}
	}
	if s.Role == "" {
		return Status{}, fmt.Errorf("not a status of a ZooKeeper server: %.80q", answer)
	}
	return s, nil
}

// set parses one line of the answer. It skips lines for which Status has no field.
func (s *Status) set(key, value string) error {
	ok, want := true, ""
	switch key {
	case "Zookeeper version":
		// 3.9.3-<commit>, built on <date>
		s.Version = value[:strings.IndexAny(value+",", "-,")]
	case "Latency min/avg/max":
		s.Latency, ok = parseLatency(value)
		want = "min/avg/max in milliseconds"
	case "Connections":
		n, err := strconv.ParseUint(value, 10, 31)
		s.Connections, ok = int(n), err == nil
		want = "a number"
	case "Received":
		s.Received, ok = parseCount(value)
		want = "a number"
	case "Sent":
		s.Sent, ok = parseCount(value)
		want = "a number"
	case "Outstanding":
		s.Outstanding, ok = parseCount(value)
		want = "a number"
	case "Node count":
		n, err := strconv.ParseUint(value, 10, 31)
		s.Znodes, ok = int(n), err == nil
		want = "a number"
	case "Zxid":
		s.Zxid, ok = parseZxid(value)
		want = "a hexadecimal number of 64 bits"
	case "Mode":
		if value == readOnly {
			return ErrNotServing
		}
		s.Role, ok = parseRole(value)
		want = "leader, follower, observer or standalone"
	}
	if !ok {
		return fmt.Errorf("status line %q: expected %s, found %.80q", key, want, value)
	}
	return nil
}

func parseCount(value string) (int64, bool) {
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil && n >= 0
}

// parseLatency parses "0/0.52/13", in milliseconds.
func parseLatency(value string) (latency [3]time.Duration, ok bool) {
	const most = 1e12 // which still fits, in nanoseconds
	fields := strings.Split(value, "/")
	if len(fields) != len(latency) {
		return latency, false
	}
	for i, field := range fields {
		ms, err := strconv.ParseFloat(field, 64)
		if err != nil || !(0 <= ms && ms < most) {
			return latency, false
		}
		latency[i] = time.Duration(ms * float64(time.Millisecond))
	}
	return latency, true
}

// parseZxid parses "0x100000002", the bits of a signed 64-bit number.
func parseZxid(value string) (int64, bool) {
	zxid, err := strconv.ParseUint(strings.TrimPrefix(value, "0x"), 16, 64)
	return int64(zxid), err == nil
}

// readOnly is the mode of a server without a majority that serves read-only clients
// (readonlymode.enabled).
const readOnly = "read-only"

func parseRole(value string) (Role, bool) {
	switch role := Role(value); role {
	case Leader, Follower, Observer, Standalone:
		return role, true
	}
	return "", false
}
