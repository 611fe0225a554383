package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/goccy/go-yaml"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/ports"
)

// lab is the name of the ensemble in the background.
const lab = "lab"

// up starts an ensemble in the background, for commands that control it, and returns its addresses.
func (d *rehearsal) up(flags ...string) string {
	d.Helper()
	servers := d.zklab(append([]string{"ensemble", "up", "--detach", "--name", lab, "--listen", "127.0.0.1:0"}, flags...), usage.ExitValid)
	d.Cleanup(func() { d.zklab([]string{"ensemble", "down", "--all"}, usage.ExitValid) })
	d.replace(`^(second|2181)$`, lab)
	servers = strings.TrimSpace(servers)
	d.replace(documentedServers, servers)
	return servers
}

// roles returns the roles of the ensemble's servers, in their order.
func (d *rehearsal) roles() (roles []string) {
	d.Helper()
	var status struct{ Servers []struct{ Role string } }
	if err := json.Unmarshal([]byte(d.zklab([]string{"ensemble", "status", "--json"}, usage.ExitValid)), &status); err != nil {
		d.Fatal(err)
	}
	for _, s := range status.Servers {
		roles = append(roles, s.Role)
	}
	return roles
}

// controls returns a function that performs the command before, if any, and then the documented one,
// and fails unless servers then have the role after, or run again if after is "".
func controls(before []string, after string) func(*rehearsal) {
	return func(d *rehearsal) {
		d.up()
		servers := d.words[2:]
		if i := slices.Index(servers, "--name"); i > 0 {
			servers = servers[:i]
		}
		if before != nil {
			d.zklab(append(before, servers...), usage.ExitValid)
		}
		was := d.roles()
		d.exits(usage.ExitValid)
		now, changed := d.roles(), 0
		for i := range now {
			if now[i] == after || after == "" && (was[i] == "down" || was[i] == "paused") && now[i] != was[i] {
				changed++
			}
		}
		want := len(servers)
		if slices.Contains(servers, "all") {
			want = len(now)
		}
		if changed != want {
			d.Errorf("%s: the servers were %v, and are %v", d.line, was, now)
		}
	}
}

// An ensemble serves clients, in the background if the command says so.
func servesClients(d *rehearsal) {
	if i := slices.Index(d.words, "--listen"); i > 0 {
		d.words[i+1] = "127.0.0.1:0"
	} else {
		d.insert("--listen=127.0.0.1:0")
	}
	d.replace(`^/tmp/zk$`, d.in+"/data")
	nodes := 3
	if i := slices.Index(d.words, "--nodes"); i > 0 {
		nodes, _ = strconv.Atoi(d.words[i+1])
	}
	metrics := ""
	if d.has("--metrics-port") {
		first, release, err := ports.Reserve(nodes)
		if err != nil {
			d.Fatal(err)
		}
		d.Cleanup(release)
		metrics = strconv.Itoa(first)
		d.replace(`^7000$`, metrics)
	}
	if d.has("--detach") {
		servers := strings.TrimSpace(d.exits(usage.ExitValid))
		d.takesWrites(servers, nodes)
		d.zklab([]string{"ensemble", "down", lab}, usage.ExitValid)
		return
	}
	r := d.start("", d.words...)
	r.await(`up as embedded; interrupt`)
	d.takesWrites(r.await(`^(127\.0\.0\.1:\d+\S*)$`)[1], nodes)
	if metrics != "" {
		d.prints(page(d, "http://127.0.0.1:"+metrics+"/metrics"), `^znode_count`)
	}
	r.interrupted()
	if d.has("--data") {
		again := d.start("", d.words...)
		conn := d.session(again.await(`^(127\.0\.0\.1:\d+\S*)$`)[1])
		if !d.there(conn, "/written") {
			d.Error("the znode is gone")
		}
		again.interrupted()
	}
}

// takesWrites fails unless there are so many servers and they accept a write.
func (d *rehearsal) takesWrites(servers string, nodes int) {
	d.Helper()
	if n := strings.Count(servers, ",") + 1; n != nodes {
		d.Errorf("%d servers, want %d", n, nodes)
	}
	conn := d.session(servers)
	d.create(conn, "/written", "", 0)
	conn.Close()
}

// The ensemble has ended.
func endsEnsemble(d *rehearsal) {
	servers := d.up("--nodes", "1")
	d.prints(d.exits(usage.ExitValid), `^lab: ended$`)
	if conn, err := net.Dial("tcp", servers); err == nil {
		conn.Close()
		d.Error("the server still listens")
	}
}

// The ensemble in the background is listed.
func listsEnsembles(d *rehearsal) {
	d.up("--nodes", "1")
	d.prints(d.exits(usage.ExitValid), `lab\b(.|\n)*healthy`)
}

// ephemeral is the znode of a session that documented lines end.
const ephemeral = "/election/candidate-0000000003"

// The session of another client has ended, and its ephemeral znode is gone.
func expires(d *rehearsal) {
	servers := d.reachable()
	conn := d.session(servers)
	d.create(conn, ephemeral, "", zk.FlagEphemeral)
	d.replace(`^0x100000e66b30002$`, fmt.Sprintf("0x%x", conn.SessionID()))
	d.prints(d.exits(usage.ExitValid), `^session 0x[0-9a-f]+ has ended$`)
	if d.there(d.session(servers), ephemeral) {
		d.Error("its ephemeral znode is there")
	}
}

// The command tells the health of the ensemble, at once or when it is as wanted.
func tellsStatus(d *rehearsal) {
	servers := d.up()
	if !strings.Contains(strings.Join(d.words, " "), servers[:12]) {
		d.insert(servers)
	}
	if d.has("--watch") {
		r := d.start("", d.words...)
		r.await(`^healthy: `)
		r.interrupted()
		return
	}
	d.prints(d.exits(usage.ExitValid), `^healthy: 3 of 3 serve|^server 3 at .*: (leader|follower)`)
}

// A healthy ensemble is checked for a moment, too short for a verdict, and the check leaves nothing behind. A check
// without an end has judged a window when it is interrupted.
func watches(d *rehearsal) {
	servers := d.reachable()
	d.replace(`^\d+[mh]$`, "1s")
	d.replace(`^:9150$`, ":0")
	first, _, _ := strings.Cut(servers, ",")
	conn := d.session(first)
	d.create(conn, "/app", "", 0) // some lines have this chroot
	if i := slices.Index(d.words, "--for"); i > 0 && d.words[i+1] == "0" {
		endless := d.start("", append(d.words, "--window=1s")...)
		endless.await(` window 1 \(from .* undecided: `)
		if err := endless.cmd.Process.Signal(os.Interrupt); err != nil {
			d.Fatal(err)
		}
		d.prints(endless.ends(usage.ExitUnknown), `^UNDECIDED after .*, interrupted: the leader stayed`)
	} else {
		d.prints(d.exits(usage.ExitUnknown), `^UNDECIDED after .*: the leader stayed|"verdict": "unknown"`)
	}
	names, _, err := conn.Children("/")
	if err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "zklab-check-") }) {
		d.Errorf("left behind: %q, %v", names, err)
	}
}

// The output names each script, and none differs.
func findsNothingWrong(d *rehearsal) {
	d.replace(`^(127\.0\.0\.1|zk1):.*`, d.up())
	d.prints(d.exits(usage.ExitValid), `^ok +versions$(.|\n)*^CONFORMS: |"script": "versions"`)
}

// A file for Docker Compose has a service for each server.
func composes(d *rehearsal) {
	text, nodes := d.exits(usage.ExitValid), 3
	if i := slices.Index(d.words, "--out"); i > 0 {
		text = d.read(filepath.Join(d.words[i+1], "docker-compose.yml"))
	}
	if i := slices.Index(d.words, "--nodes"); i > 0 {
		nodes, _ = strconv.Atoi(d.words[i+1])
	}
	var file struct {
		Services map[string]struct{ Image string }
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil || len(file.Services) != nodes {
		d.Errorf("%d services, %v", len(file.Services), err)
	}
}

// There is a configuration for each server, which names all servers.
func configures(d *rehearsal) {
	d.exits(usage.ExitValid)
	folder := d.words[slices.Index(d.words, "--out")+1]
	for id := 1; id <= 3; id++ {
		text := d.read(fmt.Sprintf("%s/server-%d/zoo.cfg", folder, id))
		if n := len(regexp.MustCompile(`(?m)^server\.\d=`).FindAllString(text, -1)); n != 3 {
			d.Errorf("%d servers in\n%s", n, text)
		}
	}
}

// The command finds what a crashed run has left behind.
func findsLeftovers(d *rehearsal) {
	first, _, _ := strings.Cut(d.reachable(), ",") // the command asks this server
	left := ensemble.RunFolder(time.Date(2020, 1, 2, 15, 4, 5, 0, time.UTC))
	d.create(d.session(first), left, "", 0)
	d.prints(d.exits(usage.ExitValid), `^found `+left+` of a run`)
}

// held replaces the program of a command by one that inspects the command's path with the command look.
func (d *rehearsal) held(look string) {
	i := slices.Index(d.words, "--")
	d.words = append(d.words[:i+1:i+1], "sh", "-c", look)
}

// The program runs while the lock is held, or while the candidate leads. Without a program, the command names
// the holder.
func locks(d *rehearsal) {
	servers := d.reachable()
	command := d.words[0]
	path := d.words[slices.IndexFunc(d.words, func(word string) bool { return strings.HasPrefix(word, "/") })]
	ask := fmt.Sprintf("zklab %s %s --servers %s", command, path, servers)
	if !slices.Contains(d.words, "--") {
		holder := d.start("", command, path, "--servers", servers, "--", "sh", "-c", "echo held; exec sleep 1000")
		holder.await("^held$")
		d.prints(d.exits(usage.ExitValid), `^`+path+`: 1 (holds|leads)`)
		return
	}
	d.held(`echo "$ZKLAB_PATH"; ` + ask)
	out := d.start("", d.words...).ends(usage.ExitValid)
	d.prints(out, `^`+path+`$`)
	d.prints(out, `^`+path+`: 1 (of 3 hold|holds|leads)`)
	d.prints(d.zklab(strings.Fields(ask)[1:], usage.ExitValid), `^`+path+`: no (holder|leader|holders)`)
}

// The instance is registered while the program runs, and no longer.
func registers(d *rehearsal) {
	servers := d.reachable()
	ask := "zklab discover /services/payment --servers " + servers
	d.held(ask)
	d.prints(d.start("", d.words...).ends(usage.ExitValid), `^  10\.0\.0\.1:8080 `)
	d.prints(d.zklab(strings.Fields(ask)[1:], usage.ExitValid), `: 0 instances$`)
}

// The command lists the instances of a service.
func discovers(d *rehearsal) {
	servers := d.reachable()
	d.start("", "register", "/services/payment", "--address", "10.0.0.1:8080", "--servers", servers, "--", "sh", "-c", "echo registered; exec sleep 1000").await("^registered$")
	if d.has("--watch") {
		r := d.start("", d.words...)
		r.await(`10\.0\.0\.1:8080`)
		r.interrupted()
		return
	}
	d.prints(d.exits(usage.ExitValid), `10\.0\.0\.1:8080`)
}

// The command reports each change.
func monitors(d *rehearsal) {
	servers := d.reachable()
	conn := d.session(servers)
	for _, path := range []string{"/app", "/watched"} {
		d.create(conn, path, "", 0)
	}
	r := d.start("", d.words...)
	if r.await(`connected|/app`); !d.has("--count") {
		d.create(conn, "/app/new", "", 0)
		r.await(`/new\b`)
		r.interrupted()
		return
	}
	d.create(conn, "/watched/new", "", 0)
	if _, err := conn.Set("/watched/new", []byte("x"), -1); err != nil {
		d.Fatal(err)
	}
	if err := conn.Delete("/watched/new", -1); err != nil {
		d.Fatal(err)
	}
	out := r.ends(usage.ExitValid)
	for _, change := range []string{"created", "changed", "deleted"} {
		d.prints(out, change+` /new\b`)
	}
}

// The lines of a shell do what they say: what they write exists afterwards, and what they read is
// printed.
func runsLines(d *rehearsal) {
	const input = "create /made\n"
	d.write("changes", input)
	d.write("credentials", "digest:user:password\n")
	if d.line == "zklab shell" { // this shell starts its own servers
		d.prints(d.start("ls /\n", d.words...).ends(usage.ExitValid), `^zookeeper`)
		return
	}
	servers := d.reachable()
	conn := d.session(servers)
	d.create(conn, "/app", "", 0)
	var commands [][]string
	for i, word := range d.words {
		if word == "-c" {
			commands = append(commands, strings.Fields(d.words[i+1]))
		}
	}
	for _, c := range commands { // the znodes that they change or read exist before
		switch path := znodeOf(c); {
		case strings.Contains(d.line, "create "+filepath.Dir(path)+"'"), strings.Contains(d.line, "create "+path+"'"):
		case c[0] == "create" && filepath.Dir(path) != "/":
			d.create(conn, filepath.Dir(path), "", 0)
		case c[0] != "create" && path != "":
			d.create(conn, path, "was", 0)
		}
	}
	r := d.start(input, d.words...)
	if len(commands) == 0 {
		r.ends(usage.ExitValid)
		if !d.there(conn, "/made") && !d.there(conn, "/app/made") {
			d.Error("the lines were not performed")
		}
	}
	for _, c := range commands {
		path := znodeOf(c)
		if c[0] == "watch" {
			for r.text() == "" { // until the shell has begun to watch
				if _, err := conn.Set(path, nil, -1); err != nil {
					d.Fatal(err)
				}
			}
			d.prints(r.ends(usage.ExitValid), `nodeDataChanged `+path)
			return
		}
	}
	out := r.ends(usage.ExitValid)
	for _, c := range commands {
		switch path := znodeOf(c); c[0] {
		case "create", "rm":
			if there := d.there(conn, path); there != (c[0] == "create") {
				d.Errorf("%v: %v", c, there)
			}
		case "set":
			want := c[len(c)-1]
			if want == "-" {
				want = input
			}
			d.there(conn, path)
			if data, _, err := conn.Get(path); err != nil || string(data) != want {
				d.Errorf("%v: %q, %v", c, data, err)
			}
		case "whoami":
			d.prints(out, "user")
		case "cat":
			d.prints(out, "^was$|^hello$|^was")
		case "ls", "stat":
			d.prints(out, ".")
		default:
			d.Errorf("what is %s for?", c[0])
		}
	}
}

// znodeOf returns the znode that a line of the shell is about.
func znodeOf(words []string) string {
	if i := slices.IndexFunc(words, func(word string) bool { return strings.HasPrefix(word, "/") }); i > 0 {
		return words[i]
	}
	return ""
}
