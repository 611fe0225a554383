package owner

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
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

// A killed process that its parent has not waited for is no longer an owner.
func TestZombieIsDead(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	start, err := processStart(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	o := Self()
	o.PID, o.Start = cmd.Process.Pid, start
	cmd.Process.Kill()
	for o.Lives(Self()) != Dead { // bounded by the test's own timeout
		runtime.Gosched()
	}
}
