package container

import (
	"errors"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestChoosePortsFree(t *testing.T) {
	ports, err := Config{Nodes: maxNodes}.choosePorts(rand.New(rand.NewPCG(3, 4)))
	if err != nil || len(ports) != maxNodes {
		t.Fatal(ports, err)
	}
	seen := map[int]bool{}
	for _, port := range ports {
		if seen[port] || port < firstPort || port > lastPort {
			t.Errorf("port %d", port)
		}
		seen[port] = true
	}
}

func TestChoosePortsTaken(t *testing.T) {
	l := must.Get(net.Listen("tcp4", "127.0.0.1:0"))(t)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if _, err := (Config{Nodes: 1, Ports: []int{port}}).choosePorts(nil); !errors.Is(err, ErrPortTaken) {
		t.Errorf("error %v", err)
	}
}
