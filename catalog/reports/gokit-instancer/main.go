// The zk package of Go kit stops looking for instances after one failed read.
//
// Usage: go run . HOST:PORT
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/go-kit/kit/sd"
	kit "github.com/go-kit/kit/sd/zk"
	kitlog "github.com/go-kit/log"
	"github.com/go-zookeeper/zk"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . HOST:PORT")
	}
	client, err := kit.NewClient(os.Args[1:], kitlog.NewNopLogger())
	if err != nil {
		log.Fatal(err)
	}
	conn, _, err := zk.Connect(os.Args[1:], 10*time.Second, zk.WithLogInfo(false))
	if err != nil {
		log.Fatal(err)
	}
	path := fmt.Sprintf("/service-%d", time.Now().UnixNano())
	instancer, err := kit.NewInstancer(client, path, kitlog.NewNopLogger())
	if err != nil {
		log.Fatal(err)
	}
	events := make(chan sd.Event, 10)
	instancer.Register(events)
	fmt.Println("told at first:", <-events)

	// The parent is deleted while it has no instances, and comes back with the next instance.
	if err := conn.Delete(path, -1); err != nil {
		log.Fatal(err)
	}
	fmt.Println("told after the parent was deleted:", <-events)
	instance := kit.Service{Path: "/", Name: path[1:], Data: []byte("10.0.2.10:80")}
	if err := client.Register(&instance); err != nil {
		log.Fatal(err)
	}
	entries, _, err := client.GetEntries(path)
	fmt.Println("read by itself:", entries, err)
	select {
	case event := <-events:
		fmt.Println("not reproduced: told", event)
	case <-time.After(10 * time.Second):
		fmt.Println("reproduced: the instancer told nothing in the 10 s after an instance registered")
		os.Exit(1)
	}
}
