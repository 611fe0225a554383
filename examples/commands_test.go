package examples

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The shell creates, lists, reads and removes znodes.
func shell(t *testing.T, e ensemble) {
	e.zklab(t, 0, "", "shell", e.servers, "-c", "create /my-app", "-c", "create /my-app/greeting hello", "-c", "ls /my-app")
	e.zklab(t, 0, "", "shell", e.servers, "-c", "cat /my-app/greeting")
	e.zklab(t, 0, "", "shell", e.servers, "-c", "rm -r /my-app")
}

// The monitor reports what somebody else does to znodes.
func monitor(t *testing.T, e ensemble) {
	e.zklab(t, 0, "", "shell", e.servers, "-c", "create /watched")
	m := e.zklabStarts(t, "&", "monitor", e.servers+"/watched", "--count", "3")
	m.await("connected")
	for _, step := range []struct{ command, seen string }{
		{"create /watched/a hello", `created /a( |$)`}, // with the data if they were read soon (docs/monitor.md)
		{"set /watched/a bye", "changed /a"},
		{"rm /watched/a", "deleted /a"},
	} {
		e.zklab(t, 0, "^$", "shell", e.servers, "-c", step.command)
		m.await(step.seen)
	}
	m.exits(0, "")
}

// A benchmark tells how long calls take. The rest of its output depends on the speed of the machine.
func benchmark(t *testing.T, e ensemble) {
	p := e.zklabStarts(t, "", "run", "lock", "--ensemble", "external", "--servers", e.servers, "--faults", "none", "--time-limit", "1s")
	p.ends()
	p.await("latency +median / p99: acquire .*, release ")
	if code := p.cmd.ProcessState.ExitCode(); code != 0 && code != 2 {
		t.Errorf("exit code %d:\n%s", code, strings.Join(p.out.since(0), "\n"))
	}
}

// The leader is killed: the report tells which servers are left, and which one leads now.
func health(t *testing.T, e ensemble) {
	report := func(wait, first string, roles ...string) {
		t.Helper()
		lines := e.zklab(t, 0, "^$", "ensemble", "status", e.servers, "--wait", wait, "--timeout", "1m")
		e.page.add(lines[0])
		var servers []string
		for _, line := range lines {
			if server := regexp.MustCompile(`^127\S+ +(leader|follower|no answer)`).FindString(line); server != "" {
				servers = append(servers, server)
			}
		}
		slices.SortFunc(servers, func(a, b string) int { return strings.Compare(role(a), role(b)) })
		for i, server := range servers {
			e.page.add(server)
			servers[i] = role(server)
		}
		if !strings.HasPrefix(lines[0], first) || !slices.Equal(servers, roles) {
			t.Errorf("not %s %q:\n%s", first, roles, strings.Join(lines, "\n"))
		}
	}
	report("healthy", "healthy: 3 of 3 serve", "follower", "follower", "leader")
	e.control(t, "kill", "leader")
	report("serving", "degraded: 2 of 3 serve", "follower", "leader", "no")
	e.control(t, "start", "all")
	report("healthy", "healthy: 3 of 3 serve", "follower", "follower", "leader")
}

// role returns the second column of a line of the report.
func role(server string) string { return strings.Fields(server)[1] }
