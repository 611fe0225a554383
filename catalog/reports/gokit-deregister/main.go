// The zk package of Go kit does not deregister what it registered.
//
// Usage: go run . HOST:PORT
package main

import (
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	"github.com/go-kit/kit/sd/zk"
	kitlog "github.com/go-kit/log"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . HOST:PORT")
	}
	client, err := zk.NewClient(os.Args[1:], kitlog.NewNopLogger())
	if err != nil {
		log.Fatal(err)
	}
	path := fmt.Sprintf("/services-%d", time.Now().UnixNano())
	service := zk.Service{Path: path + "/", Name: "add", Data: []byte("10.0.2.10:80")}
	if err := client.Register(&service); err != nil {
		log.Fatal(err)
	}
	deregistered := client.Deregister(&service)
	instances, _, err := client.GetEntries(path + "/add")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Deregister returned: %v; the instances afterwards: %q\n", deregistered, instances)
	if slices.Contains(instances, string(service.Data)) {
		fmt.Println("reproduced: the instance is still registered")
		os.Exit(1)
	}
	fmt.Println("not reproduced")
}
