package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/ports"
)

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"GOGC", testsEnv, procEnv} {
				env.Setenv(name, os.Getenv(name))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "occupy": occupy, "vacant": vacant, "await": awaitText, "serves": serves, "word": word, "znode": znode,
			"somebody": somebody, "znodes": znodes, "downs": downs, "gzip": gzipFile, "get": get, "says": says,
		},
	}
}

// says asserts that the latest output matches, whatever its line breaks: the lines of a text under one name are one line.
func says(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: says regexp")
	}
	text := unwrapped(ts.ReadFile("stdout"))
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	if pattern.MatchString(text) == neg {
		ts.Fatalf("says %q: %t is wanted, of\n%s", args[0], !neg, text)
	}
}

// unwrapped joins the lines under one name to one line.
func unwrapped(output string) string {
	var text strings.Builder
	before := ""
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		goesOn := strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "    - ") || before != "" && line != "" && before[0] != ' ' && line[0] != ' '
		switch {
		case before != "" && goesOn:
			text.WriteString(" " + strings.TrimSpace(line))
		default:
			text.WriteString("\n" + line)
		}
		before = line
	}
	return text.String()
}

// gzipFile writes a compressed copy of a file beside it.
func gzipFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gzip file")
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(errors.Join(err, z.Close(), os.WriteFile(ts.MkAbs(args[0]+".gz"), b.Bytes(), 0o600)))
}

// get requests a page from the server whose address is the first line of a file, and writes it to stdout of
// the script; negated, the server must refuse the request.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: get file page")
	}
	address, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	client := &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(strings.TrimSuffix(address, "/") + args[1])
	ts.Check(err)
	defer answer.Body.Close()
	_, err = io.Copy(ts.Stdout(), answer.Body)
	ts.Check(err)
	if neg == (answer.StatusCode == http.StatusOK) {
		ts.Fatalf("%s: %s", args[1], answer.Status)
	}
}

// downs ends ensembles in the background at the end of the script, however the script ends. The
// variable UID is the user's number.
func downs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: downs")
	}
	ts.Setenv("UID", strconv.Itoa(os.Getuid()))
	ts.Defer(func() { _ = ts.Exec("zklab", "ensemble", "down", "--all") })
}

// exits runs a command and asserts its exit code, or one of several: 0,2. The command's output is
// stdout and stderr of the script, as with exec.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code[,code] command [argument...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(got)) {
		ts.Fatalf("%v: exit code %d, want %s", args[1:], got, args[0])
	}
}

// occupy listens on three ports for the rest of the script: the variable PORTS
// names them, ready for --ports, and PORT the last of them.
func occupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: occupy")
	}
	var ports []string
	for range 3 {
		l := listen(ts, "0")
		ts.Defer(func() { l.Close() })
		ports = append(ports, portOf(l))
	}
	ts.Setenv("PORTS", strings.Join(ports, ","))
	ts.Setenv("PORT", ports[2])
}

// vacant reserves four consecutive free ports until the end of the script: the variables PORT1 to PORT4.
func vacant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: vacant")
	}
	first, release, err := ports.Reserve(4)
	ts.Check(err)
	ts.Defer(release)
	for i, name := range []string{"PORT1", "PORT2", "PORT3", "PORT4"} {
		ts.Setenv(name, strconv.Itoa(first+i))
	}
}

func listen(ts *testscript.TestScript, port string) net.Listener {
	l, err := net.Listen("tcp", net.JoinHostPort(backend.Loopback, port))
	ts.Check(err)
	return l
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// awaitText waits until a line of a file matches, for example in the output of a background command.
func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await file pattern")
	}
	wanted, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if b, _ := os.ReadFile(ts.MkAbs(args[0])); wanted.Match(b) {
			return
		}
	}
	ts.Fatalf("no %s in %s for two minutes", wanted, args[0])
}

// serves asserts that each of the servers serves clients; negated, that nothing listens at any of the
// addresses.
func serves(ts *testscript.TestScript, neg bool, addrs []string) {
	for _, addr := range addrs {
		if !neg {
			_, err := ensemble.AskStatus(context.Background(), net.DialTimeout, addr)
			ts.Check(err)
		} else if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			ts.Fatalf("somebody listens at %s", addr)
		}
	}
}

// word sends a server a four-letter word and writes its answer to stdout of the script.
func word(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: word conf address")
	}
	conn, err := net.Dial("tcp", args[1])
	ts.Check(err)
	defer conn.Close()
	_, err = io.WriteString(conn, args[0])
	ts.Check(err)
	_, err = io.Copy(ts.Stdout(), conn)
	ts.Check(err)
}

// znode creates a znode through a server, or asserts that it exists there.
func znode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: znode create|exists address path")
	}
	conn, events, err := zk.Connect(args[1:2], 10*time.Second, zk.WithLogInfo(false))
	ts.Check(err)
	defer func() {
		conn.Close()
		for range events { //nolint:revive // closed when the client's goroutines have ended
		}
	}()
	if args[0] == "create" {
		_, err = conn.Create(args[2], nil, 0, zk.WorldACL(zk.PermAll))
		ts.Check(err)
		return
	}
	_, err = conn.Sync("/")
	ts.Check(err)
	if there, _, err := conn.Exists(args[2]); err != nil || !there {
		ts.Fatalf("%s: %v, %v", args[2], there, err)
	}
}
