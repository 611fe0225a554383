package container

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

func TestOwnerLives(t *testing.T) {
	me := self()
	if got := me.lives(me); got != alive {
		t.Errorf("this process: %v", got)
	}
	if got := ownerOf(run{owner: me}.labels(0)); got != me {
		t.Errorf("read back from labels: %+v, want %+v", got, me)
	}
	for name, test := range map[string]struct {
		change func(*owner)
		want   life
	}{
		"a later process with its id": {func(o *owner) { o.start = "1" }, dead},
		"before a reboot":             {func(o *owner) { o.boot = "x" }, dead},
		"another machine":             {func(o *owner) { o.host = "elsewhere"; o.boot = "x" }, unknown},
		"another container":           {func(o *owner) { o.pidns = "pid:[1]" }, unknown},
		"no labels":                   {func(o *owner) { *o = owner{} }, unknown},
		"no such process":             {func(o *owner) { o.pid = 1 << 30 }, dead},
		"no /proc then, alive":        {func(o *owner) { o.start = "" }, alive},
		"no /proc then, dead":         {func(o *owner) { o.start = ""; o.pid = 1 << 30 }, dead},
	} {
		o := me
		test.change(&o)
		if got := o.lives(me); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// A killed process whose parent has not asked for its end is no owner any more.
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
	o := self()
	o.pid, o.start = cmd.Process.Pid, start
	cmd.Process.Kill()
	for o.lives(self()) != dead { // bounded by the test's own time-out
		runtime.Gosched()
	}
}
