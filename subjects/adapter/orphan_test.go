//go:build linux

package adapter

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/internal/testkit/must"
)

func init() { programs[parentEnv] = runParent }

// runParent is a harness that starts an adapter, freezes it, prints its process group,
// and waits to be killed. A command with blanks is a line for the shell.
func runParent(command string) {
	cfg := Config{Command: []string{command}, Env: []string{parentEnv + "=", fakeEnv + "=" + honest}, Servers: []string{os.Args[1]}, SessionTimeout: time.Minute, OpenTimeout: time.Minute}
	if strings.Contains(command, " ") {
		cfg.Command = Shell(command)
	}
	if os.Args[2] == "frozen, by nohup" {
		signal.Ignore(syscall.SIGHUP)
	}
	p, err := Start(context.Background(), cfg)
	if err == nil && os.Args[2] != "running" {
		err = p.Freeze()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.PID())
	select {}
}

// No process outlives a harness that is killed, whether the process was frozen or not,
// and neither does what a shell started.
func TestKilledHarnessLeavesNothing(t *testing.T) {
	l := newLab(t)
	for _, command := range []string{self(t), "cat | " + self(t) + " | cat"} {
		for _, state := range []string{"frozen", "frozen, by nohup", "running"} {
			t.Run(state, func(t *testing.T) {
				cmd := exec.Command(self(t), l.servers[0], state)
				cmd.Env = append(os.Environ(), parentEnv+"="+command)
				out, err := cmd.StdoutPipe()
				must.Do(t, err)
				must.Do(t, cmd.Start())
				said, err := bufio.NewReader(out).ReadString('\n')
				var group int
				if _, scan := fmt.Sscan(said, &group); scan != nil {
					t.Fatalf("%s, %v", said, err)
				}
				stopped, err := procgroup.Stopped(group)
				if err != nil || stopped != (state != "running") || procgroup.Gone(group) {
					t.Fatalf("group %d: stopped %v, %v", group, stopped, err)
				}
				must.Do(t, cmd.Process.Kill())
				_ = cmd.Wait()
				for end := time.Now().Add(time.Minute); !procgroup.Gone(group); time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						left := procgroup.Members(group)
						procgroup.Kill(group)
						t.Fatalf("left behind: %s", left)
					}
				}
			})
		}
	}
}
