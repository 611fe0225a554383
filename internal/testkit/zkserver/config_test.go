package zkserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

// write creates a server's folder with its zoo.cfg, and with a file myid unless myid is empty.
func write(t *testing.T, myid string, lines ...string) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "zoo.cfg")
	text := strings.Join(append(lines, "dataDir="+dir), "\n") + "\n"
	must.Do(t, os.WriteFile(path, []byte(text), 0o644))
	if myid != "" {
		must.Do(t, os.WriteFile(filepath.Join(dir, "myid"), []byte(myid+"\n"), 0o644))
	}
	return path
}

func TestReadConfig(t *testing.T) {
	full := write(
		t, "2",
		"# a comment=1", "", "tickTime=500", "initLimit=7", "syncLimit = 3", "clientPort=11003", "reconfigEnabled=true",
		"minSessionTimeout=100", "maxSessionTimeout=60000", "admin.enableServer=false",
		"server.2=127.0.0.1:11004:11005", "server.1=127.0.0.1:11001:11002",
	)
	least := write(t, "4")
	for path, want := range map[string]config{
		full: {
			Settings: Settings{
				Tick: 500 * time.Millisecond, InitLimit: 7, SyncLimit: 3,
				MinSessionTimeout: 100 * time.Millisecond, MaxSessionTimeout: time.Minute, Reconfig: true,
			},
			id: 2, members: "server.1=127.0.0.1:11001:11002\nserver.2=127.0.0.1:11004:11005", size: 2, addr: "127.0.0.1:11003",
		},
		least: {
			Settings: Settings{
				Tick: 3 * time.Second, InitLimit: 10, SyncLimit: 5,
				MinSessionTimeout: 6 * time.Second, MaxSessionTimeout: time.Minute,
			},
			id: 1, members: least, size: 1, addr: "127.0.0.1:2181",
		},
	} {
		got := must.Get(readConfig(path))(t)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(config{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReadConfigRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ path, says string }{
		"no file":      {"nowhere/zoo.cfg", "nowhere/zoo.cfg"},
		"port":         {write(t, "", "clientPort=many"), "clientPort=\"many\": expected a number"},
		"tick":         {write(t, "", "tickTime=-1"), "tickTime=\"-1\": expected a number"},
		"no myid":      {write(t, "", "server.1=a:1:2"), "myid"},
		"myid no id":   {write(t, "one", "server.1=a:1:2"), "myid"},
		"a gap":        {write(t, "1", "server.1=a:1:2", "server.3=a:3:4"), "from 1 without a gap"},
		"not a member": {write(t, "3", "server.1=a:1:2", "server.2=a:3:4"), "this is server 3"},
		"no number":    {write(t, "1", "server.one=a:1:2"), "server.one"},
		"misspelt":     {write(t, "", "tickTiem=500"), `ZooKeeper has no setting "tickTiem"; did you mean tickTime?`},
		"unknown":      {write(t, "", "colour=blue"), `ZooKeeper has no setting "colour"`},
		"not there":    {write(t, "", "skipACL=yes"), "skipACL: an embedded server does not have this setting; docs/ensemble.md lists"},
		"a value":      {write(t, "", "admin.enableServer=true"), `admin.enableServer="true": an embedded server takes false; docs/`},
		"another":      {write(t, "", "reconfigEnabled=yes"), `reconfigEnabled="yes": an embedded server takes true or false; docs/`},
		"no setting":   {write(t, "", "tickTime 500"), `"tickTime 500": expected key=value`},
	} {
		if _, err := readConfig(tt.path); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
