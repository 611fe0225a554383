package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// rehearsal performs a documented command, in a process and a folder of its own. The folder is empty at first.
type rehearsal struct {
	*testing.T
	docCommand
	words    []string // the words of the line, split as by a shell, without zklab
	stores   string   // the folder from newStores
	checkout string   // zklab's own folder
	in       string   // the folder in which the command runs
	env      []string // what the environment of the command has in addition to that of the tests
}

// at returns the path of a file that the command finds under this name.
func (d *rehearsal) at(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.in, name)
}

// place copies a folder of newStores to the place where the command looks for it.
func (d *rehearsal) place(name, to string) {
	d.Helper()
	to = d.at(to)
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.CopyFS(to, os.DirFS(filepath.Join(d.stores, name)))); err != nil {
		d.Fatal(err)
	}
}

func (d *rehearsal) write(name, text string) {
	d.Helper()
	if err := os.WriteFile(d.at(name), []byte(text), 0o755); err != nil {
		d.Fatal(err)
	}
}

// read returns the contents of a file, which must not be empty.
func (d *rehearsal) read(name string) string {
	d.Helper()
	text, err := os.ReadFile(d.at(name))
	if err != nil {
		d.Fatal(err)
	}
	if len(text) == 0 {
		d.Errorf("%s is empty", name)
	}
	return string(text)
}

// replace replaces a documented value in the command.
func (d *rehearsal) replace(pattern, by string) {
	for i, word := range d.words {
		d.words[i] = regexp.MustCompile(pattern).ReplaceAllLiteralString(word, by)
	}
}

// insert adds flags to the command.
func (d *rehearsal) insert(flags ...string) {
	cmd, _, err := zklabRoot().Find(d.words)
	if err != nil {
		d.Fatal(err)
	}
	n := len(strings.Fields(cmd.CommandPath())) - 1
	d.words = append(d.words[:n:n], append(flags, d.words[n:]...)...)
}

// has reports whether the line has this flag.
func (d *rehearsal) has(flag string) bool {
	for _, word := range d.words {
		if word == flag || strings.HasPrefix(word, flag+"=") {
			return true
		}
	}
	return false
}

// exits performs the command, and returns what it prints to standard output. Its exit code must be one of
// these.
func (d *rehearsal) exits(codes ...int) string {
	d.Helper()
	return d.zklab(d.words, codes...)
}

func (d *rehearsal) zklab(args []string, codes ...int) string {
	d.Helper()
	var out, problems bytes.Buffer
	cmd := d.command(args)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); cmd.ProcessState == nil {
		d.Fatal(err)
	}
	if !slices.Contains(codes, cmd.ProcessState.ExitCode()) {
		d.Fatalf("zklab %s: %s, want one of exit codes %d\n%s%s", strings.Join(args, " "), cmd.ProcessState, codes, out.String(), problems.String())
	}
	return out.String()
}

// command returns a process of zklab that has not started.
func (d *rehearsal) command(args []string) *exec.Cmd {
	cmd := exec.Command("zklab", args...)
	cmd.Dir, cmd.Env = d.in, append(os.Environ(), d.env...)
	return cmd
}

// prints fails unless the text matches.
func (d *rehearsal) prints(text, pattern string) {
	d.Helper()
	if !regexp.MustCompile("(?m)" + pattern).MatchString(text + unwrapped(text)) {
		d.Errorf("%s: nothing matches %s in\n%s", d.line, pattern, text)
	}
}

// running is a command in a process of its own.
type running struct {
	*rehearsal
	cmd   *exec.Cmd
	mu    sync.Mutex
	wrote bytes.Buffer // to standard output and standard error
	added chan struct{}
}

// Write collects the output of the process.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.added <- struct{}{}:
	default:
	}
	return r.wrote.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wrote.String()
}

// start starts a command with input on its standard input.
func (d *rehearsal) start(input string, args ...string) *running {
	d.Helper()
	r := &running{rehearsal: d, cmd: d.command(args), added: make(chan struct{}, 1)}
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = strings.NewReader(input), r, r
	if err := r.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait()
		}
	})
	return r
}

// await waits until the output matches pattern, and returns the match and its groups.
func (r *running) await(pattern string) []string {
	r.Helper()
	wanted := regexp.MustCompile("(?m)" + pattern)
	hung := time.After(time.Minute)
	for {
		if found := wanted.FindStringSubmatch(r.text()); found != nil {
			return found
		}
		select {
		case <-r.added:
		case <-hung:
			r.Fatalf("%s: nothing matches %s for a minute in\n%s", r.line, pattern, r.text())
		}
	}
}

// wait waits for the command's end. It kills a command that hangs.
func (r *running) wait() {
	hung := time.AfterFunc(time.Minute, func() { _ = r.cmd.Process.Kill() })
	defer hung.Stop()
	_ = r.cmd.Wait()
}

// ends waits for the command's end and returns all that it has printed.
func (r *running) ends(code int) string {
	r.Helper()
	if r.wait(); r.cmd.ProcessState.ExitCode() != code {
		r.Errorf("%s: %s, want exit code %d\n%s", r.line, r.cmd.ProcessState, code, r.text())
	}
	return r.text()
}

// interrupted interrupts the command, like a user who has seen enough.
func (r *running) interrupted() string {
	r.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		r.Fatal(err)
	}
	r.wait()
	if code := r.cmd.ProcessState.ExitCode(); code != usage.ExitValid && code != usage.ExitInterrupted {
		r.Errorf("%s: %s\n%s", r.line, r.cmd.ProcessState, r.text())
	}
	return r.text()
}

// reachable starts a server in place of those that the command names, and returns its address. It is a single
// server because a read from another server may not show what has just been written.
func (d *rehearsal) reachable() string {
	d.Helper()
	e, err := embedded.Start(embedded.Config{Nodes: 1})
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { e.Close() })
	if _, err := ensemble.WaitHealthy(context.Background(), e, time.Minute); err != nil {
		d.Fatal(err)
	}
	servers := strings.Join(e.Addrs(), ",")
	before := strings.Join(d.words, " ")
	d.replace(documentedServers, servers)
	if strings.Join(d.words, " ") == before {
		d.insert("--servers=" + servers)
	}
	return servers
}

// documentedServers finds the addresses of servers in commands.
const documentedServers = `(127\.0\.0\.1:218\d|zk\d:2181)(,(127\.0\.0\.1:218\d|zk\d:2181))*`

// session opens a session of another client.
func (d *rehearsal) session(servers string) *zk.Conn {
	d.Helper()
	conn, events, err := zk.Connect(strings.Split(servers, ","), 10*time.Second, zk.WithLogInfo(false))
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		conn.Close()
		for range events { //nolint:revive // closed when the client's goroutines have ended
		}
	})
	return conn
}

// create creates a znode and its parents.
func (d *rehearsal) create(conn *zk.Conn, path, data string, flags int32) {
	d.Helper()
	if above := filepath.Dir(path); above != "/" {
		if there, _, err := conn.Exists(above); err == nil && !there {
			d.create(conn, above, "", 0)
		}
	}
	if _, err := conn.Create(path, []byte(data), flags, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		d.Fatal(path, err)
	}
}

// there reports whether a znode exists, after all completed writes.
func (d *rehearsal) there(conn *zk.Conn, path string) bool {
	d.Helper()
	_, err := conn.Sync(path)
	there := false
	if err == nil {
		there, _, err = conn.Exists(path)
	}
	if err != nil {
		d.Fatal(path, err)
	}
	return there
}

// newStores creates what commands about stored runs need, each kind in a separate folder.
func newStores(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	z := zklabIn{t: t, dir: dir, done: map[string]outputOf{}, by: commandLines(t, dir)}
	small := []string{"--clients", "3", "--time-limit", "2s", "--faults", "none", "--quiet"}
	perform := func(want int, args ...string) {
		t.Helper()
		z.exits(want, append(args, small...)...)
	}
	rename := func(pattern, name string) {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(z.dir, pattern))
		if err != nil || len(found) != 1 {
			t.Fatal(pattern, found, err)
		}
		must.Do(t, os.Rename(found[0], filepath.Join(filepath.Dir(found[0]), name)))
	}
	perform(usage.ExitViolation, "run", "lock", "--simulate", "--subject", "broken", "--seed", "1", "--label", "wrong", "--out", "violated")
	for _, group := range [][2]string{{"before", "4s"}, {"after", "6s"}} {
		out, code := z.zklab("run", "lock", "--simulate", "--repeat", "6", "--clients-as", "process", "--rate", "20", "--clients", "4",
			"--faults", "sequence,kill:leader,crash:holder", "--fault-interval", "6s", "--time-limit", "20s",
			"--session-timeout", group[1], "--label", group[0], "--quiet", "--out", "compared")
		if code > usage.ExitUnknown {
			t.Fatal(out)
		}
	}
	perform(usage.ExitViolation, "sweep", "lock", "--subject", "broken", "--seeds", "17", "--swarm=false", "--jobs", "1", "--out", "swept")
	rename("swept/sweeps/lock/*", "3f70694aa4cfaf8e")
	for _, shard := range []string{"1/20", "2/20"} {
		perform(usage.ExitValid, "sweep", "lock", "--seeds", "1..20", "--shard", shard, "--swarm=false", "--jobs", "1", "--out", "sharded")
	}
	rename("sharded/sweeps/lock/*", "3f70694aa4cfaf8e-of-20")
	z.exits(usage.ExitValid, "explore", "lock", "--clients", "2", "--ops", "1", "--faults", "lose-reply", "--shard", "2/4", "--for", "10m", "--jobs", "1",
		"--quiet", "--out", "explored")
	rename("explored/explorations/lock/*-of-4", "3f70694aa4cfaf8e-of-4")
	return z.dir
}
