package server

import (
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The sizes are from srvr of a leader of Apache ZooKeeper 3.9.3.
func TestProposalSize(t *testing.T) {
	world := []wire.ACL{{Perms: wire.PermAll, ID: tree.Anyone}}
	node := func(path string) *tree.Create { return &tree.Create{Path: path, Data: []byte("x"), ACL: world} }
	container := node("/cc")
	container.Container = true
	for name, x := range map[string]struct {
		op   wire.Op
		body tree.Body
		want int
	}{
		"a session":                  {wire.CreateSession, &tree.CreateSession{Timeout: time.Second}, 48},
		"a node":                     {wire.Create2, node("/zz"), 88},
		"a sequential one":           {wire.Create2, node("/seq0000000005"), 99},
		"a container, by its mode":   {wire.Create2, container, 88},
		"a container, by its type":   {wire.CreateContainer, container, 87},
		"an error":                   {wire.Create2, tree.Failure{Code: wire.NodeExists}, 36},
		"data":                       {wire.SetData, &tree.SetData{Path: "/zz", Data: []byte("hello")}, 64},
		"a delete":                   {wire.Delete, &tree.Delete{Path: "/zz"}, 51},
		"a session with one node":    {wire.CloseSession, &tree.CloseSession{Paths: []string{"/ee"}}, 55},
		"a node with a time to live": {wire.CreateTTL, node("/tt"), 95},
	} {
		if got := proposalSize(&tree.Txn{Op: x.op, Body: x.body}); got != x.want {
			t.Errorf("%s: %d bytes, want %d", name, got, x.want)
		}
	}
}
