package external

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// Servers that others use are not harmed, unless that is allowed.
func TestOthers(t *testing.T) {
	t.Parallel()
	servers := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	defer servers.Close()
	addr := servers.Servers()[0].Addr()
	start := func(change func(*Config)) error {
		c := Config{Servers: []string{addr}, Commands: ensemble.Commands{Pause: "true", Resume: "true"}}
		change(&c)
		e, err := c.Start(t.Context())
		if err == nil {
			err = e.Close()
		}
		return err
	}
	as := func(*Config) {}
	if err := start(as); err != nil {
		t.Errorf("nobody else is there: %v", err)
	}
	conn, _, err := zkconn.Open(t.Context(), zkconn.Config{Servers: []string{addr}, Timeout: 4 * time.Second, Dial: net.DialTimeout})
	if err != nil {
		t.Fatal(err)
	}
	if err := start(as); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "has connections of other clients (1)") {
		t.Errorf("somebody is there: %v", err)
	}
	if err := start(func(c *Config) { c.Others = true }); err != nil {
		t.Errorf("others are allowed: %v", err)
	}
	if err := start(func(c *Config) { c.Commands = ensemble.Commands{} }); err != nil {
		t.Errorf("no server is harmed: %v", err)
	}
	conn.Close()
	if err := start(as); err != nil {
		t.Errorf("when somebody has left: %v", err)
	}
}
