package embedded_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded"
)

// /zookeeper/config tells clients where to connect: never to an address that means all addresses of a
// machine.
func TestAdvertisedAddresses(t *testing.T) {
	for listen, x := range map[string]struct{ named, want string }{
		"127.0.0.1": {"", "127.0.0.1"},
		"0.0.0.0":   {"", "127.0.0.1"},
		"localhost": {"", "127.0.0.1"},
		"":          {"lab.example", "lab.example"},
		"[::]":      {"2001:db8::1", "[2001:db8:0:0:0:0:0:1]"},
	} {
		cfg := embedded.Config{Nodes: 2, Addrs: []string{listen + ":0", listen + ":0"}, AdvertisedHost: x.named}
		e := start(t, cfg)
		conn := zkClient(t, e, long)
		data, _, err := conn.Get("/zookeeper/config")
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n")[:2] {
			_, port, _ := net.SplitHostPort(e.Addrs()[i])
			want := fmt.Sprintf("server.%d=%s:%d:%d:participant;%s:%s", i+1, x.want, 2888+i, 3888+i, x.want, port)
			if line != want {
				t.Errorf("servers that listen on %q, named %q, are in the configuration as %q, want %q", listen, x.named, line, want)
			}
		}
	}
}
