//go:build unix

package container

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// The script that builds images accepts the name of a Debian release, and no other arguments.
func TestBuildArguments(t *testing.T) {
	const noDocker, usage = "no docker command", "usage: "
	for args, want := range map[string]string{
		"":                           noDocker,
		"--force":                    noDocker,
		"--suite bookworm":           noDocker,
		"--suite=bookworm --force":   noDocker,
		"--force --suite trixie":     noDocker,
		"--suite":                    usage,
		"--suite sid":                "no suite sid: trixie has ZooKeeper 3.9, bookworm 3.8",
		"bookworm":                   usage,
		"--suite bookworm --farther": usage,
	} {
		cmd := exec.Command("/bin/sh", append([]string{"../../images/zookeeper/build"}, strings.Fields(args)...)...)
		cmd.Env = []string{"PATH=/nowhere"}
		out, err := cmd.CombinedOutput()
		code := 64
		if want == noDocker {
			code = 1
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != code || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
}
