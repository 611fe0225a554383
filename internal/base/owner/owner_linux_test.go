package owner

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestOwnerLives(t *testing.T) {
	me := Self()
	if got := me.Lives(me); got != Alive {
		t.Errorf("this process: %v", got)
	}
	for name, test := range map[string]struct {
		change func(*Process)
		want   Life
	}{
		"a later process with its id": {func(o *Process) { o.Start = "1" }, Dead},
		"before a reboot":             {func(o *Process) { o.Boot = "x" }, Dead},
		"another machine":             {func(o *Process) { o.Host = "elsewhere"; o.Boot = "x" }, Unknown},
		"another container":           {func(o *Process) { o.PidNS = "pid:[1]" }, Unknown},
		"no labels":                   {func(o *Process) { *o = Process{} }, Unknown},
		"no such process":             {func(o *Process) { o.PID = 1 << 30 }, Dead},
		"no /proc then, alive":        {func(o *Process) { o.Start = "" }, Alive},
		"no /proc then, dead":         {func(o *Process) { o.Start = ""; o.PID = 1 << 30 }, Dead},
	} {
		o := me
		test.change(&o)
		if got := o.Lives(me); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// waitsEnv makes the test program a process that waits until its standard input ends; see TestZombieIsDead.
const waitsEnv = "ZKLAB_TEST_WAITS"

// A killed process that its parent has not waited for is no longer an owner.
func TestZombieIsDead(t *testing.T) {
	if os.Getenv(waitsEnv) != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestZombieIsDead$")
	cmd.Env = append(os.Environ(), waitsEnv+"=1")
	if _, err := cmd.StdinPipe(); err != nil { // open until the test ends, so that the process lives until it is killed
		t.Fatal(err)
	}
	must.Do(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	start := must.Get(processStart(cmd.Process.Pid))(t)
	o := Self()
	o.PID, o.Start = cmd.Process.Pid, start
	if o.Lives(Self()) != Alive {
		t.Error("it is dead before it is killed")
	}
	must.Do(t, cmd.Process.Kill())
	for o.Lives(Self()) != Dead { // bounded by the test's own timeout
		runtime.Gosched()
	}
}
