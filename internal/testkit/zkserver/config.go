package zkserver

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/zk/serversettings"
)

// Settings holds what all servers of a cluster have in common.
type Settings struct {
	Tick                                 time.Duration
	InitLimit, SyncLimit                 int // in ticks
	MinSessionTimeout, MaxSessionTimeout time.Duration
	Reconfig                             bool
	SuperDigest                          string // "super:" and a hash; empty: there is no super user
}

// config is one server's zoo.cfg and myid.
type config struct {
	Settings
	id      int    // from 1; of a server without companions 1
	members string // what tells its cluster from others
	size    int    // of the cluster
	addr    string // for clients
}

// readConfig reads the zoo.cfg at path and the myid in its data folder.
func readConfig(path string) (config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return config{}, err
	}
	return parseConfig(path, text, os.ReadFile)
}

// parseConfig reads the text of the zoo.cfg at path. read gives the myid.
func parseConfig(path string, text []byte, read func(path string) ([]byte, error)) (config, error) {
	values, err := properties(text)
	if err == nil {
		err = known(values)
	}
	if err != nil {
		return config{}, fmt.Errorf("%s: %w", path, err)
	}
	p := parser{values: values, read: read}
	tick := p.number("tickTime", 3000)
	c := config{
		Settings: Settings{
			Tick:              time.Duration(tick) * time.Millisecond,
			InitLimit:         p.number("initLimit", 10),
			SyncLimit:         p.number("syncLimit", 5),
			MinSessionTimeout: p.millis("minSessionTimeout", 2*tick),
			MaxSessionTimeout: p.millis("maxSessionTimeout", 20*tick),
			Reconfig:          values["reconfigEnabled"] == "true",
		},
		addr: fmt.Sprintf("127.0.0.1:%d", p.number("clientPort", 2181)),
		id:   1, size: 1, members: path,
	}
	ids, lines := p.servers()
	if len(ids) > 0 {
		c.size, c.members = len(ids), strings.Join(lines, "\n")
		c.id = p.myid()
		if p.err == nil && (c.id < 1 || c.id > c.size || !fromOne(ids)) {
			p.err = fmt.Errorf("this is server %d of %v: servers must be numbered from 1 without a gap", c.id, ids)
		}
	}
	if p.err != nil {
		return config{}, fmt.Errorf("%s: %w", path, p.err)
	}
	return c, nil
}

func properties(text []byte) (map[string]string, error) {
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%.80q: expected key=value", line)
		}
		values[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return values, nil
}

// has lists the settings that the servers have; those with values have only these values. Any other
// setting would be ignored, and a suite of tests would not test what it claims to test.
var has = map[string][]string{
	"tickTime": nil, "initLimit": nil, "syncLimit": nil, "minSessionTimeout": nil, "maxSessionTimeout": nil, "clientPort": nil, "dataDir": nil,
	"reconfigEnabled":        {"true", "false"},
	"4lw.commands.whitelist": {"*"},
	"admin.enableServer":     {"false"},
	"standaloneEnabled":      {"true", "false"}, // one server and a standalone one are the same to clients
	// These are about files, which the servers do not have.
	"dataLogDir": nil, "autopurge.purgeInterval": nil, "autopurge.snapRetainCount": nil,
	// These are about the admin server, which the servers do not have.
	"admin.serverPort": nil, "admin.serverAddress": nil,
}

// known refuses settings that the servers do not have.
func known(values map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		can, ok := has[key]
		switch {
		case strings.HasPrefix(key, "server."):
		case ok && (can == nil || slices.Contains(can, values[key])):
		case ok:
			return fmt.Errorf("%s=%.80q: an embedded server takes %s; %s", key, values[key], strings.Join(can, " or "), differences)
		default:
			if err := serversettings.Check(key); err != nil {
				return err
			}
			return fmt.Errorf("%s: an embedded server does not have this setting; %s", key, differences)
		}
	}
	return nil
}

// differences names the page about the settings of embedded servers.
const differences = "docs/ensemble.md lists the settings that it has"

// fromOne reports whether sorted ids are 1, 2, 3 …
func fromOne(ids []int) bool {
	for i, id := range ids {
		if id != i+1 {
			return false
		}
	}
	return true
}

// parser keeps the first error.
type parser struct {
	values map[string]string
	read   func(path string) ([]byte, error)
	err    error
}

func (p *parser) number(key string, missing int) int {
	text, ok := p.values[key]
	if !ok {
		return missing
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s=%.80q: expected a number from 0 of 31 bits", key, text)
	}
	return int(n)
}

func (p *parser) millis(key string, missing int) time.Duration {
	return time.Duration(p.number(key, missing)) * time.Millisecond
}

// servers returns the ids of the server lines, and the lines themselves, both sorted.
func (p *parser) servers() (ids []int, lines []string) {
	for key, value := range p.values {
		number, ok := strings.CutPrefix(key, "server.")
		if !ok {
			continue
		}
		id, err := strconv.Atoi(number)
		if err != nil && p.err == nil {
			p.err = fmt.Errorf("%.80q: expected server. and a number", key)
		}
		ids, lines = append(ids, id), append(lines, key+"="+value)
	}
	slices.Sort(ids)
	slices.Sort(lines)
	return ids, lines
}

func (p *parser) myid() int {
	b, err := p.read(filepath.Join(p.values["dataDir"], "myid"))
	if err != nil {
		p.err = err
		return 0
	}
	id, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("myid: expected a number, found %.80q", b)
	}
	return id
}
