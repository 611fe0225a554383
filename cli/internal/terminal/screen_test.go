package terminal

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/lab/progress"
)

// Without a terminal, progress is a line for each phase, and another one now and then.
func TestPlainScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := NewScreen(&out, false)
		s.Say("running %s", "lock")
		p := progress.State{Phase: "setup", Limit: time.Minute, Planned: 2}
		for range 100 { // 20 s
			s.Progress(p)
			time.Sleep(200 * time.Millisecond)
		}
		p.Phase, p.Elapsed, p.OK, p.Failed, p.Unknown, p.Faults, p.Fault = "load", 12*time.Second, 5, 1, 2, 1, "pause:leader"
		s.Progress(p)
		s.End()
		want := "running lock\nsetup\nsetup\nload 12s of 1m0s: 5 ok, 1 failed, 2 unknown; faults 1 of 2, now pause:leader\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestQuietScreen(t *testing.T) {
	var out bytes.Buffer
	s := NewScreen(&out, true)
	s.Say("running")
	s.Progress(progress.State{Phase: "load"})
	s.End()
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

// A live line is removed before anything else is written, and never wraps.
func TestLiveScreen(t *testing.T) {
	var out bytes.Buffer
	s := &Screen{out: &out, live: true}
	s.Progress(progress.State{Phase: "starting"})
	s.Say("interrupted")
	s.Progress(progress.State{Phase: string(bytes.Repeat([]byte("x"), 200))})
	s.End()
	s.End()
	want := "starting\x1b[J\r" + "\r\x1b[Jinterrupted\n" + string(bytes.Repeat([]byte("x"), 79)) + "\x1b[J\r" + "\r\x1b[J"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// The width of a live line is that on the terminal, whatever its characters are.
func TestLiveScreenOfCharacters(t *testing.T) {
	const columns = 79 // one less than the width of the terminal
	for name, c := range map[string]struct {
		text, want string
		ascii      bool
	}{
		"long":         {text: strings.Repeat("é", 100), want: strings.Repeat("é", columns)},
		"wide":         {text: strings.Repeat("日", 100), want: strings.Repeat("日", columns/2)},
		"short":        {text: "5 µs", want: "5 µs"},
		"in ASCII":     {text: "load…", want: "load...", ascii: true},
		"cut in ASCII": {text: strings.Repeat("…", 40), want: strings.Repeat(".", columns), ascii: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := &Screen{out: &out, live: true}
			if c.ascii {
				s.out = asciiWriter{&out}
			}
			s.Show("", c.text)
			s.End()
			want := c.want + "\x1b[J\r" + "\r\x1b[J"
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
