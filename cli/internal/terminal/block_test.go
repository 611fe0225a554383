package terminal

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/progress"
)

// busy returns the state of a run of a lock after five seconds: client 0 holds k0, client 1 waits for it, and
// a fault is in effect.
func busy() (*vitals, progress.State) {
	v := newVitals(models.Lock)
	at := func(ms int, e history.Event) {
		e.Time = time.Duration(ms) * time.Millisecond
		v.observe(e)
	}
	session := func(ms, client int, f string) {
		at(ms, history.Event{Process: history.SessionProcess, Client: client, Session: history.ID(client + 1), Type: history.Info, F: f})
	}
	call := func(ms, took, client int, f, key string) {
		at(ms, history.Event{Process: history.Process(client), Client: client, Type: history.Invoke, F: f, Key: key})
		if took > 0 {
			at(ms+took, history.Event{Process: history.Process(client), Client: client, Type: history.OK, F: f, Key: key})
		}
	}
	for client := range 3 {
		session(0, client, history.FConnected)
	}
	call(100, 20, 0, models.FAcquire, "k0")
	call(900, 10, 0, models.FRelease, "k0")
	call(1100, 40, 2, models.FAcquire, "k1")
	call(3100, 5, 2, models.FRelease, "k1")
	call(3200, 80, 0, models.FAcquire, "k0")
	session(3500, 2, history.FDisconnected)
	session(3600, 2, history.FExpired)
	at(4000, history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: "pause",
		Value: history.Value(history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader"}),
	})
	call(5500, 0, 1, models.FAcquire, "k0")
	return v, progress.State{Phase: "load", Elapsed: 5 * time.Second, Limit: time.Minute, Faults: 1, Planned: 2}
}

func TestBlock(t *testing.T) {
	v, s := busy()
	want := []string{
		"load 5s of 1m0s",
		"  rate      1.0 ok/s; 5 ok, 0 failed, 0 unknown",
		"  p99       80 ms    ▂▄ █   up to 80 ms",
		"  faults    1 of 2 took effect; now pause:leader for 1.5 s",
		"  sessions  2 connected, 1 expired so far",
		"  held      k0 by client 0; k1 by nobody; 1 client waits",
	}
	if d := cmp.Diff(want, v.block(s, canvas{width: 99})); d != "" {
		t.Error(d)
	}
	plain := v.block(s, canvas{width: 99, ascii: true})
	if want := "  p99       80 ms    .- #   up to 80 ms"; plain[2] != want {
		t.Errorf("%q, want %q", plain[2], want)
	}
	painted := v.block(s, canvas{width: 99, paint: true})
	if want := "  \x1b[2mfaults    \x1b[m1 of 2 took effect; now \x1b[33mpause:leader for 1.5 s\x1b[m"; painted[3] != want {
		t.Errorf("%q, want %q", painted[3], want)
	}
	s.Elapsed, s.Phase = 0, "starting the servers"
	if d := cmp.Diff([]string{"starting the servers"}, v.block(s, canvas{width: 99})); d != "" {
		t.Error(d)
	}
}

// No line is wider than the terminal, and keys never take more than a few lines.
func TestBlockFits(t *testing.T) {
	v, s := busy()
	for i := range 60 {
		v.observe(history.Event{Process: 9, Client: 9, Type: history.Invoke, F: models.FAcquire, Key: "some/key/" + strings.Repeat("x", i), Time: 6 * time.Second})
	}
	for width := 19; width < 120; width++ {
		for _, c := range []canvas{{width: width}, {width: width, ascii: true}, {width: width, paint: true}} {
			lines := v.block(s, c)
			if len(lines) > 5+mostHolderLines {
				t.Fatalf("%d lines at %d", len(lines), width)
			}
			for _, line := range lines {
				if n := ansi.StringWidth(line); n > width || strings.Contains(line, "\n") {
					t.Fatalf("%d columns at %d: %q", n, width, line)
				}
			}
		}
	}
}

// An object that cannot be held has no line about holders.
func TestBlockOfAnObjectWithoutHolders(t *testing.T) {
	v := newVitals(models.Named("register"))
	v.observe(history.Event{Process: 0, Type: history.Invoke, F: models.FWrite, Key: "k0"})
	got := v.block(progress.State{Phase: "load", Elapsed: time.Second, Limit: time.Minute}, canvas{width: 79})
	if text := strings.Join(got, "\n"); len(got) != 5 || strings.Contains(text, "held") || !strings.Contains(text, "none planned") {
		t.Error(text)
	}
}

// A block replaces the previous one, and nothing of it is left at the end. The cursor is at the beginning of
// the last line, so that an echoed ^C does not make another line.
func TestScreenDrawsABlockAnew(t *testing.T) {
	var out bytes.Buffer
	s := &Screen{out: &out, live: true}
	observe := s.Follows(models.Lock)
	observe(history.Event{Process: 0, Type: history.Invoke, F: models.FAcquire, Key: "k0"})
	s.Progress(progress.State{Phase: "load", Elapsed: time.Second, Limit: time.Minute})
	first := out.String()
	if strings.Count(first, "\n") != 5 || strings.Contains(first, ansi.CursorUp(5)) || !strings.HasSuffix(first, "\x1b[J\r") {
		t.Errorf("%q", first)
	}
	out.Reset()
	s.Progress(progress.State{Phase: "load", Elapsed: 2 * time.Second, Limit: time.Minute})
	if got := out.String(); !strings.HasPrefix(got, "\r"+ansi.CursorUp(5)+"load 2s of 1m0s\x1b[K\n") {
		t.Errorf("%q", got)
	}
	out.Reset()
	s.Say("interrupted")
	if want, got := "\r"+ansi.CursorUp(5)+"\x1b[Jinterrupted\n", out.String(); got != want {
		t.Errorf("%q", got)
	}
	out.Reset()
	s.End()
	if out.Len() > 0 {
		t.Errorf("%q was removed twice", out.String())
	}
}

// A run is not followed if nothing is drawn.
func TestScreenWithoutBlock(t *testing.T) {
	for _, s := range []*Screen{NewScreen(&bytes.Buffer{}, false), {live: true, quiet: true}} {
		if s.Follows(models.Lock) != nil {
			t.Error("it follows")
		}
	}
}
