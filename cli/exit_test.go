package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/internal/lab/workers"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
)

func TestExitCodes(t *testing.T) {
	for verdict, want := range map[checker.Result]int{checker.Valid: 0, checker.Violation: 1, checker.Unknown: 2, "": 2} {
		if got := exitOf(verdict); got != want {
			t.Errorf("%q: %d, want %d", verdict, got, want)
		}
	}
	for name, tt := range map[string]struct {
		err   error
		usage bool
		code  int
		says  string
	}{
		"nothing":             {nil, false, 0, ""},
		"verdict":             {fmt.Errorf("wrapped: %w", verdictError{2}), false, 2, ""},
		"arguments":           {errors.New("unknown flag"), true, 64, "error: unknown flag\n"},
		"usage":               {usageError("--clients %d", 0), false, 64, "error: --clients 0\n"},
		"a panic in a worker": {fmt.Errorf("seed 1: %w", workers.ErrDied), false, 70, "error: seed 1: the process that ran it ended\n"},
		"failure":             {errors.New("no engine"), false, 3, "error: no engine\n"},
		"several failures":    {errors.Join(errors.New("one"), errors.New("two")), false, 3, "error: one; two\n"},
		"stopped":             {fmt.Errorf("interrupted: %w", context.Canceled), false, 130, "error: interrupted\n"},
		"interrupted twice":   {fmt.Errorf("%w", context.Canceled), false, 130, "error: interrupted\n"},
		"nobody reads":        {fmt.Errorf("print: %w", &fs.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.EPIPE}), false, 3, ""},
		"a pipe elsewhere":    {&fs.PathError{Op: "write", Path: "fifo", Err: syscall.EPIPE}, false, 3, "error: write fifo: broken pipe\n"},
	} {
		var said bytes.Buffer
		if code := finish(tt.err, tt.usage, nil, &said); code != tt.code || said.String() != tt.says {
			t.Errorf("%s: %d, %q", name, code, said.String())
		}
	}
}

// Undecided and a panic are told apart between child and parent.
func TestSupervisedCodes(t *testing.T) {
	for _, code := range []int{exitValid, exitViolation, exitUnknown, exitFailed, exitUsage, exitDefect, exitInterrupted} {
		sent := toParent(code)
		if sent == goPanic {
			t.Errorf("%d is sent as a panic", code)
		}
		if got := fromChild(sent); got != code {
			t.Errorf("%d arrives as %d", code, got)
		}
	}
	if got := fromChild(goPanic); got != exitDefect {
		t.Errorf("a panic is %d", got)
	}
}

func TestCodesAfterSignals(t *testing.T) {
	for s, want := range map[os.Signal]int{
		os.Interrupt: 130, syscall.SIGTERM: 130, syscall.SIGHUP: 130, os.Kill: 3, syscall.SIGSEGV: 70, syscall.SIGABRT: 70,
	} {
		var said bytes.Buffer
		if got := afterSignal(s, &said); got != want || (said.Len() > 0) != (s == os.Kill) {
			t.Errorf("%v: %d, %q", s, got, said.String())
		}
	}
}

// Off a terminal, progress is a line for each phase and one now and then.
func TestPlainScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := newScreen(&out, false)
		s.say("running %s", "lock")
		p := progress.State{Phase: "setup", Limit: time.Minute, Planned: 2}
		for range 100 { // 20 s
			s.progress(p)
			time.Sleep(200 * time.Millisecond)
		}
		p.Phase, p.Elapsed, p.OK, p.Failed, p.Unknown, p.Faults, p.Fault = "load", 12*time.Second, 5, 1, 2, 1, "pause:leader"
		s.progress(p)
		s.end()
		want := "running lock\nsetup\nsetup\nload 12s of 1m0s: 5 ok, 1 failed, 2 unknown; faults 1 of 2, now pause:leader\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestQuietScreen(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, true)
	s.say("running")
	s.progress(progress.State{Phase: "load"})
	s.end()
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

// A live line is removed before anything else is written, and never wraps.
func TestLiveScreen(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, live: true}
	s.progress(progress.State{Phase: "starting"})
	s.say("interrupted")
	s.progress(progress.State{Phase: string(bytes.Repeat([]byte("x"), 200))})
	s.end()
	s.end()
	want := "starting\x1b[J\r" + "\r\x1b[Jinterrupted\n" + string(bytes.Repeat([]byte("x"), 79)) + "\x1b[J\r" + "\r\x1b[J"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// A live line is as wide as the terminal shows it, whatever its characters are.
func TestLiveScreenOfCharacters(t *testing.T) {
	const columns = 79 // one less than the terminal has
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
			s := &screen{out: &out, live: true}
			if c.ascii {
				s.out = asciiWriter{&out}
			}
			s.show("", c.text)
			s.end()
			want := c.want + "\x1b[J\r" + "\r\x1b[J"
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A flag that was given beats the file, and the file beats the default.
func TestMerge(t *testing.T) {
	none, seed := 0, int64(9)
	path := t.TempDir() + "/x.yaml"
	err := store.WriteExperiment(path, store.Experiment{
		Recipe: "queue", Settings: settings.Settings{Clients: 7, Rate: 50, TimeLimit: 20 * time.Second, Strict: true}, MinLoad: &none, Seed: &seed, Faults: []string{"pause"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want func(x *store.Experiment)
	}{
		"file alone": {nil, func(*store.Experiment) {}},
		"flags": {
			[]string{"--clients", "2", "--faults", "expire:any,pause", "--min-load", "3", "--seed", "4", "--strict=false"},
			func(x *store.Experiment) {
				x.Clients, x.Faults, x.Strict = 2, []string{"expire:any,pause"}, false
				*x.MinLoad, *x.Seed = 3, 4
			},
		},
		"no faults": {[]string{"--faults", "none"}, func(x *store.Experiment) { x.Faults = nil }},
		"recipe":    {[]string{"lock"}, func(x *store.Experiment) { x.Recipe = "lock" }},
	} {
		want, wantSeed, wantLoad := defaults()
		want.Recipe, want.Clients, want.Rate, want.TimeLimit, want.Faults, want.Strict = "queue", 7, 50, 20*time.Second, []string{"pause"}, true
		*wantSeed, *wantLoad = 9, 0
		tt.want(want)

		got, err := merged(append([]string{"--config", path}, tt.args...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// merged is the experiment of a command line.
func merged(args []string) (store.Experiment, error) {
	x, seed, minLoad := defaults()
	f := &runFlags{}
	cmd := runCommand(x, seed, minLoad, f, repeat)
	if err := cmd.ParseFlags(args); err != nil {
		return *x, err
	}
	return merge(cmd, f, x, cmd.Flags().Args())
}

// A run with faults is long enough for each, unless somebody says how long.
func TestTimeLimit(t *testing.T) {
	path := t.TempDir() + "/x.yaml"
	if err := store.WriteExperiment(path, store.Experiment{Recipe: "lock", Settings: settings.Settings{TimeLimit: 7 * time.Second}}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want time.Duration
	}{
		"no faults":   {[]string{"lock"}, 10 * time.Second},
		"two faults":  {[]string{"lock", "--faults", "pause,expire"}, 30 * time.Second},
		"soon":        {[]string{"lock", "--faults", "pause", "--fault-interval", "1s"}, 10 * time.Second},
		"flag":        {[]string{"lock", "--faults", "pause,expire", "--time-limit", "5s"}, 5 * time.Second},
		"all":         {[]string{"lock", "--faults", "all", "--fault-interval", "1m"}, time.Duration(1+available(t)) * time.Minute},
		"three times": {[]string{"lock", "--faults", "sequence:times=3,pause+20s"}, 85 * time.Second},
		"fixed":       {[]string{"lock", "--faults", "pause@50s+20s,expire"}, 70 * time.Second},
		"file":        {[]string{"--config", path, "--faults", "pause,expire"}, 7 * time.Second},
		"flag beside": {[]string{"--config", path, "--faults", "pause,expire", "--time-limit", "5s"}, 5 * time.Second},
	} {
		stored, err := merged(tt.args)
		if err != nil {
			t.Fatal(err)
		}
		x, err := experimentOf(stored, &runFlags{})
		if err != nil {
			t.Fatal(err)
		}
		if x, err = x.Complete(); err != nil || x.TimeLimit != tt.want {
			t.Errorf("%s: %s, %v", name, x.TimeLimit, err)
		}
	}
}

// The image of a file goes with its containers, and nowhere else.
func TestImageOfFile(t *testing.T) {
	path := t.TempDir() + "/x.yaml"
	if err := store.WriteExperiment(path, store.Experiment{Recipe: "lock", Ensemble: inContainers, Image: "i"}); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"i": nil, "": {"--ensemble", inProcess}, "j": {"--image", "j"},
	} {
		x, err := merged(append([]string{"--config", path}, args...))
		if err != nil || x.Image != want {
			t.Errorf("%q: %q, %v", args, x.Image, err)
		}
	}
}

// available counts the faults that "all" has on the embedded ensemble.
func available(t *testing.T) (n int) {
	e, err := embedded.Config{}.Sketch()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range faults.Kinds() {
		if !k.Harsh && k.Plain().Available(faults.Setting{Ensemble: e}) == nil {
			n++
		}
	}
	return n
}
