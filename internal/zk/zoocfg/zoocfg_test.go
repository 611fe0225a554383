package zoocfg

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/zklab/zklab/internal/testkit/must"
)

// Compose does not take a $ in a value for a variable, and neither form loses a setting.
func TestSettingsOfBothForms(t *testing.T) {
	e := Ensemble{Servers: InContainers(1, 1), Tick: time.Second, InitLimit: 5, SyncLimit: 2, Settings: []string{"a=$b"}, JVMFlags: []string{"-Dc=d"}}
	text := must.Get(Compose{Image: "i", Host: "::1", Ports: []int{1, 2}, Metrics: []int{3, 4}}.File(e))(t)
	var file struct {
		Services map[string]service
		Volumes  map[string]any
	}
	must.Do(t, yaml.UnmarshalWithOptions(text, &file, yaml.Strict()))
	two := file.Services["zoo2"]
	if len(file.Services) != 2 || len(file.Volumes) != 6 || strings.Join(two.Ports, " ") != "[::1]:2:2181 [::1]:4:7000" {
		t.Errorf("%+v", file)
	}
	for name, want := range map[string]string{
		"ZOO_SERVERS": "server.1=zoo1:2888:3888;2181 server.2=zoo2:2888:3888:observer;2181", "JVMFLAGS": "-Dc=d", "ZOO_MY_ID": "2",
		"ZOO_CFG_EXTRA": "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider metricsProvider.httpPort=7000 a=$$b",
	} {
		if got := two.Environment[name]; got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if cfg := e.Config(Own{Data: "/d", Admin: AdminPort}); !strings.Contains(cfg, "\na=$b\n") || strings.Contains(cfg, "serverPort") {
		t.Error(cfg)
	}
	if env := e.JavaEnv(); env != "SERVER_JVMFLAGS=\"-Dc=d $SERVER_JVMFLAGS\"\n" {
		t.Errorf("%q", env)
	}
}
