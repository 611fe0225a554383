package container

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestValidateImage(t *testing.T) {
	for _, good := range []string{
		"zookeeper", "zookeeper:3.9", "zklab/zookeeper:3.9", "localhost:5000/a/b:c",
		"zookeeper@sha256:" + strings.Repeat("0a", 32),
	} {
		if err := ValidateImage(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "Zookeeper", "zookeeper:", "a b", ":3.9", "zookeeper:3.9:1", "http://zookeeper", "zk@sha256:12"} {
		err := ValidateImage(bad)
		if err == nil {
			t.Errorf("%q passes", bad)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q has more than one line", err)
		}
	}
}

func TestValidateNodes(t *testing.T) {
	for n, ok := range map[int]bool{-1: false, 0: false, 1: true, 3: true, 15: true, 16: false} {
		if err := ValidateNodes(n); (err == nil) != ok {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		want   string // part of the error; empty: no error
	}{
		{"zero value", Config{}, ""},
		{"all set", Config{Nodes: 2, Ports: []int{1, 2}, Settings: []string{"snapCount=1000", "server.7=a:1:2"}, JVMFlags: []string{"-Xint"}}, ""},
		{"negative nodes", Config{Nodes: -1}, "cannot start -1 servers"},
		{"too many nodes", Config{Nodes: 99}, "cannot start 99 servers"},
		{"too few ports", Config{Ports: []int{1}}, "1 ports for 3 servers"},
		{"port twice", Config{Ports: []int{1, 2, 1}}, "port 1 is given twice"},
		{"no port", Config{Nodes: 1, Ports: []int{65536}}, "no such port"},
		{"negative tick", Config{Tick: -time.Second}, "must be positive"},
		{"no value", Config{Settings: []string{"snapCount"}}, `setting "snapCount": write name=value`},
		{"misspelt", Config{Settings: []string{"snapCuont=7"}}, `setting "snapCuont=7": ZooKeeper has no setting "snapCuont"; did you mean snapCount?`},
		{"unknown", Config{Settings: []string{"colour=blue"}}, `ZooKeeper has no setting "colour"`},
		{"of Java", Config{Settings: []string{"jute.maxbuffer=7"}}, "pass -Djute.maxbuffer=VALUE"},
		{"two words", Config{Settings: []string{"a=b c=d"}}, "must be one word"},
		{"no word", Config{JVMFlags: []string{""}}, "must be one word"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.config.withDefaults().validate()
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestServersNameEachOtherByAddress(t *testing.T) {
	net := subnet{netip.MustParsePrefix("10.200.1.64/26")}
	env := Config{Nodes: 3}.withDefaults().env(2, net)
	want := "server.1=10.200.1.75:2888:3888;2181 server.2=10.200.1.76:2888:3888;2181 server.3=10.200.1.77:2888:3888;2181"
	if env["ZOO_SERVERS"] != want || env["ZOO_MY_ID"] != "2" {
		t.Errorf("ZOO_SERVERS=%s ZOO_MY_ID=%s", env["ZOO_SERVERS"], env["ZOO_MY_ID"])
	}
}

func TestProfileIsStable(t *testing.T) {
	c := Config{Settings: []string{"snapCount=1000"}}.withDefaults()
	a, b := c.profile(), c.profile()
	if strings.Join(a.Settings, " ") != strings.Join(b.Settings, " ") || !strings.Contains(strings.Join(a.Settings, " "), "snapCount=1000") {
		t.Errorf("%v\n%v", a, b)
	}
}

func TestImageChoice(t *testing.T) {
	t.Setenv("ZKLAB_IMAGE", "")
	both := OfficialImage + " " + localImage
	for _, test := range []struct{ flag, env, want string }{
		{"", "", both},
		{"", "a:1", "a:1"},
		{"b:2", "a:1", "b:2"},
	} {
		t.Setenv("ZKLAB_IMAGE", test.env)
		names, err := Config{Image: test.flag}.wanted()
		if got := strings.Join(names, " "); err != nil || got != test.want {
			t.Errorf("flag %q, variable %q: %s, %v", test.flag, test.env, got, err)
		}
	}
	t.Setenv("ZKLAB_IMAGE", "Not An Image")
	if _, err := (Config{}).wanted(); err == nil {
		t.Error("a malformed ZKLAB_IMAGE passes")
	}
}
