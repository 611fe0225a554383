// Prometheus' tree cache goes deaf if its root is deleted between the reads of its data and of its children.
//
// Usage: go run . HOST:PORT
package main

import (
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/prometheus/prometheus/util/treecache"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . HOST:PORT")
	}
	connect := func() *zk.Conn {
		conn, _, err := zk.Connect(os.Args[1:], 10*time.Second, zk.WithLogInfo(false))
		if err != nil {
			log.Fatal(err)
		}
		return conn
	}
	conn, path := connect(), fmt.Sprintf("/serverset-%d", time.Now().UnixNano())
	create := func(path string) {
		if _, err := conn.Create(path, []byte("data"), 0, zk.WorldACL(zk.PermAll)); err != nil {
			log.Fatal(err)
		}
	}
	create(path)

	// The cache hands over the root's data before it reads the root's children, and waits until the data are
	// received.
	events := make(chan treecache.ZookeeperTreeCacheEvent)
	treecache.NewZookeeperTreeCache(connect(), path, events, slog.New(slog.NewTextHandler(os.Stdout, nil)))
	time.Sleep(time.Second) // it has read the data
	if err := conn.Delete(path, -1); err != nil {
		log.Fatal(err)
	}
	fmt.Println("told:", (<-events).Path, "exists")
	if told := <-events; told.Data == nil {
		fmt.Println("told:", told.Path, "does not exist")
	}
	create(path)
	create(path + "/member")
	select {
	case told := <-events: // a resync after a failure comes in 10 s
		fmt.Println("not reproduced: told of", told.Path)
	case <-time.After(35 * time.Second):
		fmt.Println("reproduced: told nothing in the 35 s after the root and a member were created again")
		os.Exit(1)
	}
}
