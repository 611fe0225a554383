package main

import (
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir:  dir,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "occupy": occupy},
	}
}

// exits runs a command and asserts its exit code. Its streams are for stdout
// and stderr of the script, as those of exec.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [argument...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%v: exit code %d, want %d", args[1:], got, want)
	}
}

// occupy listens on three ports for the rest of the script: the variable PORTS
// names them, ready for --ports.
func occupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: occupy")
	}
	var ports []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Defer(func() { l.Close() })
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ports = append(ports, port)
	}
	ts.Setenv("PORTS", strings.Join(ports, ","))
}
