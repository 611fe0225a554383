package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/internal/lab/workers"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

// workerEnv is the variable that makes this test binary a worker.
const workerEnv = "SWEEP_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) == "" {
		testmain.Main(m)
		return
	}
	err := workers.Serve(context.Background(), os.Stdin, os.Stdout, serve, 100*time.Millisecond, func() { os.Exit(9) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is the runner of workers: what it does depends on the seed.
func serve(ctx context.Context, t Task) (Line, error) {
	switch t.Seed {
	case 3: // dies, once
		once := t.Folder + ".died"
		if _, err := os.Stat(once); err != nil {
			_ = os.WriteFile(once, nil, 0o644)
			_ = os.MkdirAll(t.Folder, 0o755)
			os.Exit(7)
		}
		if _, err := os.Stat(t.Folder); err == nil {
			return Line{}, errors.New("the folder of the first try is there")
		}
	case 4: // dies each time
		os.Exit(7)
	case 5:
		return Line{}, errors.New("no servers")
	case 6: // ends when it is stopped
		<-ctx.Done()
		return Line{}, ctx.Err()
	case 7: // does not end when it is stopped
		select {}
	case 8:
		fmt.Println("what is no answer")
	}
	return Line{Verdict: checker.Valid, Drawn: fmt.Sprint(os.Getpid())}, nil
}

func worker(t *testing.T) Worker {
	t.Helper()
	self := must.Get(os.Executable())(t)
	w := NewWorker(workers.Config{Command: []string{self}, Env: []string{workerEnv + "=1"}, Stderr: os.Stderr, Patience: time.Minute})
	t.Cleanup(w.Close)
	return w
}

// One process runs many seeds. A process that dies is replaced, and its seed is run once more; if the
// second process dies as well, the line of the seed says so.
func TestWorker(t *testing.T) {
	w, dir := worker(t), t.TempDir()
	run := func(seed int64) (Line, error) {
		return w.Run(t.Context(), Task{seed, filepath.Join(dir, fmt.Sprint(seed))})
	}
	first, err1 := run(1)
	second, err2 := run(2)
	if err1 != nil || err2 != nil || first.Drawn != second.Drawn || first.Drawn == "" {
		t.Errorf("%+v, %v; %+v, %v", first, err1, second, err2)
	}
	third, err := run(3)
	if err != nil || third.Verdict != checker.Valid || third.Drawn == first.Drawn {
		t.Errorf("one death: %+v, %v", third, err)
	}
	if l, err := run(4); err != nil || !strings.HasPrefix(l.Error, "twice the process that ran it ended: exit status 7") {
		t.Errorf("two deaths: %+v, %v", l, err)
	}
	if _, err := run(5); err == nil || err.Error() != "no servers" {
		t.Errorf("no run: %v", err)
	}
	if l, err := run(8); err != nil || !strings.Contains(l.Error, "twice") {
		t.Errorf("no answer: %+v, %v", l, err)
	}
	if l, err := run(1); err != nil || l.Verdict != checker.Valid {
		t.Errorf("afterwards: %+v, %v", l, err)
	}
}

// A stopped worker leaves no process, whether its run ends by itself or not.
func TestWorkerStopped(t *testing.T) {
	for _, seed := range []int64{6, 7} {
		w := worker(t)
		must.Get(w.Run(t.Context(), Task{Seed: 1}))(t)
		pid := w.PID()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := w.Run(ctx, Task{Seed: seed})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !procgroup.Gone(pid) {
			t.Errorf("seed %d: %v, gone: %v", seed, err, procgroup.Gone(pid))
		}
	}
}

// Input that is not meant for a worker is refused with an explanation.
func TestServeIsForOneCommand(t *testing.T) {
	err := workers.Serve(t.Context(), strings.NewReader("hello\n"), &strings.Builder{}, serve, time.Minute, func() { t.Error("given up") })
	if err == nil || !strings.Contains(err.Error(), "only the command that starts a worker") {
		t.Error(err)
	}
	if err := workers.Serve(t.Context(), strings.NewReader(""), &strings.Builder{}, serve, time.Minute, func() { t.Error("given up") }); err != nil {
		t.Error(err)
	}
}
