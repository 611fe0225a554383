package external

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/must"
)

var threeHere = []string{"127.0.0.1:2181", "127.0.0.1:2182", "127.0.0.1:2183"}

// composeFile is a file with servers in another order than that of their ports, and one that publishes none.
const composeFile = `services:
  web: {image: web, ports: ["80:80"]}
  b:
    image: zookeeper
    ports: ["127.0.0.1:2182:2181"]
  a:
    image: zookeeper
    ports: ["2181:2181"]
  c:
    image: zookeeper
    hostname: zoo-c
    ports:
      - {target: 2181, published: 2183}
`

func TestControl(t *testing.T) {
	file := filepath.Join(t.TempDir(), "compose.yaml")
	must.Do(t, os.WriteFile(file, []byte(composeFile), 0o600))
	managed(t, map[string]string{"kubectl": "echo near default"})
	f := compose() + " -f '" + file + "' "
	const choose = "case {id} in 1) s=a;; 2) s=b;; 3) s=c;; esac; "
	ssh, three := "ssh -o BatchMode=yes -o ConnectTimeout=5 {host} ", []string{"zk1:2181", "zk2:2181", "zk3:2181"}
	const kubectl = "kubectl --context 'near' -n 'data' "
	wait := "for try in 1 2 3 4 5; do " + kubectl + "wait --for=condition=Ready --timeout=25s pod/zk-{ordinal} && exit; sleep 1; done; exit 1"
	for _, c := range []struct {
		text    string
		servers []string
		want    ensemble.Commands
	}{
		{"docker:zk{id}", threeHere, ensemble.Commands{
			Pause: "for try in 1 2 3; do docker pause zk{id} && exit; sleep 0.3; done; exit 1", Resume: "docker unpause zk{id}",
			Kill: "docker kill zk{id}", Stop: "docker stop zk{id}", Start: "docker start zk{id}",
		}},
		{"compose:" + file, threeHere, ensemble.Commands{
			Pause: choose + "for try in 1 2 3; do " + f + "pause $s && exit; sleep 0.3; done; exit 1", Resume: choose + f + "unpause $s",
			Kill: choose + f + "kill $s", Stop: choose + f + "stop $s", Start: choose + f + "start $s",
		}},
		{"compose:" + file, []string{"a:2181", "zoo-c:2181"}, ensemble.Commands{
			Pause:  "case {id} in 1) s=a;; 2) s=c;; esac; for try in 1 2 3; do " + f + "pause $s && exit; sleep 0.3; done; exit 1",
			Resume: "case {id} in 1) s=a;; 2) s=c;; esac; " + f + "unpause $s", Kill: "case {id} in 1) s=a;; 2) s=c;; esac; " + f + "kill $s",
			Stop: "case {id} in 1) s=a;; 2) s=c;; esac; " + f + "stop $s", Start: "case {id} in 1) s=a;; 2) s=c;; esac; " + f + "start $s",
		}},
		{"compose:" + file + ":zk{id}", threeHere, ensemble.Commands{
			Pause: "for try in 1 2 3; do " + f + "pause zk{id} && exit; sleep 0.3; done; exit 1", Resume: f + "unpause zk{id}",
			Kill: f + "kill zk{id}", Stop: f + "stop zk{id}", Start: f + "start zk{id}",
		}},
		{"systemd:zookeeper", three, ensemble.Commands{
			Pause: ssh + "'sudo -n systemctl kill -s STOP zookeeper'", Resume: ssh + "'sudo -n systemctl kill -s CONT zookeeper'",
			Kill: ssh + "'sudo -n systemctl kill -s KILL zookeeper && sudo -n systemctl stop zookeeper'", Stop: ssh + "'sudo -n systemctl stop zookeeper'",
			Start: ssh + "'sudo -n systemctl reset-failed zookeeper; sudo -n systemctl start zookeeper'",
		}},
		{"systemd:zookeeper@{id}", threeHere, ensemble.Commands{
			Pause: "sh -c 'sudo -n systemctl kill -s STOP zookeeper@{id}'", Resume: "sh -c 'sudo -n systemctl kill -s CONT zookeeper@{id}'",
			Kill: "sh -c 'sudo -n systemctl kill -s KILL zookeeper@{id} && sudo -n systemctl stop zookeeper@{id}'",
			Stop: "sh -c 'sudo -n systemctl stop zookeeper@{id}'", Start: "sh -c 'sudo -n systemctl reset-failed zookeeper@{id}; sudo -n systemctl start zookeeper@{id}'",
		}},
		{"kubernetes:data/statefulset/zk", three, ensemble.Commands{
			Kill: kubectl + "delete pod/zk-{ordinal} --now", Stop: kubectl + "delete pod/zk-{ordinal}", Start: wait,
			Where: kubectl + "get pod/zk-{ordinal} -o jsonpath='{.status.podIP}'",
		}},
	} {
		got, err := Control(c.text, c.servers)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if c.want.Where == "" { // see TestNothingForeignIsHarmed
			got.Where = ""
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.text, diff)
		}
	}
	for text, want := range map[string]string{
		"podman:zk{id}":                "servers are controlled by docker:zk{id}, compose:FILE[:SERVICE{id}], systemd:zookeeper@{id}, kubernetes:[NAMESPACE/]statefulset/NAME",
		"docker":                       "say what its servers are called: docker:zk{id}",
		"docker:zk":                    `"zk" is the same for all 3 servers`,
		"docker:zk{id}; rm -r /":       "is no name",
		"docker:--all{id}":             "is no name",
		"compose:" + file + ":a b{id}": "is no name",
		"systemd:zookeeper":            `"zookeeper" is the same for all 3 servers`,
		"kubernetes:deployment/zk":     "is no StatefulSet: write kubernetes:statefulset/zk",
	} {
		if _, err := Control(text, threeHere); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := Control("compose:"+file, []string{"127.0.0.1:2181", "127.0.0.1:9"}); err == nil ||
		!strings.Contains(err.Error(), "0 services of "+file+" are server 2 at 127.0.0.1:9, by name or published port: name them, as in compose:"+file+":zk{id}") {
		t.Error(err)
	}
	if _, err := Control("compose:"+file+".old", threeHere); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
