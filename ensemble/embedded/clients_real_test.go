//go:build real

package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/zkserver"
)

// goZookeeper lists the integration tests of go-zookeeper v1.0.4, except goZookeeperByTheClock. They
// are listed by name, so that a test that does not run is noticed.
var goZookeeper = []string{
	"TestIntegration_Auth",
	"TestIntegration_BadSession",
	"TestIntegration_BasicCluster",
	"TestIntegration_ChildWatch",
	"TestIntegration_Children",
	"TestIntegration_ClientClusterFailover",
	"TestIntegration_Create",
	"TestIntegration_CreateContainer",
	"TestIntegration_CreateTTL",
	"TestIntegration_DNSHostProviderCreate",
	"TestIntegration_DNSHostProviderReconnect",
	"TestIntegration_ExpiringWatch",
	"TestIntegration_GetSetACL",
	"TestIntegration_IfAuthdataSurvivesReconnect",
	"TestIntegration_IncrementalReconfig",
	"TestIntegration_Lock",
	"TestIntegration_MaxBufferSize",
	"TestIntegration_Multi",
	"TestIntegration_MultiFailures",
	"TestIntegration_MultiLevelLock",
	"TestIntegration_OpsAfterCloseDontDeadlock",
	"TestIntegration_Reconfig",
	"TestIntegration_RecurringReAuthHang",
	"TestIntegration_SetWatchers",
	"TestIntegration_StateChanges",
	"TestIntegration_WaitForClose",
}

// The unmodified integration tests of the go-zookeeper client pass. They start, kill and restart
// servers, each in its own process, through zkServer.sh.
func TestRealGoZookeeperSuite(t *testing.T) {
	t.Parallel() // the tests wait most of the time
	passes(t, goZookeeper)
}

// passes runs tests of go-zookeeper.
func passes(t *testing.T, tests []string) {
	t.Helper()
	host := must.Get(zkserver.Listen(newEnsemble))(t)
	defer func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	}()
	env := append(os.Environ(), host.Env(), "ZOOKEEPER_BIN_PATH="+standIn(t), "ZK_VERSION=3.9")
	s := runSuite(t, env, tests)
	if diff := cmp.Diff(tests, s.passed); diff != "" {
		t.Errorf("what passed is not what was to pass:\n%s", diff)
	}
	for _, test := range s.others {
		t.Errorf("%s:\n%s", test, s.output[test])
	}
}

// runSuite runs tests of go-zookeeper.
func runSuite(t *testing.T, env, tests []string) suite {
	t.Helper()
	names := "^(" + strings.Join(tests, "|") + ")$"
	cmd := exec.Command("go", "test", "-json", "-count=1", "-timeout=5m", "-run="+names, "github.com/go-zookeeper/zk")
	cmd.Env = env
	out, err := cmd.Output()
	s := readEvents(t, out)
	if err != nil && len(s.others) == 0 {
		t.Errorf("%v: %v", cmd.Args, err)
	}
	return s
}

// standIn builds the stand-in for zkServer.sh and returns its folder.
func standIn(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "zkServer.sh"), "github.com/zklab/zklab/internal/testkit/zkserver/zkServer")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return dir
}

// suite is the result of the tests of a package.
type suite struct {
	passed []string // sorted
	others []string // tests that failed, were skipped or did not end
	output map[string]string
}

// readEvents reads the output of go test -json. Of subtests it keeps only their output.
func readEvents(t *testing.T, out []byte) suite {
	t.Helper()
	s := suite{output: map[string]string{}}
	for in := json.NewDecoder(bytes.NewReader(out)); ; {
		var e struct{ Action, Test, Output string }
		if err := in.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		top, _, sub := strings.Cut(e.Test, "/")
		s.output[top] += e.Output
		switch {
		case top == "" || sub:
		case e.Action == "run":
			s.others = append(s.others, top)
		case e.Action == "pass":
			s.passed = append(s.passed, top)
			s.others = slices.DeleteFunc(s.others, func(test string) bool { return test == top })
		}
	}
	slices.Sort(s.passed)
	return s
}

// oneByOne is an embedded ensemble in the form that the host of stand-ins needs.
type oneByOne struct{ *embedded.Ensemble }

func newEnsemble(_ context.Context, c zkserver.Cluster) (zkserver.Ensemble, error) {
	e, err := embedded.Start(embedded.Config{
		Nodes: len(c.Addrs), Addrs: c.Addrs, Stopped: true,
		Tick: c.Tick, InitLimit: c.InitLimit, SyncLimit: c.SyncLimit,
		MinSession: c.MinSessionTimeout, MaxSession: c.MaxSessionTimeout,
		SuperDigest: c.SuperDigest, Reconfig: c.Reconfig,
	})
	if err != nil {
		return nil, err
	}
	return oneByOne{e}, nil
}

func (e oneByOne) Start(ctx context.Context, id int) error { return e.Server(id).Start(ctx) }
func (e oneByOne) Kill(ctx context.Context, id int) error  { return e.Server(id).Kill(ctx) }
